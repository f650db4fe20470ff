package io.morsel.cli.image;

import io.grpc.StatusException;
import io.morsel.cli.core.ContentReader;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.CommandException;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.snapshots.Info;
import io.morsel.registry.ImageReference;
import io.morsel.registry.ImageSource;
import io.morsel.registry.RegistryClient;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The registries that an image may have come from. Safe for use by many threads. */
final class BlobOrigins {
  /** By these, a client told the snapshotter which image a layer belongs to. */
  private static final List<String> REFERENCE_LABELS =
      List.of(
          "containerd.io/snapshot/cri.image-ref", "containerd.io/snapshot/remote/stargz.reference");

  private final CoreClient client;
  private final RegistryClient registry;
  private final Image image;
  private @Nullable List<ImageSource> found;

  BlobOrigins(CoreClient client, RegistryClient registry, Image image) {
    this.client = client;
    this.registry = registry;
    this.image = image;
  }

  /** What its lazy layers are fetched from, and then other names that the same image has here. */
  synchronized List<ImageSource> sources() throws IOException {
    if (found == null) {
      Set<String> names = new LinkedHashSet<>();
      try {
        ImageFacts facts = ImageFacts.read(new ContentReader(client), image);
        Map<String, String> labels =
            facts.manifest().map(ImageFacts.Chosen::configLabels).orElse(Map.of());
        for (List<Info> chain : new LazyStates(client).chains(labels).values()) {
          for (Info snapshot : chain) {
            REFERENCE_LABELS.forEach(label -> names.add(snapshot.getLabelsOrDefault(label, "")));
          }
        }
        for (Image other : new ImageNames(client).all()) {
          if (other.getTarget().getDigest().equals(image.getTarget().getDigest())) {
            names.add(other.getName());
          }
        }
      } catch (CommandException failure) {
        throw new IOException(failure.getMessage(), failure);
      } catch (StatusException failure) {
        throw new IOException(CoreClient.message(failure), failure);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw (IOException) new InterruptedIOException("interrupted").initCause(e);
      }
      found =
          names.stream()
              .flatMap(name -> ImageNames.normalized(name).stream())
              .distinct()
              .map(name -> registry.source(ImageReference.parse(name)))
              .toList();
    }
    return found;
  }
}
