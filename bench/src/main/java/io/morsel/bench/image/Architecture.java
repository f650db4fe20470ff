package io.morsel.bench.image;

import java.util.Locale;

/** The processors for which the bench can build images. */
enum Architecture {
  AMD64,
  ARM64;

  /** That of the machine on which this runs. */
  static final Architecture OF_THIS_MACHINE =
      System.getProperty("os.arch", "").equals("aarch64") ? ARM64 : AMD64;

  /** Its name in an image's configuration. */
  String ociName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
