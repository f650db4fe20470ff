package io.morsel.snapshotter;

/**
 * The labels by which a client learns how much of a lazy snapshot is there.
 *
 * <p>{@link #REMOTE} is kept; the others are added to the answer of {@code Stat} for a layer that
 * is mounted, and say how it is at that moment. containerd passes them on.
 */
public final class LazyLabels {
  /** Marks a snapshot whose content its snapshotter fetches by itself. */
  public static final String REMOTE = "containerd.io/snapshot/remote";

  /** How many bytes of the layer's files are on this machine, in decimal. */
  public static final String PRESENT_BYTES = "containerd.io/snapshot/morsel.present-bytes";

  /** How many it will be once the layer is complete, in decimal. */
  public static final String CONTENT_BYTES = "containerd.io/snapshot/morsel.content-bytes";

  private LazyLabels() {}
}
