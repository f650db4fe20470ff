package io.morsel.runtime.transfer;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.transfertypes.ImageStore;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageIndex;
import io.morsel.registry.Platform;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which of an index's manifests a transfer is about.
 *
 * @param platforms what they have to be for, the best first; none stands for all
 * @param allMetadata whether manifests and configurations of the others are wanted, too
 * @param limit how many at most; 0 for any number
 */
record PlatformChoice(List<Platform> platforms, boolean allMetadata, int limit) {
  PlatformChoice {
    platforms = List.copyOf(platforms);
  }

  /** What a destination wants of an index. */
  static PlatformChoice of(ImageStore wanted) {
    return new PlatformChoice(
        platforms(wanted.getPlatformsList()),
        wanted.getAllMetadata(),
        Math.max(0, wanted.getManifestLimit()));
  }

  /** A manifest, and whether its layers are left out. */
  record Child(Descriptor descriptor, boolean metadataOnly) {}

  /** A platform of containerd's API; nothing said stands for this machine's. */
  static Platform platform(io.morsel.containerd.api.types.Platform wire) {
    return wire.getOs().isEmpty() && wire.getArchitecture().isEmpty()
        ? Platform.current()
        : new Platform(wire.getOs(), wire.getArchitecture(), wire.getVariant());
  }

  /** Platforms of containerd's API. */
  static List<Platform> platforms(List<io.morsel.containerd.api.types.Platform> wire) {
    return wire.stream().map(PlatformChoice::platform).toList();
  }

  /**
   * The wanted manifests of an index.
   *
   * @param digest the index's digest, for messages
   * @throws ContainerdException of class NOT_FOUND where it has none
   */
  List<Child> of(ImageIndex index, String digest) throws ContainerdException {
    Collection<Descriptor> chosen = index.manifests();
    if (!platforms.isEmpty()) {
      chosen = matching(index);
    }
    if (chosen.isEmpty()) {
      throw noMatch(index, digest);
    }
    List<Child> children = new ArrayList<>();
    for (Descriptor manifest : chosen) {
      if (limit == 0 || children.size() < limit) {
        children.add(new Child(manifest, false));
      }
    }
    if (allMetadata) {
      Set<Descriptor> others = new LinkedHashSet<>(index.manifests());
      children.forEach(child -> others.remove(child.descriptor()));
      others.forEach(manifest -> children.add(new Child(manifest, true)));
    }
    return children;
  }

  /** For each platform what suits it best, and what says nothing of platforms. */
  private Collection<Descriptor> matching(ImageIndex index) {
    Set<Descriptor> matching = new LinkedHashSet<>();
    for (Platform platform : platforms) {
      List<Descriptor> suited = platform.suited(index.manifests());
      suited.stream()
          .takeWhile(manifest -> Objects.equals(manifest.platform(), suited.getFirst().platform()))
          .forEach(matching::add);
    }
    index.manifests().stream()
        .filter(manifest -> manifest.platform() == null)
        .forEach(matching::add);
    return matching;
  }

  private ContainerdException noMatch(ImageIndex index, String digest) {
    Set<String> there = new TreeSet<>();
    index.manifests().forEach(manifest -> there.add(String.valueOf(manifest.platform())));
    return new ContainerdException(
        ErrorClass.NOT_FOUND,
        "no match for platform in manifest " + digest + ": wanted " + platforms + ", is " + there);
  }
}
