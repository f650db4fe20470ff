package io.morsel.prefetch.profile;

import io.morsel.registry.Artifact;
import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import io.morsel.registry.ImageReference;
import io.morsel.registry.RegistryClient;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Profiles next to their images in registries: artifacts whose subject is the image's manifest.
 *
 * <p>Content is verified by its digest, but whoever may push to the repository may push a profile:
 * it is worth no more trust than the bytes it costs. Safe for use by many threads.
 */
public final class SharedProfiles {
  private static final String CREATED = "org.opencontainers.image.created";

  /** Of a longer list of profiles, only so many are looked at. */
  private static final int MAX_TRIED = 4;

  private final RegistryClient registry;

  /** Profiles as this client reaches them. */
  public SharedProfiles(RegistryClient registry) {
    this.registry = registry;
  }

  /**
   * The latest profile of an image.
   *
   * @param repository names the repository; tag and digest don't count
   * @param image the digest of the image's manifest for one platform
   * @return empty where there is none
   * @throws IOException if the registry can't be asked, or what it has is malformed
   */
  public Optional<ImageProfile> find(ImageReference repository, Digest image) throws IOException {
    List<Descriptor> latestFirst =
        registry.referrers(repository, image, ImageProfile.MEDIA_TYPE).stream()
            .sorted(
                Comparator.comparing((Descriptor d) -> d.annotations().getOrDefault(CREATED, ""))
                    .reversed())
            .limit(MAX_TRIED)
            .toList();
    for (Descriptor manifest : latestFirst) {
      Optional<Artifact> artifact = registry.artifact(repository, manifest, image);
      if (artifact.isEmpty() || !artifact.get().type().equals(ImageProfile.MEDIA_TYPE)) {
        continue;
      }
      ImageProfile profile =
          ProfileJson.parse(
              registry.fetch(repository, artifact.get().content(), ProfileJson.MAX_BYTES).bytes());
      if (profile.image().equals(image)) {
        return Optional.of(profile);
      }
    }
    return Optional.empty();
  }

  /**
   * Writes a profile next to its image.
   *
   * @param image the descriptor of the image's manifest
   * @return the descriptor of the artifact's manifest
   * @throws IllegalArgumentException if the profile is of another image
   */
  public Descriptor push(ImageReference repository, Descriptor image, ImageProfile profile)
      throws IOException {
    if (!profile.image().equals(image.digest())) {
      throw new IllegalArgumentException(
          "a profile of " + profile.image() + " is none of " + image.digest());
    }
    byte[] json = ProfileJson.write(profile);
    Artifact artifact =
        new Artifact(
            ImageProfile.MEDIA_TYPE,
            new Descriptor(image.mediaType(), image.digest(), image.sizeBytes()),
            Descriptor.of(ImageProfile.MEDIA_TYPE, json),
            Map.of(CREATED, Instant.now().truncatedTo(ChronoUnit.SECONDS).toString()));
    return registry.attach(repository, artifact, json);
  }
}
