package io.morsel.snapshotter;

import io.morsel.containerd.ContainerdException;
import io.morsel.fuse.DirectMounter;
import io.morsel.fuse.FuseMounter;
import io.morsel.fuse.JnrMounter;
import io.morsel.fuse.LayerMounter;
import io.morsel.fuse.LayerMounters;
import io.morsel.fuse.ViewsKind;
import io.morsel.prefetch.Layer;
import io.morsel.prefetch.LayerStore;
import io.morsel.registry.RegistryClient;
import io.morsel.registry.TransferListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link Snapshotter} with all its parts, put together on one root; whoever opens it holds the
 * root's {@link RootLock}.
 */
public final class EmbeddedSnapshotter implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(EmbeddedSnapshotter.class);

  private final Deque<AutoCloseable> parts;
  private final Snapshotter snapshotter;
  private final String shownThrough;

  /** Null where nothing is asked of registries. */
  private final @Nullable RegistryClient registry;

  private EmbeddedSnapshotter(
      Deque<AutoCloseable> parts,
      Snapshotter snapshotter,
      String shownThrough,
      @Nullable RegistryClient registry) {
    this.parts = parts;
    this.snapshotter = snapshotter;
    this.shownThrough = shownThrough;
    this.registry = registry;
  }

  /**
   * A snapshotter whose layers are unpacked, on overlayfs.
   *
   * @param root its own directory, made where it is missing
   */
  public static EmbeddedSnapshotter overlay(Path root) throws IOException, ContainerdException {
    Deque<AutoCloseable> parts = new ArrayDeque<>();
    boolean done = false;
    try {
      Path real = makeRoot(root);
      SnapshotStore store = add(parts, SnapshotStore.open(real.resolve("snapshots.db")));
      SnapshotDirectories directories = new SnapshotDirectories(real);
      directories.deleteUnfinished();
      Snapshotter snapshotter =
          add(
              parts,
              new Snapshotter(store, directories, OverlayMounts.probe(directories, real), null));
      snapshotter.cleanup();
      done = true;
      return new EmbeddedSnapshotter(parts, snapshotter, "overlayfs", null);
    } finally {
      if (!done) {
        close(parts);
      }
    }
  }

  /**
   * A snapshotter that mounts layers lazily; those of an earlier one on the same root are mounted
   * again when this returns.
   *
   * @param root its own directory, made where it is missing; the configured root is not used
   * @param version what it says it is to registries
   * @param metrics where it counts
   * @param descriptors what an earlier one left there is gone on with, and what containers use is
   *     left there for a later one; {@link DescriptorStore#NONE} where containers end with this one
   */
  public static EmbeddedSnapshotter lazy(
      Path root,
      MorselConfig config,
      String version,
      DaemonMetrics metrics,
      DescriptorStore descriptors)
      throws IOException, ContainerdException {
    Deque<AutoCloseable> parts = new ArrayDeque<>();
    boolean done = false;
    try {
      Path real = makeRoot(root);
      // SQLite's library is unpacked and loaded on one core, while another sets up the rest.
      OpeningStore opening = add(parts, new OpeningStore(real.resolve("snapshots.db")));
      RegistryClient registry =
          add(
              parts,
              new RegistryClient(
                  config.registry(version), config.credentials(), TransferListener.NONE));
      LayerStore layers = add(parts, new LayerStore(real, config.fetch(), metrics));
      StartProfiles profiles =
          add(parts, new StartProfiles(real, layers, registry, config, metrics));
      FuseMounter fuse = add(parts, fuse(config, descriptors));
      LayerMounter mounter =
          add(
              parts,
              LayerMounters.choose(
                  ViewsKind.of(config.get(ConfigKeys.VIEWS_KIND)),
                  fuse,
                  real.resolve("views"),
                  Duration.ofMillis(config.get(ConfigKeys.VIEWS_SWITCH_DELAY_MILLIS))));
      SnapshotDirectories directories = new SnapshotDirectories(real);
      SnapshotStore store = opening.store();
      LayerFinder finder = new LayerFinder(registry);
      RemoteLayers remote =
          add(
              parts,
              new RemoteLayers(
                  store, directories, real, layers, finder, mounter, profiles, config, metrics));
      metrics.layers(
          remote::onDisk,
          () -> remote.sum(Layer::chunkBytes),
          () -> remote.sum(Layer::presentBytes),
          () -> remote.sum(Layer::unsyncedBytes));
      TakenConnections taken =
          new TakenConnections(
              descriptors,
              // Whatever is configured now: what was served by the other can't be taken over.
              fuse instanceof DirectMounter direct
                  ? direct
                  : add(parts, new DirectMounter(descriptors.keeper())),
              real,
              metrics,
              remote::collect);
      taken.serveLayers(layers, source -> () -> finder.blob(source));
      remote.restoreAll();
      taken.serveViews(remote::views);
      directories.deleteUnfinished();
      Snapshotter snapshotter =
          add(
              parts,
              new Snapshotter(store, directories, OverlayMounts.probe(directories, real), remote));
      snapshotter.cleanup();
      done = true;
      return new EmbeddedSnapshotter(parts, snapshotter, mounter.kind().toString(), registry);
    } finally {
      if (!done) {
        close(parts);
      }
    }
  }

  /** The snapshots API. */
  public Snapshotter snapshotter() {
    return snapshotter;
  }

  /** What shows layers to the kernel, for messages. */
  public String shownThrough() {
    return shownThrough;
  }

  /** Has the registry client make ready for TLS now instead of with the first request. */
  void prepareTls() {
    if (registry != null) {
      registry.prepareTls();
    }
  }

  /** Without symlinks, since mounts are looked for by their real paths. */
  static Path makeRoot(Path root) throws IOException {
    try {
      Files.createDirectories(
          root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
      return root.toRealPath();
    } catch (IOException e) {
      throw new IOException("can't use the root " + root + ": " + e, e);
    }
  }

  private static FuseMounter fuse(MorselConfig config, DescriptorStore descriptors) {
    return switch (config.get(ConfigKeys.FUSE_BACKEND)) {
      case "direct" -> new DirectMounter(descriptors.keeper());
      case "jnr" -> new JnrMounter();
      default ->
          Files.isWritable(Path.of("/dev/fuse")) && isRoot()
              ? new DirectMounter(descriptors.keeper())
              : new JnrMounter();
    };
  }

  private static boolean isRoot() {
    try {
      return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    } catch (IOException e) {
      return false;
    }
  }

  private static <T extends AutoCloseable> T add(Deque<AutoCloseable> parts, T part) {
    parts.push(part);
    return part;
  }

  /** Stops background work, unmounts all layers and closes the stores. */
  @Override
  public void close() {
    close(parts);
  }

  private static void close(Deque<AutoCloseable> parts) {
    while (!parts.isEmpty()) {
      AutoCloseable part = parts.pop();
      try {
        part.close();
      } catch (Exception e) {
        log.warn("closing {}: {}", part.getClass().getSimpleName(), e.toString());
      }
    }
  }
}
