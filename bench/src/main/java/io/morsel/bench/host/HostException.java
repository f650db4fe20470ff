package io.morsel.bench.host;

/**
 * Something on this machine did not do what it was started for. The message says what failed, why,
 * and what can be done; it is shown to the user as it is.
 */
public final class HostException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** A failure with nothing below it. */
  public HostException(String message) {
    super(message);
  }

  /** A failure with its cause. */
  public HostException(String message, Throwable cause) {
    super(message, cause);
  }
}
