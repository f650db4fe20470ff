package io.morsel.runtime.image;

import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageIndex;
import io.morsel.registry.Manifest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The labels that containerd's clients put on an image's content: what each document refers to, by
 * which the collector keeps it, and where each blob has come from.
 */
public final class ImageLabels {
  /** On a layer: the digest of its uncompressed bytes, once that has been verified. */
  public static final String UNCOMPRESSED = "containerd.io/uncompressed";

  /** On an image's configuration, with the snapshotter's name: the topmost snapshot. */
  public static final String SNAPSHOT = "containerd.io/gc.ref.snapshot.";

  private static final String CONTENT = "containerd.io/gc.ref.content.";

  /** Which registries and repositories a blob has been seen in: key prefix and repository list. */
  private static final String SOURCE = "containerd.io/distribution.source.";

  private static final int MAX_LABEL_BYTES = 4096;
  private static final Pattern COMMA = Pattern.compile(",");

  private ImageLabels() {}

  /** What an index refers to. */
  public static Map<String, String> of(ImageIndex index) {
    Map<String, String> labels = new LinkedHashMap<>();
    int i = 0;
    for (Descriptor child : index.manifests()) {
      labels.put(CONTENT + "m." + i++, child.digest().toString());
    }
    return labels;
  }

  /** What a manifest refers to. */
  public static Map<String, String> of(Manifest manifest) {
    Map<String, String> labels = new LinkedHashMap<>();
    labels.put(CONTENT + "config", manifest.config().digest().toString());
    int i = 0;
    for (Descriptor layer : manifest.layers()) {
      labels.put(CONTENT + "l." + i++, layer.digest().toString());
    }
    return labels;
  }

  /** That a blob comes from this repository. */
  public static Map<String, String> source(String registry, String repository) {
    return Map.of(SOURCE + host(registry), repository);
  }

  /** A registry's host, without its port. */
  public static String host(String registry) {
    int colon = registry.lastIndexOf(':');
    return colon > registry.lastIndexOf(']') ? registry.substring(0, colon) : registry;
  }

  /**
   * A place that a blob has been seen in.
   *
   * @param host the registry's host, without its port
   * @param repository the repository there
   */
  public record Source(String host, String repository) {}

  /** The places that a blob with these labels has been seen in. */
  public static List<Source> sources(Map<String, String> labels) {
    List<Source> sources = new ArrayList<>();
    labels.forEach(
        (key, value) -> {
          if (key.startsWith(SOURCE)) {
            String host = key.substring(SOURCE.length());
            COMMA
                .splitAsStream(value)
                .filter(repository -> !repository.isEmpty())
                .forEach(repository -> sources.add(new Source(host, repository)));
          }
        });
    return sources;
  }

  /**
   * What has to change for a blob that has the labels {@code present} to have {@code added} as
   * well; sources are joined with those that it has.
   */
  public static Map<String, String> changes(
      Map<String, String> present, Map<String, String> added) {
    Map<String, String> changed = new LinkedHashMap<>();
    added.forEach(
        (key, value) -> {
          String old = present.getOrDefault(key, "");
          String merged = key.startsWith(SOURCE) ? join(key, old, value) : value;
          if (!merged.equals(old)) {
            changed.put(key, merged);
          }
        });
    return changed;
  }

  private static String join(String key, String old, String repository) {
    TreeSet<String> repositories = new TreeSet<>();
    COMMA.splitAsStream(old).filter(name -> !name.isEmpty()).forEach(repositories::add);
    repositories.add(repository);
    String joined = String.join(",", repositories);
    int bytes = (key + joined).getBytes(StandardCharsets.UTF_8).length;
    return bytes > MAX_LABEL_BYTES ? old : joined;
  }
}
