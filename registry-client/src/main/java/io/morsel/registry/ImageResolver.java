package io.morsel.registry;

import io.morsel.registry.RegistryException.Kind;
import java.io.IOException;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Finds the manifest for a platform, through indexes and, where they do not say, configurations.
 */
final class ImageResolver {
  private static final int MAX_INDEX_DEPTH = 3;
  private static final int MAX_UNNAMED_MANIFESTS = 16;

  private final ImageSource source;
  private final Platform platform;

  ImageResolver(ImageSource source, Platform platform) {
    this.source = source;
    this.platform = platform;
  }

  ResolvedImage resolve() throws IOException {
    VerifiedContent top = source.top();
    if (!top.isIndex()) {
      ResolvedImage image = image(null, top);
      Platform actual = platformOf(image.manifest());
      if (actual != null && !platform.runs(actual)) {
        throw noSuchPlatform("it is for " + actual + " only");
      }
      return image;
    }
    VerifiedContent index = top;
    for (int depth = 0; depth < MAX_INDEX_DEPTH; depth++) {
      VerifiedContent chosen = choose(parseIndex(index));
      if (!chosen.isIndex()) {
        return image(top, chosen);
      }
      index = chosen;
    }
    throw new RegistryException(
        Kind.INVALID_RESPONSE, "cannot resolve " + source.name() + ": indexes in indexes");
  }

  private VerifiedContent choose(ImageIndex index) throws IOException {
    Optional<Descriptor> named = index.choose(platform);
    if (named.isPresent()) {
      return source.manifest(named.get());
    }
    TreeSet<String> platforms = new TreeSet<>();
    int unnamed = 0;
    for (Descriptor descriptor : index.manifests()) {
      Platform said = descriptor.platform();
      if (said != null) {
        platforms.add(said.toString());
        continue;
      }
      if (++unnamed > MAX_UNNAMED_MANIFESTS) {
        break;
      }
      if (MediaTypes.isIndex(descriptor.mediaType())) {
        return source.manifest(descriptor);
      }
      if (MediaTypes.isManifest(descriptor.mediaType())) {
        VerifiedContent candidate = source.manifest(descriptor);
        Platform actual =
            platformOf(Manifest.parse(candidate.bytes(), candidate.descriptor().mediaType()));
        if (actual != null && platform.runs(actual)) {
          return candidate;
        }
        if (actual != null) {
          platforms.add(actual.toString());
        }
      }
    }
    throw noSuchPlatform("it is for " + Texts.shown(String.join(", ", platforms)));
  }

  private @Nullable Platform platformOf(Manifest manifest) throws IOException {
    if (!MediaTypes.isImageConfig(manifest.config().mediaType())) {
      return null;
    }
    return source.config(manifest).platform().orElse(null);
  }

  private static ImageIndex parseIndex(VerifiedContent content) throws RegistryException {
    return ImageIndex.parse(content.bytes(), content.descriptor().mediaType());
  }

  private static ResolvedImage image(@Nullable VerifiedContent index, VerifiedContent manifest)
      throws RegistryException {
    return new ResolvedImage(
        index, manifest, Manifest.parse(manifest.bytes(), manifest.descriptor().mediaType()));
  }

  private RegistryException noSuchPlatform(String why) {
    return new RegistryException(
        Kind.NO_SUCH_PLATFORM,
        "image " + source.name() + " is not there for " + platform + ": " + why);
  }
}
