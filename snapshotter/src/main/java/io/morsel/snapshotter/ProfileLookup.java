package io.morsel.snapshotter;

import java.util.Locale;

/** Where an image's profile was found. */
enum ProfileLookup {
  /** On this node, which learned it, or fetched it before. */
  NODE,
  /** In the image's registry, besides the image. */
  REGISTRY,
  /** Nowhere. */
  NONE;

  /** The name in metrics. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
