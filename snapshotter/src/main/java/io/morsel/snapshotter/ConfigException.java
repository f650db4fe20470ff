package io.morsel.snapshotter;

/** A configuration can't be used; the message names file and key and says what would be valid. */
public final class ConfigException extends Exception {
  /** A refusal with this message. */
  public ConfigException(String message) {
    super(message);
  }

  /** A refusal that another exception caused. */
  public ConfigException(String message, Throwable cause) {
    super(message, cause);
  }
}
