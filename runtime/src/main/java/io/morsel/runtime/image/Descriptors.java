package io.morsel.runtime.image;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.types.Descriptor;
import io.morsel.registry.Digest;
import java.util.List;

/** Descriptors as containerd's API and as registries have them. */
public final class Descriptors {
  private Descriptors() {}

  /** As the API has it. */
  public static Descriptor wire(io.morsel.registry.Descriptor descriptor) {
    return Descriptor.newBuilder()
        .setMediaType(descriptor.mediaType())
        .setDigest(descriptor.digest().toString())
        .setSize(descriptor.sizeBytes())
        .putAllAnnotations(descriptor.annotations())
        .build();
  }

  /**
   * As registries have it.
   *
   * @throws ContainerdException of class INVALID_ARGUMENT where the digest is none
   */
  public static io.morsel.registry.Descriptor of(Descriptor descriptor) throws ContainerdException {
    try {
      return new io.morsel.registry.Descriptor(
          descriptor.getMediaType(),
          Digest.parse(descriptor.getDigest()),
          descriptor.getSize(),
          descriptor.getAnnotationsMap(),
          null,
          List.of());
    } catch (IllegalArgumentException e) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT, "descriptor: " + e.getMessage(), e);
    }
  }
}
