package io.morsel.snapshotter;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.Filter;
import io.morsel.containerd.api.types.Mount;
import io.morsel.prefetch.Layer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The snapshots API without its transport: containerd's semantics over a {@link SnapshotStore}, the
 * snapshots' directories, and layers that are mounted instead of unpacked.
 *
 * <p>Every method that returns has made its effect durable. Safe for use by many threads.
 */
public final class Snapshotter implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Snapshotter.class);

  private final SnapshotStore store;
  private final SnapshotDirectories directories;
  private final OverlayMounts mounts;
  private final @Nullable RemoteLayers remote;
  private final KeyLocks targetLocks = new KeyLocks();
  private final Cleaner cleaner;

  /**
   * A snapshotter over these parts, which it does not close.
   *
   * @param remote mounts layers; null for a snapshotter that leaves all of them to be unpacked
   */
  Snapshotter(
      SnapshotStore store,
      SnapshotDirectories directories,
      OverlayMounts mounts,
      @Nullable RemoteLayers remote) {
    this.store = store;
    this.directories = directories;
    this.mounts = mounts;
    this.remote = remote;
    this.cleaner = new Cleaner(store, directories, remote);
  }

  /**
   * Creates an active snapshot, or finds that nothing needs to be unpacked into one.
   *
   * @throws ContainerdException of class ALREADY_EXISTS also where {@code labels} ask for a layer
   *     that is there now as a committed snapshot
   */
  public List<Mount> prepare(String key, String parent, Map<String, String> labels)
      throws ContainerdException {
    String target = labels.getOrDefault(Labels.SNAPSHOT_REF, "");
    if (remote != null && !target.isEmpty()) {
      Optional<LayerRequest> request = LayerRequest.of(labels);
      if (request.isPresent()) {
        prepareRemote(remote, key, parent, target, labels, request.get());
      } else {
        remote.noLabels(target);
      }
    }
    return create(SnapshotKind.ACTIVE, key, parent, labels);
  }

  /** Creates a view. */
  public List<Mount> view(String key, String parent, Map<String, String> labels)
      throws ContainerdException {
    return create(SnapshotKind.VIEW, key, parent, labels);
  }

  /** The mounts of an active snapshot or a view. */
  public List<Mount> mounts(String key) throws ContainerdException {
    SnapshotChain chain;
    try {
      chain = store.chain(key);
    } catch (ContainerdException e) {
      throw e.during("failed to get active mount");
    }
    requireMounted(chain);
    return mounts.of(chain);
  }

  /** Turns an active snapshot into a committed one. */
  public void commit(String name, String key, Map<String, String> labels)
      throws ContainerdException {
    // Before the transaction, since walking a large tree takes long and others want to write.
    StoredSnapshot active = store.stat(key);
    SnapshotUsage usage =
        active.info().kind() == SnapshotKind.ACTIVE ? usageOf(active) : SnapshotUsage.NONE;
    try {
      store.commit(key, name, usage, labels);
    } catch (ContainerdException e) {
      throw e.during("failed to commit snapshot");
    }
  }

  /**
   * Removes a snapshot's metadata and returns at once, since containerd's garbage collector holds a
   * lock meanwhile; what it has on the disk goes soon after.
   */
  public void remove(String key) throws ContainerdException {
    try {
      store.remove(key);
    } catch (ContainerdException e) {
      throw e.during("failed to remove");
    }
    cleaner.wake();
  }

  /**
   * What is known of a snapshot; of a lazy one also how much of it is there: {@link LazyLabels}.
   */
  public SnapshotInfo stat(String key) throws ContainerdException {
    StoredSnapshot snapshot = store.stat(key);
    return layerOf(snapshot)
        .map(layer -> withProgress(snapshot.info(), layer))
        .orElse(snapshot.info());
  }

  private Optional<Layer> layerOf(StoredSnapshot snapshot) {
    return remote == null ? Optional.empty() : remote.layerOf(snapshot.id());
  }

  private static SnapshotInfo withProgress(SnapshotInfo info, Layer layer) {
    SortedMap<String, String> labels = new TreeMap<>(info.labels());
    labels.put(LazyLabels.PRESENT_BYTES, Long.toString(layer.presentBytes()));
    labels.put(LazyLabels.CONTENT_BYTES, Long.toString(layer.chunkBytes()));
    return new SnapshotInfo(
        info.name(), info.parent(), info.kind(), info.created(), info.updated(), labels);
  }

  /** Changes labels: see {@link SnapshotStore#update}. */
  public SnapshotInfo update(String name, Map<String, String> labels, Collection<String> paths)
      throws ContainerdException {
    return store.update(name, labels, paths);
  }

  /** All snapshots of which one of the filters holds. */
  public List<SnapshotInfo> list(List<String> filters) throws ContainerdException {
    return store.list(Filter.parse(filters)).stream().map(StoredSnapshot::info).toList();
  }

  /**
   * What a snapshot takes of the disk: an active one now, a lazy one as far as it is fetched,
   * another as it was committed.
   */
  public SnapshotUsage usage(String key) throws ContainerdException {
    StoredSnapshot snapshot = store.stat(key);
    if (snapshot.info().kind() == SnapshotKind.ACTIVE) {
      return usageOf(snapshot);
    }
    return layerOf(snapshot)
        .map(layer -> new SnapshotUsage(layer.presentBytes(), snapshot.usage().inodes()))
        .orElse(snapshot.usage());
  }

  /** Unmounts and deletes what removed snapshots left behind, and returns when it is done. */
  public void cleanup() throws ContainerdException {
    cleaner.cleanUp();
  }

  private SnapshotUsage usageOf(StoredSnapshot snapshot) throws ContainerdException {
    try {
      return directories.usage(snapshot.id());
    } catch (IOException e) {
      throw new ContainerdException(
          ErrorClass.UNKNOWN,
          "can't measure snapshot " + snapshot.info().name() + ": " + e.getMessage(),
          e);
    }
  }

  private List<Mount> create(
      SnapshotKind kind, String key, String parent, Map<String, String> labels)
      throws ContainerdException {
    SnapshotChain chain = createSnapshot(kind, key, parent, labels);
    try {
      requireMounted(chain);
    } catch (ContainerdException e) {
      discard(key);
      throw e;
    }
    if (remote != null) {
      remote.starting(chain.parents());
    }
    return mounts.of(chain);
  }

  private SnapshotChain createSnapshot(
      SnapshotKind kind, String key, String parent, Map<String, String> labels)
      throws ContainerdException {
    NewDirectory directory = new NewDirectory(kind);
    try {
      directory.make();
      return store.create(kind, key, parent, labels, directory);
    } catch (ContainerdException e) {
      throw e.during("failed to create snapshot");
    } catch (IOException e) {
      throw new ContainerdException(
          ErrorClass.UNKNOWN, "failed to create prepare snapshot dir: " + e.getMessage(), e);
    }
  }

  /**
   * Mounts the layer that the labels name and commits it. Returns where it has to be unpacked
   * instead, which has been said then.
   *
   * @throws ContainerdException of class ALREADY_EXISTS where the layer is there now
   */
  private void prepareRemote(
      RemoteLayers layers,
      String key,
      String parent,
      String target,
      Map<String, String> labels,
      LayerRequest request)
      throws ContainerdException {
    try (var _ = targetLocks.lock(target + "\n" + parent)) {
      Optional<StoredSnapshot> known = store.findCommitted(Labels.SNAPSHOT_REF, target, parent);
      if (known.isPresent()) {
        if (layers.isSame(known.get(), request)) {
          throw alreadyExists(target);
        }
        return;
      }
      layers.announce(request);
      Optional<ResolvedLayers.Resolved> layer = layers.resolve(request);
      if (layer.isEmpty()) {
        return;
      }
      SnapshotChain chain = createSnapshot(SnapshotKind.ACTIVE, key, parent, labels);
      boolean committed = false;
      try {
        Optional<Map<String, String>> added = layers.mount(chain, request, layer.get());
        if (added.isEmpty()) {
          return;
        }
        Map<String, String> all = new TreeMap<>(labels);
        all.putAll(added.get());
        store.commit(key, freeName(target, chain.id()), SnapshotUsage.NONE, all);
        committed = true;
      } finally {
        if (!committed) {
          discard(key);
        }
      }
      throw alreadyExists(target);
    }
  }

  /** Removes a snapshot that this class itself made under way to something else. */
  private void discard(String key) throws ContainerdException {
    StoredSnapshot removed = store.remove(key);
    if (remote != null) {
      remote.unmount(removed.id());
    }
    cleaner.wake();
  }

  /**
   * The target's name, unless another namespace has the same layer on another parent: containerd
   * finds snapshots by label and parent, so that any name will do.
   */
  private String freeName(String target, long id) throws ContainerdException {
    return store.exists(target) ? target + "#" + id : target;
  }

  private static ContainerdException alreadyExists(String target) {
    return new ContainerdException(ErrorClass.ALREADY_EXISTS, "target snapshot \"" + target + "\"");
  }

  /**
   * A container over a layer that is not mounted would see an empty directory in its place; one
   * over a layer whose mount is replaced right then would not start.
   */
  private void requireMounted(SnapshotChain chain) throws ContainerdException {
    for (SnapshotChain.Parent parent : chain.parents()) {
      if (remote != null && parent.remote()) {
        remote.requireMounted(parent);
      }
    }
    if (remote != null) {
      remote.handedOut(chain.parents());
    }
  }

  /** Stops the background work; mounts stay. */
  @Override
  public void close() {
    cleaner.close();
  }

  /** A snapshot's directory on its way from a temporary name to its number. */
  private final class NewDirectory implements SnapshotStore.Placement {
    private final SnapshotKind kind;
    private @Nullable Path path;
    private @Nullable Long placed;

    NewDirectory(SnapshotKind kind) {
      this.kind = kind;
    }

    void make() throws IOException {
      path = directories.make(kind);
    }

    @Override
    public void place(SnapshotChain chain) throws IOException {
      if (path == null) {
        throw new IllegalStateException("no directory was made");
      }
      Owner owner = null;
      if (!chain.parents().isEmpty()) {
        owner = ownerOf(chain.parents().getFirst());
      }
      directories.place(path, chain.id(), owner);
      path = null;
      placed = chain.id();
    }

    private Owner ownerOf(SnapshotChain.Parent parent) throws IOException {
      // The daemon must not wait for itself: it asks the layer's index, not the mount.
      Optional<Owner> known =
          remote != null && parent.remote() ? remote.rootOwner(parent.id()) : Optional.empty();
      if (known.isPresent()) {
        return known.get();
      }
      if (parent.remote()) {
        return Owner.ROOT;
      }
      Path fs = directories.fs(parent.id());
      return new Owner(
          (int) Files.getAttribute(fs, "unix:uid", LinkOption.NOFOLLOW_LINKS),
          (int) Files.getAttribute(fs, "unix:gid", LinkOption.NOFOLLOW_LINKS));
    }

    @Override
    public void undo() {
      try {
        if (path != null) {
          SnapshotDirectories.deleteTree(path);
        }
        if (placed != null) {
          directories.delete(placed);
        }
      } catch (IOException e) {
        log.warn("can't delete the directory of a snapshot that failed: {}", e.toString());
      }
    }
  }
}
