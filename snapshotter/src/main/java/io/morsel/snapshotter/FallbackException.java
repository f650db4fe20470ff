package io.morsel.snapshotter;

/** A layer can't be mounted and has to be unpacked; says why. */
final class FallbackException extends Exception {
  private final FallbackReason reason;

  FallbackException(FallbackReason reason, String message) {
    super(message);
    this.reason = reason;
  }

  FallbackException(FallbackReason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  FallbackReason reason() {
    return reason;
  }
}
