package io.morsel.runtime.diff;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The media types of layers, as containerd's package {@code images} tells them apart. */
final class LayerMediaType {
  /** A tar as it is. */
  static final String TAR = "application/vnd.oci.image.layer.v1.tar";

  static final String TAR_GZIP = TAR + "+gzip";
  static final String TAR_ZSTD = TAR + "+zstd";

  private static final Set<String> OCI =
      Set.of(TAR, "application/vnd.oci.image.layer.nondistributable.v1.tar");

  /** Docker's; what calls itself a plain tar here may be compressed all the same. */
  private static final Set<String> DOCKER =
      Set.of(
          "application/vnd.docker.image.rootfs.diff.tar",
          "application/vnd.docker.image.rootfs.diff.tar.gzip",
          "application/vnd.docker.image.rootfs.diff.tar.zstd",
          "application/vnd.docker.image.rootfs.foreign.diff.tar",
          "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");

  private LayerMediaType() {}

  /**
   * Whether a layer of this type is to be decompressed, by its first bytes; empty for a type that
   * is no layer's, or one that is also encrypted or wrapped otherwise.
   */
  static Optional<Boolean> compressed(String mediaType) {
    List<String> parts = Arrays.asList(mediaType.split("\\+", -1));
    List<String> suffixes = parts.subList(1, parts.size());
    if (DOCKER.contains(parts.getFirst()) && suffixes.isEmpty()) {
      return Optional.of(true);
    }
    if (OCI.contains(parts.getFirst())) {
      if (suffixes.isEmpty()) {
        return Optional.of(false);
      }
      if (suffixes.equals(List.of("gzip")) || suffixes.equals(List.of("zstd"))) {
        return Optional.of(true);
      }
    }
    return Optional.empty();
  }
}
