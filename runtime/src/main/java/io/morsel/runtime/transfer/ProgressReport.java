package io.morsel.runtime.transfer;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.transfertypes.Progress;
import io.morsel.registry.Descriptor;
import io.morsel.runtime.grpc.TypeUrls;
import io.morsel.runtime.image.Descriptors;
import io.morsel.runtime.streaming.MessageStream;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a client is told of a transfer while it runs, in the events and names that containerd's
 * clients draw their progress from. Safe for use by many threads.
 */
final class ProgressReport {
  private static final Logger log = LoggerFactory.getLogger(ProgressReport.class);

  /** As often as containerd says how far a blob has come. */
  private static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

  private final @Nullable MessageStream stream;

  /** A report to this stream; null where nobody wants to know. */
  ProgressReport(@Nullable MessageStream stream) {
    this.stream = stream;
  }

  /** Something about the transfer as a whole. */
  void say(String event) {
    send(Progress.newBuilder().setEvent(event));
  }

  /** Something about the image. */
  void say(String event, String name, Descriptor descriptor) {
    send(Progress.newBuilder().setEvent(event).setName(name).setDesc(Descriptors.wire(descriptor)));
  }

  private void send(Progress.Builder progress) {
    if (stream == null) {
      return;
    }
    try {
      stream.send(TypeUrls.pack(progress.build()));
    } catch (ContainerdException e) {
      // The transfer matters, not who watches it.
      log.debug("progress is not sent: {}", e.getMessage());
    }
  }

  /**
   * Begins to report of a blob.
   *
   * @param name its kind and digest, as containerd's clients name what they write
   * @param parents the names of what it is part of
   */
  Item item(String name, List<String> parents, Descriptor descriptor) {
    Item item = new Item(name, List.copyOf(parents), descriptor);
    item.say("waiting", 0);
    return item;
  }

  /** One blob. */
  final class Item {
    private final String name;
    private final List<String> parents;
    private final Descriptor descriptor;
    private long toldNanos = System.nanoTime();

    private Item(String name, List<String> parents, Descriptor descriptor) {
      this.name = name;
      this.parents = parents;
      this.descriptor = descriptor;
    }

    /** So many of its bytes are there; told now and then. */
    void at(String event, long bytes) {
      long now = System.nanoTime();
      synchronized (this) {
        if (now - toldNanos < INTERVAL_NANOS) {
          return;
        }
        toldNanos = now;
      }
      say(event, bytes);
    }

    /** It has come to its end in this way. */
    void end(String event) {
      say(event, descriptor.sizeBytes());
    }

    /** It is being worked on in this way; how far is not known. */
    void enter(String event) {
      say(event, 0);
    }

    private void say(String event, long bytes) {
      send(
          Progress.newBuilder()
              .setEvent(event)
              .setName(name)
              .addAllParents(parents)
              .setProgress(bytes)
              .setTotal(descriptor.sizeBytes())
              .setDesc(Descriptors.wire(descriptor)));
    }
  }
}
