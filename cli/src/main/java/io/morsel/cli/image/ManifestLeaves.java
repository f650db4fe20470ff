package io.morsel.cli.image;

import io.grpc.StatusException;
import io.morsel.cli.core.ContentReader;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageIndex;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.Platform;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The manifests that an image leads to: itself, or what its index names, also through further
 * indexes, as containerd's {@code images.Manifest} follows them. Only what is there is followed.
 */
public final class ManifestLeaves {
  /** What {@code ctr image import --index-name} and multi-stage builds make has two levels. */
  private static final int MAX_DEPTH = 4;

  /** Of an index that somebody has made to keep this program busy, no more is looked at. */
  private static final int MAX_LEAVES = 256;

  private final ContentReader content;
  private final @Nullable Platform wanted;
  private final List<Descriptor> leaves = new ArrayList<>();

  private ManifestLeaves(ContentReader content, @Nullable Platform wanted) {
    this.content = content;
    this.wanted = wanted;
  }

  /**
   * All of them, in the order of the indexes; at most {@value #MAX_LEAVES}.
   *
   * @throws IOException if an index is malformed
   */
  static List<Descriptor> all(ContentReader content, Descriptor target)
      throws IOException, StatusException {
    ManifestLeaves search = new ManifestLeaves(content, null);
    search.follow(target, 0);
    return List.copyOf(search.leaves);
  }

  /**
   * Those that may be for a platform: what the indexes name for it, the best first, then what they
   * name no platform of, which only its configuration can tell.
   *
   * @throws IOException if an index is malformed
   */
  public static List<Descriptor> of(ContentReader content, Descriptor target, Platform platform)
      throws IOException, StatusException {
    ManifestLeaves search = new ManifestLeaves(content, platform);
    search.follow(target, 0);
    List<Descriptor> ordered = new ArrayList<>(platform.suited(search.leaves));
    search.leaves.stream().filter(leaf -> leaf.platform() == null).forEach(ordered::add);
    return List.copyOf(ordered);
  }

  private void follow(Descriptor descriptor, int depth) throws IOException, StatusException {
    if (leaves.size() == MAX_LEAVES) {
      return;
    }
    if (!MediaTypes.isIndex(descriptor.mediaType())) {
      leaves.add(descriptor);
      return;
    }
    Optional<byte[]> document =
        depth == MAX_DEPTH ? Optional.empty() : content.document(descriptor.digest().toString());
    if (document.isEmpty()) {
      return;
    }
    for (Descriptor each : ImageIndex.parse(document.get(), descriptor.mediaType()).manifests()) {
      Platform named = each.platform();
      if (wanted == null || named == null || wanted.runs(named)) {
        follow(each, depth + 1);
      }
    }
  }
}
