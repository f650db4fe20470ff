package io.morsel.ttrpc;

/**
 * The connection ended before a call was answered. Whether the server carried the call out is not
 * known. Its code is {@link StatusCode#UNAVAILABLE}.
 */
public final class ConnectionLostException extends TtrpcException {
  ConnectionLostException(String message) {
    super(StatusCode.UNAVAILABLE, message);
  }
}
