package io.morsel.runtime.streaming;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.runtime.store.GoText;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** The streams that are open, by namespace and name. Safe for use by many threads. */
public final class Streams implements AutoCloseable {
  /** More than any client has use for at once; each is a call that is under way. */
  private static final int MAX_STREAMS = 10_000;

  private record Key(String namespace, String id) {}

  private final ConcurrentMap<Key, MessageStream> open = new ConcurrentHashMap<>();

  /** A stream by its name. */
  public MessageStream get(String namespace, String id) throws ContainerdException {
    MessageStream stream = open.get(new Key(namespace, id));
    if (stream == null) {
      throw new ContainerdException(
          ErrorClass.NOT_FOUND, "stream " + GoText.quote(id) + " is not open");
    }
    return stream;
  }

  /**
   * Makes a stream known.
   *
   * @throws ContainerdException of class ALREADY_EXISTS where the name is taken
   */
  void add(String namespace, String id, MessageStream stream) throws ContainerdException {
    if (open.size() >= MAX_STREAMS) {
      throw new ContainerdException(
          ErrorClass.UNAVAILABLE, MAX_STREAMS + " streams are open; close some");
    }
    if (open.putIfAbsent(new Key(namespace, id), stream) != null) {
      throw new ContainerdException(ErrorClass.ALREADY_EXISTS, "stream " + GoText.quote(id));
    }
  }

  /** Forgets a stream. */
  void remove(String namespace, String id, MessageStream stream) {
    open.remove(new Key(namespace, id), stream);
  }

  /** Ends all streams: they would not end by themselves. */
  @Override
  public void close() {
    List.copyOf(open.values()).forEach(MessageStream::close);
  }
}
