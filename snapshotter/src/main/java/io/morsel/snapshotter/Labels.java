package io.morsel.snapshotter;

/** The labels by which containerd and its clients talk to remote snapshotters. */
final class Labels {
  /** Asks for a remote snapshot; holds the name to commit it under, its chain ID. */
  static final String SNAPSHOT_REF = "containerd.io/snapshot.ref";

  /** Marks a committed snapshot as remote; set by the snapshotter. */
  static final String REMOTE = LazyLabels.REMOTE;

  /** The value of {@link #REMOTE}, as other remote snapshotters set it. */
  static final String REMOTE_VALUE = "remote snapshot";

  /** The image's reference, as CRI and the transfer service send it. */
  static final String CRI_IMAGE_REF = "containerd.io/snapshot/cri.image-ref";

  /** The layer's digest. */
  static final String CRI_LAYER_DIGEST = "containerd.io/snapshot/cri.layer-digest";

  /** The digest of the image's manifest for this platform. */
  static final String CRI_MANIFEST_DIGEST = "containerd.io/snapshot/cri.manifest-digest";

  /** Digests of this layer and those above it, separated by commas; may be cut short. */
  static final String CRI_IMAGE_LAYERS = "containerd.io/snapshot/cri.image-layers";

  /** The image's reference, as stargz-snapshotter's clients send it. */
  static final String STARGZ_REFERENCE = "containerd.io/snapshot/remote/stargz.reference";

  /** The layer's digest. */
  static final String STARGZ_DIGEST = "containerd.io/snapshot/remote/stargz.digest";

  /** Digests of the image's other layers, separated by commas; may be cut short. */
  static final String STARGZ_LAYERS = "containerd.io/snapshot/remote/stargz.layers";

  /** The digest of the layer's TOC: the layer descriptor's annotation, passed on. */
  static final String TOC_DIGEST = "containerd.io/snapshot/stargz/toc.digest";

  private Labels() {}
}
