package io.morsel.containerd;

import io.grpc.Status;

/**
 * containerd's classes of errors, each with the gRPC status that carries it.
 *
 * <p>containerd's clients decide by the class, and some by the words at the end of a message; both
 * follow its package {@code errdefs}.
 */
public enum ErrorClass {
  /** An argument is not acceptable, whatever the state. */
  INVALID_ARGUMENT(Status.Code.INVALID_ARGUMENT, "invalid argument"),
  /** The object does not exist. */
  NOT_FOUND(Status.Code.NOT_FOUND, "not found"),
  /** The object exists already. */
  ALREADY_EXISTS(Status.Code.ALREADY_EXISTS, "already exists"),
  /** The state does not permit the operation. */
  FAILED_PRECONDITION(Status.Code.FAILED_PRECONDITION, "failed precondition"),
  /** Something needed can't be reached now. */
  UNAVAILABLE(Status.Code.UNAVAILABLE, "unavailable"),
  /** The operation does not exist here. */
  NOT_IMPLEMENTED(Status.Code.UNIMPLEMENTED, "not implemented"),
  /** The caller gave up. */
  CANCELED(Status.Code.CANCELLED, "context canceled"),
  /** Time ran out. */
  DEADLINE_EXCEEDED(Status.Code.DEADLINE_EXCEEDED, "context deadline exceeded"),
  /** Credentials are missing, or not accepted. */
  UNAUTHENTICATED(Status.Code.UNAUTHENTICATED, "unauthenticated"),
  /** Whoever asks may not do it. */
  PERMISSION_DENIED(Status.Code.PERMISSION_DENIED, "permission denied"),
  /** Everything else. */
  UNKNOWN(Status.Code.UNKNOWN, "unknown");

  private final Status.Code code;
  private final String words;

  ErrorClass(Status.Code code, String words) {
    this.code = code;
    this.words = words;
  }

  /** The gRPC status code that carries the class. */
  public Status.Code code() {
    return code;
  }

  /** How containerd spells the class at the end of a message. */
  public String words() {
    return words;
  }

  /** The class that a gRPC status code carries; {@link #UNKNOWN} for codes that carry none. */
  public static ErrorClass of(Status.Code code) {
    for (ErrorClass errorClass : values()) {
      if (errorClass.code == code) {
        return errorClass;
      }
    }
    return UNKNOWN;
  }
}
