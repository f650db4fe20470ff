package io.morsel.bench.run;

import java.util.Locale;

/** What a run can measure, in the order in which it does. */
public enum GroupName {
  /** A container's start from an image that is not there. */
  COLD,
  /** A pull, and reading a share of the image. */
  TOTAL,
  /** Reading layers that are there. */
  STEADY,
  /** How cost grows with containers, layers and entries. */
  SCALE,
  /** Morsel's core in containerd's place. */
  CORE,
  /** Many nodes against one registry. */
  FLEET,
  /** The hot pieces of Morsel's code, alone. */
  MICRO;

  /** As results and the command line name it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
