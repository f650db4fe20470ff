package io.morsel.bench.net;

/**
 * What has passed a link so far.
 *
 * @param receivedBytes that clients got from the server, headers included, counted as they pass:
 *     what a request in flight has moved is counted too
 * @param requests that clients sent
 * @param connections that clients opened
 */
public record Traffic(long receivedBytes, long requests, long connections) {
  /** What passed since an earlier moment. */
  public Traffic since(Traffic earlier) {
    return new Traffic(
        receivedBytes - earlier.receivedBytes,
        requests - earlier.requests,
        connections - earlier.connections);
  }
}
