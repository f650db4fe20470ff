package io.morsel.runtime.transfer;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.registry.RegistryException;
import java.io.IOException;
import java.io.InterruptedIOException;

/** What went wrong with a registry, in containerd's classes of errors. */
final class Failures {
  private Failures() {}

  /** The failure that a client is told. */
  static ContainerdException of(IOException failure) {
    String message = String.valueOf(failure.getMessage());
    return switch (failure) {
      case RegistryException registry ->
          new ContainerdException(errorClass(registry.kind()), message, failure);
      case StreamException stream -> stream.failure();
      case InterruptedIOException _ ->
          new ContainerdException(ErrorClass.CANCELED, message, failure);
      default -> new ContainerdException(ErrorClass.UNKNOWN, message, failure);
    };
  }

  private static ErrorClass errorClass(RegistryException.Kind kind) {
    return switch (kind) {
      case NOT_FOUND, NO_SUCH_PLATFORM -> ErrorClass.NOT_FOUND;
      case UNAUTHORIZED -> ErrorClass.UNAUTHENTICATED;
      case DENIED -> ErrorClass.PERMISSION_DENIED;
      case UNAVAILABLE -> ErrorClass.UNAVAILABLE;
      case INVALID_RESPONSE -> ErrorClass.UNKNOWN;
    };
  }
}
