package io.morsel.shim;

import java.io.IOException;

/** A shim, or its bundle, can't be made, reached or removed. */
public final class ShimException extends IOException {
  ShimException(String message) {
    super(message);
  }

  ShimException(String message, Throwable cause) {
    super(message, cause);
  }
}
