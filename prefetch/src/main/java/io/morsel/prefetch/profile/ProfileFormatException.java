package io.morsel.prefetch.profile;

import java.io.IOException;

/** A profile can't be read: what is wrong with it. */
public final class ProfileFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  /** A failure with this reason. */
  ProfileFormatException(String reason) {
    super("malformed profile: " + reason);
  }
}
