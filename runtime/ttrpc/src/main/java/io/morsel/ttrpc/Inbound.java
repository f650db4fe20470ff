package io.morsel.ttrpc;

/** What a connection delivers. */
sealed interface Inbound permits Frame, Inbound.Oversized {
  /** Which call it belongs to, an unsigned number. */
  int streamId();

  /**
   * A frame that was too long. Its payload was passed over, so that the connection goes on.
   *
   * @param payloadBytes what its header says
   */
  record Oversized(int streamId, byte type, long payloadBytes) implements Inbound {}
}
