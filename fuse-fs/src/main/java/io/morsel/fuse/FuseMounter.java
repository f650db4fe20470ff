package io.morsel.fuse;

/** Shows whole layers through FUSE; one front end to the kernel. Safe for use by many threads. */
public sealed interface FuseMounter extends LayerMounter permits DirectMounter, JnrMounter {
  /** The front end's name in configuration, logs and metrics: {@code direct} or {@code jnr}. */
  String backend();

  @Override
  default ViewsKind kind() {
    return ViewsKind.FUSE;
  }
}
