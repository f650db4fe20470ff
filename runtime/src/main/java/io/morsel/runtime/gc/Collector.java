package io.morsel.runtime.gc;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.events.ImageDelete;
import io.morsel.runtime.event.Exchange;
import io.morsel.runtime.store.Garbage;
import io.morsel.runtime.store.MessageTable;
import io.morsel.runtime.store.MetadataStore;
import io.morsel.runtime.store.Transaction;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Collects garbage: deletes the metadata of what nothing refers to, in one transaction, and then
 * has those who keep files delete what lost its metadata.
 *
 * <p>One collection at a time.
 */
public final class Collector {
  private static final Logger log = LoggerFactory.getLogger(Collector.class);

  /** Deletes files whose metadata is gone. */
  @FunctionalInterface
  public interface Cleanup {
    /** Deletes them, and returns when they are gone. */
    void run() throws ContainerdException;
  }

  private final MetadataStore store;
  private final Exchange events;
  private final Cleanup content;
  private final Map<String, Cleanup> snapshotters;
  private final Clock clock;
  private boolean first = true;

  /**
   * A collector.
   *
   * @param content deletes blobs and ingests
   * @param snapshotters delete snapshots, by their names
   */
  public Collector(
      MetadataStore store,
      Exchange events,
      Cleanup content,
      Map<String, Cleanup> snapshotters,
      Clock clock) {
    this.store = store;
    this.events = events;
    this.content = content;
    this.snapshotters = Map.copyOf(snapshotters);
    this.clock = clock;
  }

  /**
   * Collects once. The first time, files are compared with metadata whether or not anything was
   * deleted: a process that was killed between the two left some behind.
   *
   * @return for how many nanoseconds others had to wait
   */
  public synchronized long collect() throws ContainerdException {
    long start = System.nanoTime();
    List<Node> images = new ArrayList<>();
    Garbage garbage =
        store.sweep(
            transaction -> {
              images.clear();
              for (Node node : Marker.garbage(transaction, clock.instant())) {
                log.debug("collects {} {} of {}", node.type(), node.key(), node.namespace());
                remove(transaction, node);
                if (node.type() == Node.Type.IMAGE) {
                  images.add(node);
                }
              }
              return true;
            });
    long nanos = System.nanoTime() - start;
    for (Node image : images) {
      events.publish(
          image.namespace(),
          "/images/delete",
          ImageDelete.newBuilder().setName(image.key()).build());
    }
    if (first || garbage.hasContent()) {
      clean("content", content);
    }
    Set<String> dirty = first ? snapshotters.keySet() : garbage.snapshotters();
    for (String name : dirty) {
      Cleanup cleanup = snapshotters.get(name);
      if (cleanup != null) {
        clean("snapshotter " + name, cleanup);
      }
    }
    first = false;
    return nanos;
  }

  private static void clean(String what, Cleanup cleanup) {
    try {
      cleanup.run();
    } catch (ContainerdException e) {
      log.warn("can't delete all garbage of {}: {}", what, e.getMessage());
    }
  }

  private static void remove(Transaction transaction, Node node) throws SQLException {
    String namespace = node.namespace();
    switch (node.type()) {
      case LEASE -> MessageTable.LEASES.delete(transaction, namespace, node.key());
      case IMAGE -> MessageTable.IMAGES.delete(transaction, namespace, node.key());
      case CONTENT -> {
        MessageTable.CONTENT.delete(transaction, namespace, node.key());
        transaction.garbage().content();
      }
      case INGEST -> {
        transaction.update(
            "DELETE FROM ingest WHERE namespace = ? AND ref = ?", namespace, node.key());
        transaction.garbage().content();
      }
      case SNAPSHOT -> {
        int slash = node.key().indexOf('/');
        String snapshotter = node.key().substring(0, slash);
        transaction.update(
            "DELETE FROM snapshot WHERE namespace = ? AND snapshotter = ? AND name = ?",
            namespace,
            snapshotter,
            node.key().substring(slash + 1));
        transaction.garbage().snapshot(snapshotter);
      }
      case CONTAINER -> throw new IllegalStateException("containers are roots");
    }
  }
}
