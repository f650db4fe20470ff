package io.morsel.registry;

import java.io.IOException;

/** A request to a registry failed, or was answered with something unusable. */
public final class RegistryException extends IOException {
  /** Why the request failed, for callers that decide by it. */
  public enum Kind {
    /** The image, manifest or blob does not exist. */
    NOT_FOUND,
    /** Credentials are missing or not accepted. */
    UNAUTHORIZED,
    /** The credentials are good but do not permit the request. */
    DENIED,
    /** The image exists, but not for the wanted platform. */
    NO_SUCH_PLATFORM,
    /** The registry could not be reached, or kept failing until the retries ran out. */
    UNAVAILABLE,
    /** The answer breaks the protocol, or does not have the promised digest or size. */
    INVALID_RESPONSE
  }

  private final Kind kind;

  /** A failure of this kind; the message says what failed, on which object, and what to do. */
  public RegistryException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** A failure of this kind that another exception caused. */
  public RegistryException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** Why the request failed. */
  public Kind kind() {
    return kind;
  }
}
