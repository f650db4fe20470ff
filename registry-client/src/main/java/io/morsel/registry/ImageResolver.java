package io.morsel.registry;

import io.morsel.registry.RegistryException.Kind;
import java.io.IOException;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Finds the manifest for a platform, through indexes and, where they do not say, configurations.
 * For one search, by one thread.
 */
final class ImageResolver {
  private static final int MAX_INDEX_DEPTH = 3;
  private static final int MAX_UNNAMED_MANIFESTS = 16;

  private final ImageSource source;
  private final Platform platform;

  /** What the image is for, as far as was seen. */
  private final TreeSet<String> platforms = new TreeSet<>();

  /** How many entries were looked into since nothing says what they are for. */
  private int unnamed;

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
    VerifiedContent chosen = find(parseIndex(top), 1);
    if (chosen == null) {
      throw noSuchPlatform("it is for " + Texts.shown(String.join(", ", platforms)));
    }
    return image(top, chosen);
  }

  /**
   * The manifest for the platform in an index or in those that it leads to; null if it is in none.
   *
   * @param depth how many indexes lead here, this one included
   */
  private @Nullable VerifiedContent find(ImageIndex index, int depth) throws IOException {
    if (depth > MAX_INDEX_DEPTH) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE, "cannot resolve " + source.name() + ": indexes in indexes");
    }
    Optional<Descriptor> named = index.choose(platform);
    if (named.isPresent()) {
      VerifiedContent content = source.manifest(named.get());
      return content.isIndex() ? find(parseIndex(content), depth + 1) : content;
    }
    for (Descriptor descriptor : index.manifests()) {
      Platform said = descriptor.platform();
      if (said != null) {
        platforms.add(said.toString());
        continue;
      }
      if (++unnamed > MAX_UNNAMED_MANIFESTS) {
        break;
      }
      VerifiedContent found = null;
      if (MediaTypes.isIndex(descriptor.mediaType())) {
        found = find(parseIndex(source.manifest(descriptor)), depth + 1);
      } else if (MediaTypes.isManifest(descriptor.mediaType())) {
        found = ifForPlatform(source.manifest(descriptor));
      }
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  /** A manifest whose configuration says that it is for the platform; null if it does not. */
  private @Nullable VerifiedContent ifForPlatform(VerifiedContent candidate) throws IOException {
    Platform actual =
        platformOf(Manifest.parse(candidate.bytes(), candidate.descriptor().mediaType()));
    if (actual == null) {
      return null;
    }
    platforms.add(actual.toString());
    return platform.runs(actual) ? candidate : null;
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
