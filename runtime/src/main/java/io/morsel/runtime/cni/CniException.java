package io.morsel.runtime.cni;

import java.io.IOException;

/**
 * A network can't be set up or torn down: a plugin says no, is missing, or its configuration is.
 */
public final class CniException extends IOException {
  /** With what failed, why, and what to do. */
  public CniException(String message) {
    super(message);
  }

  /** Because of another failure. */
  public CniException(String message, Throwable cause) {
    super(message, cause);
  }
}
