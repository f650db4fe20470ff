package io.morsel.registry;

import java.util.Locale;

/** The media types of OCI images and of Docker's image manifest version 2, schema 2. */
public final class MediaTypes {
  /** An OCI image index: a list of manifests for several platforms. */
  public static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";

  /** An OCI image manifest. */
  public static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";

  /** An OCI image configuration. */
  public static final String OCI_CONFIG = "application/vnd.oci.image.config.v1+json";

  /** An OCI layer: a tar archive, uncompressed. */
  public static final String OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";

  /** An OCI layer, compressed with gzip. */
  public static final String OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";

  /** An OCI layer, compressed with Zstandard. */
  public static final String OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd";

  /** Docker's manifest list. */
  public static final String DOCKER_INDEX =
      "application/vnd.docker.distribution.manifest.list.v2+json";

  /** Docker's image manifest, schema 2. */
  public static final String DOCKER_MANIFEST =
      "application/vnd.docker.distribution.manifest.v2+json";

  /** Docker's image configuration. */
  public static final String DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";

  /** Docker's layer, compressed with gzip. */
  public static final String DOCKER_LAYER_GZIP =
      "application/vnd.docker.image.rootfs.diff.tar.gzip";

  /** Docker's layer, uncompressed. */
  public static final String DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar";

  /** What a request for a manifest accepts. */
  static final String ACCEPTED_MANIFESTS =
      String.join(", ", OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST);

  private static final String DOCKER_SCHEMA1_PREFIX =
      "application/vnd.docker.distribution.manifest.v1+";

  private MediaTypes() {}

  /** Whether this names a list of manifests, OCI's or Docker's. */
  public static boolean isIndex(String mediaType) {
    return mediaType.equals(OCI_INDEX) || mediaType.equals(DOCKER_INDEX);
  }

  /** Whether this names an image manifest, OCI's or Docker's schema 2. */
  public static boolean isManifest(String mediaType) {
    return mediaType.equals(OCI_MANIFEST) || mediaType.equals(DOCKER_MANIFEST);
  }

  /** Whether this names an image configuration, OCI's or Docker's. */
  public static boolean isImageConfig(String mediaType) {
    return mediaType.equals(OCI_CONFIG) || mediaType.equals(DOCKER_CONFIG);
  }

  static boolean isSchema1(String mediaType) {
    return mediaType.startsWith(DOCKER_SCHEMA1_PREFIX);
  }

  /** A Content-Type header's media type without its parameters. */
  static String ofContentType(String header) {
    int semicolon = header.indexOf(';');
    String type = semicolon < 0 ? header : header.substring(0, semicolon);
    return type.strip().toLowerCase(Locale.ROOT);
  }
}
