package io.morsel.snapshotter;

import io.morsel.containerd.api.types.Mount;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How snapshots are mounted: bind mounts and overlayfs, in the shapes of containerd's own. */
final class OverlayMounts {
  private static final Logger log = LoggerFactory.getLogger(OverlayMounts.class);

  private final SnapshotDirectories directories;
  private final List<String> options;

  private OverlayMounts(SnapshotDirectories directories, List<String> options) {
    this.directories = directories;
    this.options = options;
  }

  /** Finds out which options overlayfs needs on this machine, for directories in {@code root}. */
  static OverlayMounts probe(SnapshotDirectories directories, Path root) throws IOException {
    List<String> options = new ArrayList<>();
    if (Files.exists(Path.of("/sys/module/overlay/parameters/index"))) {
      options.add("index=off");
    }
    if (inUserNamespace() && !isTmpfs(root)) {
      options.add("userxattr");
    }
    log.debug("overlayfs options: {}", options);
    return new OverlayMounts(directories, List.copyOf(options));
  }

  static OverlayMounts with(SnapshotDirectories directories, List<String> options) {
    return new OverlayMounts(directories, options);
  }

  /** The mounts of an active snapshot or a view. */
  List<Mount> of(SnapshotChain chain) {
    List<SnapshotChain.Parent> parents = chain.parents();
    boolean writable = chain.kind() == SnapshotKind.ACTIVE;
    if (parents.isEmpty()) {
      return List.of(bind(directories.fs(chain.id()), writable));
    }
    if (!writable && parents.size() == 1) {
      return List.of(bind(directories.fs(parents.getFirst().id()), false));
    }
    Mount.Builder mount =
        Mount.newBuilder().setType("overlay").setSource("overlay").addAllOptions(options);
    if (writable) {
      mount.addOptions("workdir=" + directories.work(chain.id()));
      mount.addOptions("upperdir=" + directories.fs(chain.id()));
    }
    mount.addOptions(
        parents.stream()
            .map(parent -> directories.fs(parent.id()).toString())
            .collect(Collectors.joining(":", "lowerdir=", "")));
    return List.of(mount.build());
  }

  private static Mount bind(Path source, boolean writable) {
    return Mount.newBuilder()
        .setType("bind")
        .setSource(source.toString())
        .addOptions(writable ? "rw" : "ro")
        .addOptions("rbind")
        .build();
  }

  /** Only the first user namespace maps all numbers onto themselves. */
  private static boolean inUserNamespace() throws IOException {
    Path map = Path.of("/proc/self/uid_map");
    return Files.exists(map)
        && !Files.readString(map).strip().replaceAll("\\s+", " ").equals("0 0 4294967295");
  }

  private static boolean isTmpfs(Path path) throws IOException {
    FileStore store = Files.getFileStore(path);
    return store.type().equals("tmpfs");
  }
}
