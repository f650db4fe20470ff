package io.morsel.registry;

/**
 * Told what goes over the wire, for metrics. Called on the thread that does the request: must be
 * quick, and safe for use by many threads.
 */
public interface TransferListener {
  /** Nobody listens. */
  TransferListener NONE = new TransferListener() {};

  /** A host answered a request with this HTTP status. */
  default void answered(String host, int status) {}

  /** A request to a host failed without an answer. */
  default void failed(String host) {}

  /** A request to a host will be repeated after a pause. */
  default void retried(String host) {}

  /** Bytes of a blob arrived from a host. */
  default void received(String host, long bytes) {}

  /** Bytes of a blob were sent to a host. */
  default void sent(String host, long bytes) {}
}
