package io.morsel.bench.image;

import java.util.Locale;

/** How large the generated images are. Those of Debian packages have one size only. */
public enum Size {
  /** As large as figures need that are published. */
  FULL,
  /** About an eighth: figures in minutes. */
  QUICK,
  /** A few megabytes, built in seconds: whether everything works. */
  SMOKE;

  /** One of three numbers by size. */
  int pick(int full, int quick, int smoke) {
    return switch (this) {
      case FULL -> full;
      case QUICK -> quick;
      case SMOKE -> smoke;
    };
  }

  /** Its name in tags and files. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
