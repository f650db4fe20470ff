package io.morsel.fuse;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Which front end to the kernel an operator wants: {@code fuse.backend} in the configuration. */
public enum FuseBackend {
  /** The first of the others that works. */
  AUTO,
  /** {@link DirectMounter}. */
  DIRECT,
  /** {@link JnrMounter}. */
  JNR;

  /**
   * The backend of this name, as the configuration spells it.
   *
   * @throws IllegalArgumentException if there is none; the message names those there are
   */
  public static FuseBackend of(String name) {
    for (FuseBackend backend : values()) {
      if (backend.toString().equals(name)) {
        return backend;
      }
    }
    throw new IllegalArgumentException(
        "no FUSE backend is called \"%s\"; there are %s"
            .formatted(
                name,
                Arrays.stream(values())
                    .map(FuseBackend::toString)
                    .collect(Collectors.joining(", "))));
  }

  /** The name as the configuration spells it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
