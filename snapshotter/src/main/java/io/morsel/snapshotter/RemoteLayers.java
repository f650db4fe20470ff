package io.morsel.snapshotter;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.Filter;
import io.morsel.fuse.LayerMount;
import io.morsel.fuse.LayerMounter;
import io.morsel.fuse.Mountinfo;
import io.morsel.prefetch.Layer;
import io.morsel.prefetch.LayerContent;
import io.morsel.prefetch.LayerStore;
import io.morsel.registry.Digest;
import io.morsel.registry.RemoteBlob;
import io.morsel.stargz.erofs.DirectoryAttributes;
import io.morsel.stargz.erofs.ErofsImage;
import io.morsel.stargz.erofs.ErofsInode;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Layers that are mounted instead of unpacked: resolved from the registry when they are prepared,
 * and from the disk alone when the daemon starts again. Safe for use by many threads.
 */
public final class RemoteLayers implements AutoCloseable {
  /** Holds the layer's compressed size, so that a restart need not ask the registry for it. */
  private static final String SIZE_LABEL = "containerd.io/snapshot/morsel.layer-size";

  /** Holds the digest of the manifest that has the layer, which names the image's profile. */
  private static final String MANIFEST_LABEL = "containerd.io/snapshot/morsel.manifest-digest";

  private static final Logger log = LoggerFactory.getLogger(RemoteLayers.class);

  /**
   * A layer that is mounted.
   *
   * @param content what is shown of it, on top of the snapshots below
   * @param manifest of the image that it was mounted for; null where that is not known
   * @param started whether a container was made on it since it is mounted
   */
  private record Mounted(
      Digest digest,
      Layer layer,
      LayerContent content,
      LayerMount mount,
      @Nullable Digest manifest,
      AtomicBoolean started) {
    ErofsImage tree() {
      return content.tree();
    }
  }

  private final SnapshotStore store;
  private final SnapshotDirectories directories;
  private final Path layersDirectory;
  private final LayerStore layers;
  private final LayerFinder finder;
  private final ResolvedLayers resolved;
  private final LayerMounter mounter;
  private final StartProfiles profiles;
  private final DaemonMetrics metrics;
  private final Map<Long, Mounted> mounted = new ConcurrentHashMap<>();
  private final KeyLocks locks = new KeyLocks();

  RemoteLayers(
      SnapshotStore store,
      SnapshotDirectories directories,
      Path root,
      LayerStore layers,
      LayerFinder finder,
      LayerMounter mounter,
      StartProfiles profiles,
      MorselConfig config,
      DaemonMetrics metrics) {
    this.store = store;
    this.directories = directories;
    this.layersDirectory = root.resolve("layers").resolve("sha256");
    this.layers = layers;
    this.finder = finder;
    this.mounter = mounter;
    this.profiles = profiles;
    this.metrics = metrics;
    this.resolved =
        new ResolvedLayers(
            finder,
            layers,
            profiles,
            config.get(ConfigKeys.REGISTRY_RESOLVE_TIMEOUT_MILLIS),
            this::collect);
  }

  /** Starts to resolve the image's other layers in the background. */
  void announce(LayerRequest request) {
    resolved.announce(request);
  }

  /** How many mounted layers the kernel reads from the disk, without this process. */
  long onDisk() {
    return mounted.values().stream().filter(each -> each.mount().readsDisk()).count();
  }

  /** Adds up something of all mounted layers, each counted once however often it is mounted. */
  long sum(ToLongFunction<Layer> figure) {
    Map<Digest, Layer> layersByDigest = new HashMap<>();
    mounted.values().forEach(each -> layersByDigest.put(each.digest(), each.layer()));
    return layersByDigest.values().stream().mapToLong(figure).sum();
  }

  /** A snapshot's layer; empty where it is not mounted. */
  Optional<Layer> layerOf(long id) {
    return Optional.ofNullable(mounted.get(id)).map(Mounted::layer);
  }

  /** Says that a layer is unpacked because the client did not name its image. */
  void noLabels(String target) {
    fallback("unknown image", target, FallbackReason.NO_LABELS, "the client names no image");
  }

  /**
   * Whether a committed snapshot has what the request asks for. Its name says nothing of that: it
   * is made of what images claim of their uncompressed layers, and of a remote one nobody has seen
   * the whole.
   *
   * @return false where it has something else; that has been logged and counted
   */
  boolean isSame(StoredSnapshot snapshot, LayerRequest request) {
    if (!snapshot.info().labels().containsKey(Labels.REMOTE)) {
      // Unpacked in full, and compared with its name by containerd.
      return true;
    }
    LayerRequest has = LayerRequest.of(snapshot.info().labels()).orElse(null);
    if (has != null
        && has.layer().equals(request.layer())
        && (request.tocDigest().isEmpty()
            || has.tocDigest().isEmpty()
            || has.tocDigest().equals(request.tocDigest()))) {
      return true;
    }
    fallback(
        request,
        FallbackReason.CONFLICT,
        "snapshot " + snapshot.info().name() + " holds another layer or TOC under the same chain");
    return false;
  }

  /**
   * Resolves the layer.
   *
   * @return empty where it has to be unpacked instead; the reason has been logged and counted
   */
  Optional<ResolvedLayers.Resolved> resolve(LayerRequest request) {
    try {
      return Optional.of(resolved.get(request));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      fallback(request, FallbackReason.TIMEOUT, "the call was given up");
    } catch (Exception e) {
      FallbackReason reason = FallbackReason.of(e);
      fallback(
          request,
          reason,
          reason == FallbackReason.NO_TOC_DIGEST
              ? "its manifest names no TOC digest, as that of any image that was not converted for"
                  + " lazy pulling (see 'morsel convert')"
              : describe(e));
    }
    return Optional.empty();
  }

  /**
   * Mounts a resolved layer as the snapshot's content.
   *
   * @return the labels that the snapshot needs for being mounted again later; empty where the layer
   *     has to be unpacked instead, and the reason has been logged and counted
   */
  Optional<Map<String, String>> mount(
      SnapshotChain chain, LayerRequest request, ResolvedLayers.Resolved layer) {
    try {
      mount(
          chain.id(),
          chain.parents(),
          layer.found().source().digest(),
          layer.found().image().manifest(),
          layers.open(layer.found().source(), layer.found().blob()));
    } catch (IOException | RuntimeException e) {
      fallback(request, FallbackReason.MOUNT, describe(e));
      return Optional.empty();
    }
    resolved.mounted(request);
    Map<String, String> labels = new TreeMap<>();
    labels.put(Labels.REMOTE, Labels.REMOTE_VALUE);
    labels.put(MANIFEST_LABEL, layer.found().image().manifest().toString());
    labels.put(SIZE_LABEL, Long.toString(layer.found().source().sizeBytes()));
    if (!layer.found().source().tocDigest().isEmpty()) {
      labels.put(Labels.TOC_DIGEST, layer.found().source().tocDigest());
    }
    return Optional.of(labels);
  }

  /** Mounts an open layer, which is closed with the mount, or at once where that fails. */
  private void mount(
      long id,
      List<SnapshotChain.Parent> parents,
      Digest digest,
      @Nullable Digest manifest,
      Layer layer)
      throws IOException {
    boolean done = false;
    try {
      LayerContent content = on(parents, layer);
      LayerMount mount = mounter.mount(content, directories.fs(id));
      mounted.put(id, new Mounted(digest, layer, content, mount, manifest, new AtomicBoolean()));
      done = true;
      metrics.mountedLayers(mounted.size());
    } finally {
      if (!done) {
        layer.close();
      }
    }
  }

  /** The layer as it is shown on top of these snapshots. */
  private LayerContent on(List<SnapshotChain.Parent> parents, Layer layer) throws IOException {
    Map<Long, DirectoryAttributes> attributes;
    try (var below = new Below(parents)) {
      attributes = ImpliedAttributes.resolve(layer.name(), layer.index(), below);
    }
    return attributes.isEmpty() ? layer : LayerView.of(layer, attributes);
  }

  /**
   * The snapshots below a layer, which stay as they are until this is closed. Locked from above to
   * below, which no other order contradicts.
   */
  private final class Below implements ImpliedAttributes.Below, AutoCloseable {
    private final List<SnapshotChain.Parent> parents;
    private final Map<Integer, LowerDirectory> roots = new HashMap<>();
    private final List<KeyLocks.Held> held = new ArrayList<>();

    Below(List<SnapshotChain.Parent> parents) {
      this.parents = parents;
    }

    @Override
    public int count() {
      return parents.size();
    }

    @Override
    public LowerDirectory root(int layer) throws IOException {
      LowerDirectory root = roots.get(layer);
      if (root == null) {
        root = open(parents.get(layer));
        roots.put(layer, root);
      }
      return root;
    }

    private LowerDirectory open(SnapshotChain.Parent parent) throws IOException {
      if (!parent.remote()) {
        return DiskDirectory.of(directories.fs(parent.id()));
      }
      try {
        requireMounted(parent);
      } catch (ContainerdException e) {
        throw new IOException(e.getMessage(), e);
      }
      held.add(locks.lock(Long.toString(parent.id())));
      Mounted lower = mounted.get(parent.id());
      if (lower == null) {
        throw new IOException("snapshot " + parent.name() + " below is not mounted any more");
      }
      return new ImageDirectory(lower.tree(), lower.tree().rootNid());
    }

    @Override
    public void close() {
      held.reversed().forEach(KeyLocks.Held::close);
    }
  }

  /** Unmounts the snapshot's layer if it has one, and deletes the layer unless others need it. */
  void unmount(long id) {
    Mounted gone;
    try (var _ = locks.lock(Long.toString(id))) {
      gone = mounted.remove(id);
      if (gone != null) {
        release(gone);
      }
      detachAll(directories.fs(id));
    }
    if (gone != null) {
      metrics.mountedLayers(mounted.size());
      collect(gone.digest());
    }
  }

  private void release(Mounted gone) {
    gone.mount().close();
    // A container may still use what is no longer in the tree.
    var _ =
        gone.mount()
            .released()
            .whenCompleteAsync(
                (nothing, failure) -> {
                  try {
                    gone.layer().close();
                  } catch (IOException e) {
                    log.warn("closing layer {}: {}", gone.digest(), e.toString());
                  }
                  collect(gone.digest());
                },
                Thread::startVirtualThread);
  }

  /** The owner of a mounted layer's root directory. */
  Optional<Owner> rootOwner(long id) throws IOException {
    Mounted layer = mounted.get(id);
    if (layer == null) {
      return Optional.empty();
    }
    ErofsImage tree = layer.tree();
    ErofsInode root = tree.inode(tree.rootNid());
    return Optional.of(new Owner(root.uid(), root.gid()));
  }

  /**
   * Mounts a layer again where its mount has gone.
   *
   * @throws ContainerdException of class UNAVAILABLE where that fails
   */
  void requireMounted(SnapshotChain.Parent parent) throws ContainerdException {
    if (isMounted(parent.id())) {
      return;
    }
    StoredSnapshot snapshot = store.stat(parent.name());
    try {
      restore(snapshot, true);
    } catch (IOException | FallbackException | ContainerdException | RuntimeException e) {
      throw new ContainerdException(
          ErrorClass.UNAVAILABLE,
          "layer "
              + layerOf(snapshot)
              + " of snapshot "
              + parent.name()
              + " is not mounted and can't be mounted again: "
              + describe(e),
          e);
    }
  }

  /** A container is being made on these snapshots, the uppermost first, which are mounted. */
  void starting(List<SnapshotChain.Parent> parents) {
    Mounted top = parents.isEmpty() ? null : mounted.get(parents.getFirst().id());
    if (top == null || top.manifest() == null) {
      return;
    }
    Map<Digest, Layer> opened = new LinkedHashMap<>();
    for (SnapshotChain.Parent parent : parents) {
      Mounted layer = mounted.get(parent.id());
      if (layer != null) {
        opened.put(layer.digest(), layer.layer());
      }
    }
    profiles.starting(top.manifest(), opened, top.started().getAndSet(true));
  }

  private boolean isMounted(long id) {
    Mounted layer = mounted.get(id);
    return layer != null && layer.mount().isAlive();
  }

  /** Somebody is told of the mounts of these layers, and is about to use them. */
  void handedOut(List<SnapshotChain.Parent> parents) {
    for (SnapshotChain.Parent parent : parents) {
      Mounted layer = mounted.get(parent.id());
      if (layer != null) {
        layer.mount().handedOut();
      }
    }
  }

  /**
   * Mounts a committed remote snapshot from what is on the disk.
   *
   * @param detach whether something may be left mounted in its place
   */
  private void restore(StoredSnapshot snapshot, boolean detach)
      throws IOException, FallbackException, ContainerdException {
    long id = snapshot.id();
    try (var _ = locks.lock(Long.toString(id))) {
      if (isMounted(id)) {
        return;
      }
      Mounted dead = mounted.remove(id);
      if (dead != null) {
        release(dead);
      }
      if (detach) {
        detachAll(directories.fs(id));
      }
      Map<String, String> labels = snapshot.info().labels();
      LayerRequest request =
          LayerRequest.of(labels)
              .orElseThrow(
                  () ->
                      new FallbackException(
                          FallbackReason.BAD_LABELS, "its labels name no image and layer"));
      RemoteBlob blob = finder.blob(request, size(labels));
      directories.ensure(id);
      Digest digest = LayerFinder.digest(request.layer());
      List<SnapshotChain.Parent> parents = store.parents(id);
      Layer layer =
          layers
              .restore(digest, () -> blob)
              .orElseThrow(() -> new IOException("its index is not on the disk any more"));
      // Whoever opened it earlier may know another registry, of long ago.
      layer.replaceBlob(() -> blob);
      mount(id, parents, digest, manifest(labels), layer);
      log.debug("layer {} of snapshot {} is mounted again", request.layer(), id);
    }
  }

  /**
   * Mounts all committed remote snapshots again, and deletes layers that no snapshot has; for the
   * start, before any call is served. A layer that can't be mounted is logged and counted.
   */
  void restoreAll() throws ContainerdException, IOException {
    // The lower first, on which what is shown of the upper depends.
    List<StoredSnapshot> remote =
        store.list(Filter.parse(List.of("labels.\"" + Labels.REMOTE + "\""))).stream()
            .sorted(Comparator.comparingLong(StoredSnapshot::id))
            .toList();
    detachAll(directories.root());
    for (StoredSnapshot snapshot : remote) {
      try {
        // What was left there is gone already: to look for it each time takes the longer the more
        // mounts there are.
        restore(snapshot, false);
      } catch (IOException | FallbackException | ContainerdException | RuntimeException e) {
        metrics.restoreFailed();
        log.warn(
            "can't mount layer {} of snapshot {} ({}) again, containers on it will not start"
                + " until the image is removed and pulled again: {}",
            layerOf(snapshot),
            snapshot.id(),
            snapshot.info().name(),
            describe(e));
      }
    }
    if (!remote.isEmpty()) {
      log.info("{} of {} layers are mounted again", mounted.size(), remote.size());
    }
    deleteUnused();
  }

  private static @Nullable Digest manifest(Map<String, String> labels) {
    try {
      return Digest.parse(
          labels.getOrDefault(MANIFEST_LABEL, labels.getOrDefault(Labels.CRI_MANIFEST_DIGEST, "")));
    } catch (IllegalArgumentException e) {
      // Written by an earlier version: the layer does without a profile.
      return null;
    }
  }

  private static long size(Map<String, String> labels) throws FallbackException {
    try {
      return Long.parseLong(labels.getOrDefault(SIZE_LABEL, ""));
    } catch (NumberFormatException e) {
      throw new FallbackException(
          FallbackReason.BAD_LABELS, "its label " + SIZE_LABEL + " is missing", e);
    }
  }

  private static String layerOf(StoredSnapshot snapshot) {
    return LayerRequest.of(snapshot.info().labels()).map(LayerRequest::layer).orElse("unknown");
  }

  /** Takes out of the tree whatever an earlier daemon left mounted there. */
  private static void detachAll(Path root) {
    try {
      for (Mountinfo mount : Mountinfo.under(root).reversed()) {
        Mountinfo.detach(mount.mountPoint());
      }
    } catch (IOException e) {
      log.warn("can't unmount what is mounted under {}: {}", root, e.toString());
    }
  }

  /** What is mounted of a layer with other attributes than it has itself. */
  List<LayerView> views(Digest digest) {
    return mounted.values().stream()
        .filter(each -> each.digest().equals(digest))
        .map(Mounted::content)
        .filter(LayerView.class::isInstance)
        .map(LayerView.class::cast)
        .toList();
  }

  /** Deletes a layer's files unless a snapshot needs them, or it is in use. */
  void collect(Digest digest) {
    try (var _ = locks.lock(digest.toString())) {
      if (!resolved.holds(digest) && !isNeeded(digest)) {
        layers.delete(digest);
      }
    } catch (IOException | ContainerdException e) {
      log.debug("layer {} is kept: {}", digest, e.toString());
    }
  }

  private boolean isNeeded(Digest digest) throws ContainerdException {
    return mounted.values().stream().anyMatch(layer -> layer.digest().equals(digest))
        || store.hasLabel(Labels.CRI_LAYER_DIGEST, digest.toString())
        || store.hasLabel(Labels.STARGZ_DIGEST, digest.toString());
  }

  private void deleteUnused() throws IOException {
    Set<Digest> found = new HashSet<>();
    if (Files.isDirectory(layersDirectory)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(layersDirectory)) {
        for (Path entry : entries) {
          try {
            found.add(Digest.parse("sha256:" + entry.getFileName()));
          } catch (IllegalArgumentException e) {
            log.debug("{} is no layer", entry);
          }
        }
      }
    }
    found.forEach(this::collect);
  }

  private void fallback(LayerRequest request, FallbackReason reason, String why) {
    fallback("image " + request.reference(), request.layer(), reason, why);
  }

  private void fallback(String image, String layer, FallbackReason reason, String why) {
    metrics.fallback(reason.label());
    log.warn(
        "layer {} of {} is pulled in full and not mounted ({}): {}",
        layer,
        image,
        reason.label(),
        why);
  }

  private static String describe(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? failure.toString() : message;
  }

  /** Unmounts everything, also what is in use, and closes the layers. */
  @Override
  public void close() {
    resolved.close();
    for (long id : List.copyOf(mounted.keySet())) {
      Mounted layer = mounted.remove(id);
      if (layer != null) {
        layer.mount().close();
      }
    }
  }
}
