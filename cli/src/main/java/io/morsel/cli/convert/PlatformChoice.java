package io.morsel.cli.convert;

import io.morsel.registry.Platform;
import java.util.List;

/** Which of an image's platforms are converted. */
public sealed interface PlatformChoice {
  /** All that the image has. */
  record All() implements PlatformChoice {}

  /**
   * These, all of which the image has to have.
   *
   * @param platforms at least one
   */
  record Listed(List<Platform> platforms) implements PlatformChoice {
    /** Copies the list. */
    public Listed {
      platforms = List.copyOf(platforms);
    }
  }

  /** This machine's; of an image for a single platform, that one. */
  record Default() implements PlatformChoice {}
}
