package io.morsel.ttrpc;

/** How a call ended: gRPC's status codes, which ttrpc uses as they are. */
public enum StatusCode {
  /** The call succeeded. */
  OK(0),
  /** The caller gave up, or the connection ended under the handler. */
  CANCELLED(1),
  /** Everything that has no code of its own. */
  UNKNOWN(2),
  /** An argument is not acceptable, whatever the state. */
  INVALID_ARGUMENT(3),
  /** Time ran out. */
  DEADLINE_EXCEEDED(4),
  /** The object does not exist. */
  NOT_FOUND(5),
  /** The object exists already. */
  ALREADY_EXISTS(6),
  /** The caller may not do this. */
  PERMISSION_DENIED(7),
  /** A limit is reached. */
  RESOURCE_EXHAUSTED(8),
  /** The state does not permit the operation. */
  FAILED_PRECONDITION(9),
  /** Another operation got in the way; trying again may help. */
  ABORTED(10),
  /** A position lies outside of what exists. */
  OUT_OF_RANGE(11),
  /** There is no such service or method. */
  UNIMPLEMENTED(12),
  /** A peer broke the protocol, or its handler failed unexpectedly. */
  INTERNAL(13),
  /** The peer can't be reached now. */
  UNAVAILABLE(14),
  /** Data is lost for good. */
  DATA_LOSS(15),
  /** The caller is not known. */
  UNAUTHENTICATED(16);

  private final int number;

  StatusCode(int number) {
    this.number = number;
  }

  /** The code's number on the wire. */
  public int number() {
    return number;
  }

  /** The code with this number; {@link #UNKNOWN} for numbers that mean nothing. */
  public static StatusCode of(int number) {
    for (StatusCode code : values()) {
      if (code.number == number) {
        return code;
      }
    }
    return UNKNOWN;
  }
}
