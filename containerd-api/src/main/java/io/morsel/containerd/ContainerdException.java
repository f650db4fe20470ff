package io.morsel.containerd;

import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.util.Objects;

/** An operation of containerd's API failed, with the class of error that its callers decide by. */
public final class ContainerdException extends Exception {
  private final ErrorClass errorClass;

  /**
   * A failure of this class.
   *
   * @param message what failed, on which object and why; the class's words follow it by themselves
   */
  public ContainerdException(ErrorClass errorClass, String message) {
    super(join(errorClass, message));
    this.errorClass = errorClass;
  }

  /** A failure of this class that another exception caused. */
  public ContainerdException(ErrorClass errorClass, String message, Throwable cause) {
    super(join(errorClass, message), cause);
    this.errorClass = errorClass;
  }

  private ContainerdException(ErrorClass errorClass, Throwable cause, String wholeMessage) {
    super(wholeMessage, cause);
    this.errorClass = errorClass;
  }

  /** The failure that a call to containerd ended in. */
  public static ContainerdException of(StatusRuntimeException failure) {
    return of(failure.getStatus(), failure);
  }

  /** The failure that a call to containerd ended in. */
  public static ContainerdException of(StatusException failure) {
    return of(failure.getStatus(), failure);
  }

  private static ContainerdException of(Status status, Throwable failure) {
    String description = status.getDescription();
    return new ContainerdException(
        ErrorClass.of(status.getCode()),
        failure,
        description == null ? status.getCode().toString() : description);
  }

  /** The class of error. */
  public ErrorClass errorClass() {
    return errorClass;
  }

  /** The same failure with what was being done put before its message. */
  public ContainerdException during(String operation) {
    return new ContainerdException(errorClass, this, operation + ": " + message());
  }

  /** How the failure travels over gRPC. */
  public StatusRuntimeException toStatus() {
    return errorClass
        .code()
        .toStatus()
        .withDescription(message())
        .withCause(this)
        .asRuntimeException();
  }

  private String message() {
    return Objects.requireNonNullElse(getMessage(), errorClass.words());
  }

  private static String join(ErrorClass errorClass, String message) {
    if (errorClass == ErrorClass.UNKNOWN) {
      return message;
    }
    return message.isEmpty() ? errorClass.words() : message + ": " + errorClass.words();
  }
}
