package io.morsel.runtime.snapshot;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.Filter;
import io.morsel.containerd.api.snapshots.Info;
import io.morsel.containerd.api.types.Mount;
import io.morsel.runtime.lease.Holds;
import io.morsel.runtime.snapshot.SnapshotTable.Row;
import io.morsel.runtime.store.GoText;
import io.morsel.runtime.store.LabelSets;
import io.morsel.runtime.store.MetadataStore;
import io.morsel.runtime.store.Scope;
import io.morsel.runtime.store.Times;
import io.morsel.runtime.store.Transaction;
import io.morsel.snapshotter.SnapshotInfo;
import io.morsel.snapshotter.SnapshotKind;
import io.morsel.snapshotter.SnapshotUsage;
import io.morsel.snapshotter.Snapshotter;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * One snapshotter as namespaces see it, with the semantics of containerd's metadata store.
 *
 * <p>The backend keeps the snapshots, by names of the form {@code <namespace>/<number>/<name>}. It
 * is asked first for what comes into being, and told last of what goes, so that whatever it has and
 * the metadata does not know can be removed. Safe for use by many threads.
 */
public final class NamespacedSnapshots {
  /** Names the snapshot that a prepared one is to become. */
  private static final String TARGET = "containerd.io/snapshot.ref";

  /** How labels begin that the backend gets to see. */
  private static final String INHERITED = "containerd.io/snapshot/";

  private final MetadataStore store;
  private final String name;
  private final SnapshotTable table;
  private final Snapshotter backend;
  private final Clock clock;
  private final SnapshotCommits commits;

  /** Shared by all who change something, exclusive for who removes what the metadata lost. */
  private final ReadWriteLock collecting = new ReentrantReadWriteLock();

  private NamespacedSnapshots(MetadataStore store, String name, Snapshotter backend, Clock clock) {
    this.store = store;
    this.name = name;
    this.table = new SnapshotTable(name);
    this.backend = backend;
    this.clock = clock;
    this.commits = new SnapshotCommits(store, name, table, backend, clock);
  }

  /**
   * The snapshotter {@code name} over {@code backend}. Commits that a killed process left between
   * the two are ended, one way or the other.
   */
  public static NamespacedSnapshots open(
      MetadataStore store, String name, Snapshotter backend, Clock clock)
      throws ContainerdException {
    NamespacedSnapshots snapshots = new NamespacedSnapshots(store, name, backend, clock);
    snapshots.commits.endAll();
    return snapshots;
  }

  /** The snapshotter's name. */
  public String name() {
    return name;
  }

  /** What is known of a snapshot. */
  public Info stat(String namespace, String key) throws ContainerdException {
    Row row = require(namespace, key);
    return merge(backend.stat(row.backendKey()), row.info());
  }

  /**
   * The same for who goes on to build on what it has found: the scope's lease, where there is one,
   * holds the snapshot from now on. Without that a collection could take it in between.
   */
  public Info stat(Scope scope, String key) throws ContainerdException {
    var _ = require(scope.namespace(), key);
    hold(scope, key);
    return stat(scope.namespace(), key);
  }

  /**
   * Has the scope's lease, where there is one, hold what a client is told is there, or is about to
   * be: it goes on to build on that.
   */
  private void hold(Scope scope, String key) throws ContainerdException {
    String type = Holds.snapshots(name);
    // Looked at first, since a transaction that writes waits for the disk.
    if (store.read(transaction -> Holds.isMissing(transaction, scope, type, key))) {
      store.write(
          transaction ->
              Holds.isMissing(transaction, scope, type, key)
                  && Holds.add(transaction, scope, type, key));
    }
  }

  private boolean isThere(String namespace, String key) throws ContainerdException {
    return store.read(transaction -> table.find(transaction, namespace, key).isPresent());
  }

  private Row require(String namespace, String key) throws ContainerdException {
    return store.read(transaction -> table.require(transaction, namespace, key));
  }

  private static Info merge(SnapshotInfo backendInfo, Info own) {
    Map<String, String> labels = new TreeMap<>(backendInfo.labels());
    labels.putAll(own.getLabelsMap());
    return own.toBuilder()
        .setKind(backendInfo.kind().wire())
        .clearLabels()
        .putAllLabels(labels)
        .build();
  }

  /** Changes a snapshot's labels. */
  public Info update(String namespace, Info info, List<String> paths) throws ContainerdException {
    String key = info.getName();
    if (key.isEmpty()) {
      throw new ContainerdException(ErrorClass.INVALID_ARGUMENT, "");
    }
    collecting.readLock().lock();
    try {
      return store.write(
          transaction -> {
            Row row = table.require(transaction, namespace, key);
            Map<String, String> labels =
                LabelSets.updated(
                    row.info().getLabelsMap(),
                    info.getLabelsMap(),
                    paths,
                    "snapshot " + GoText.quote(key));
            LabelSets.validate("info.Labels", labels);
            Info updated =
                row.info().toBuilder()
                    .clearLabels()
                    .putAllLabels(LabelSets.kept(labels))
                    .setUpdatedAt(Times.now(clock))
                    .build();
            table.replace(transaction, namespace, updated);
            return merge(backend.update(row.backendKey(), inherited(labels), paths), updated);
          });
    } finally {
      collecting.readLock().unlock();
    }
  }

  /** The labels that the backend gets to see. */
  static Map<String, String> inherited(Map<String, String> labels) {
    Map<String, String> inherited = new TreeMap<>();
    labels.forEach(
        (key, value) -> {
          if (key.equals(TARGET) || key.startsWith(INHERITED)) {
            inherited.put(key, value);
          }
        });
    return inherited;
  }

  /** What a snapshot takes of the disk. */
  public SnapshotUsage usage(String namespace, String key) throws ContainerdException {
    return backend.usage(require(namespace, key).backendKey());
  }

  /** The mounts of an active snapshot or a view. */
  public List<Mount> mounts(String namespace, String key) throws ContainerdException {
    return backend.mounts(require(namespace, key).backendKey());
  }

  /**
   * Creates an active snapshot or a view.
   *
   * @throws ContainerdException of class ALREADY_EXISTS also where the snapshot that the labels
   *     name as its target is there now, and has been adopted
   */
  public List<Mount> create(
      Scope scope, SnapshotKind kind, String key, String parent, Map<String, String> labels)
      throws ContainerdException {
    requireName("key", key);
    LabelSets.validate("info.Labels", labels);
    collecting.readLock().lock();
    try {
      String target = labels.getOrDefault(TARGET, "");
      if (!target.isEmpty() && isThere(scope.namespace(), target)) {
        hold(scope, target);
      }
      Place place =
          store.write(transaction -> place(transaction, scope.namespace(), key, parent, target));
      List<Mount> mounts;
      try {
        mounts =
            kind == SnapshotKind.VIEW
                ? backend.view(place.backendKey(), place.backendParent(), inherited(labels))
                : backend.prepare(place.backendKey(), place.backendParent(), inherited(labels));
      } catch (ContainerdException e) {
        if (e.errorClass() != ErrorClass.ALREADY_EXISTS) {
          throw e;
        }
        if (target.isEmpty()) {
          throw new ContainerdException(
              ErrorClass.UNKNOWN, "unexpected error from snapshotter: " + e.getMessage(), e);
        }
        adopt(scope, target, parent, place.backendParent(), labels);
        throw new ContainerdException(
            ErrorClass.ALREADY_EXISTS,
            "target snapshot " + GoText.quote(target) + " from snapshotter",
            e);
      }
      boolean added = false;
      try {
        Info info =
            Info.newBuilder()
                .setName(key)
                .setParent(parent)
                .setCreatedAt(Times.now(clock))
                .setUpdatedAt(Times.now(clock))
                .putAllLabels(LabelSets.kept(labels))
                .build();
        if (!add(scope, new Row(place.backendKey(), info), place.backendParent(), "")) {
          throw new ContainerdException(ErrorClass.ALREADY_EXISTS, "snapshot " + GoText.quote(key));
        }
        added = true;
        return mounts;
      } finally {
        if (!added) {
          backend.remove(place.backendKey());
        }
      }
    } finally {
      collecting.readLock().unlock();
    }
  }

  /** Without one it would be the parent of all that have none. */
  private static void requireName(String what, String name) throws ContainerdException {
    if (name.isEmpty()) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT, "snapshot " + what + " must not be empty");
    }
  }

  /** What the backend is to call a new snapshot, and what it calls its parent. */
  private record Place(String backendKey, String backendParent) {}

  private Place place(
      Transaction transaction, String namespace, String key, String parent, String target)
      throws ContainerdException, SQLException, IOException {
    if (!target.isEmpty() && table.find(transaction, namespace, target).isPresent()) {
      throw new ContainerdException(
          ErrorClass.ALREADY_EXISTS, "target snapshot " + GoText.quote(target));
    }
    if (table.find(transaction, namespace, key).isPresent()) {
      throw new ContainerdException(ErrorClass.ALREADY_EXISTS, "snapshot " + GoText.quote(key));
    }
    String backendParent =
        parent.isEmpty() ? "" : requireParent(transaction, namespace, parent).backendKey();
    return new Place(table.newBackendKey(transaction, namespace, key), backendParent);
  }

  private Row requireParent(Transaction transaction, String namespace, String parent)
      throws ContainerdException, SQLException, IOException {
    return table
        .find(transaction, namespace, parent)
        .orElseThrow(
            () ->
                new ContainerdException(
                    ErrorClass.NOT_FOUND, "parent snapshot " + parent + " does not exist"));
  }

  /** Takes a committed snapshot of the backend into the namespace. */
  private void adopt(
      Scope scope, String target, String parent, String backendParent, Map<String, String> labels)
      throws ContainerdException {
    SnapshotInfo found =
        backend
            .list(List.of("labels." + GoText.quote(TARGET) + "==" + GoText.quote(target)))
            .stream()
            .filter(info -> info.kind() == SnapshotKind.COMMITTED)
            .filter(info -> info.parent().equals(backendParent))
            .findFirst()
            .orElseThrow(
                () ->
                    new ContainerdException(
                        ErrorClass.NOT_FOUND,
                        "target snapshot " + GoText.quote(target) + " in backend"));
    Map<String, String> all = new TreeMap<>(found.labels());
    all.putAll(labels);
    Info info =
        Info.newBuilder()
            .setName(target)
            .setParent(parent)
            .setCreatedAt(Times.wire(found.created()))
            .setUpdatedAt(Times.wire(found.updated()))
            .putAllLabels(LabelSets.kept(all))
            .build();
    // Where another call has adopted it meanwhile, that is as good.
    var _ = add(scope, new Row(found.name(), info), backendParent, target);
  }

  private boolean add(Scope scope, Row row, String backendParent, String target)
      throws ContainerdException {
    return store.write(
        transaction -> {
          Info info = row.info();
          Holds.add(transaction, scope, Holds.snapshots(name), info.getName());
          if (table.find(transaction, scope.namespace(), info.getName()).isPresent()
              || table.isNameBeingGiven(transaction, scope.namespace(), info.getName())) {
            return false;
          }
          if (!info.getParent().isEmpty()) {
            Row parent = requireParent(transaction, scope.namespace(), info.getParent());
            if (!parent.backendKey().equals(backendParent)) {
              throw new ContainerdException(
                  ErrorClass.INVALID_ARGUMENT,
                  "mismatched parent " + info.getParent() + " from target " + target);
            }
          }
          table.insert(transaction, scope.namespace(), row);
          return true;
        });
  }

  /** Turns an active snapshot into a committed one, on the parent that it has. */
  public void commit(Scope scope, String newName, String key, Map<String, String> labels)
      throws ContainerdException {
    commit(scope, newName, key, "", labels);
  }

  /**
   * The same for who may want another parent.
   *
   * @param newParent what one that was prepared on no parent is to have as its parent from now on,
   *     as clients of containerd 2.2 may ask for who find that a snapshotter can do that; empty for
   *     none. No snapshotter here can
   * @throws ContainerdException of class NOT_IMPLEMENTED where that would be needed
   */
  public void commit(
      Scope scope, String newName, String key, String newParent, Map<String, String> labels)
      throws ContainerdException {
    requireName("name", newName);
    LabelSets.validate("info.Labels", labels);
    collecting.readLock().lock();
    try {
      commits.commit(scope, newName, key, newParent, labels);
    } catch (ContainerdException e) {
      if (e.errorClass() == ErrorClass.ALREADY_EXISTS) {
        hold(scope, newName);
      }
      throw e;
    } finally {
      collecting.readLock().unlock();
    }
  }

  /** Removes a snapshot that is nobody's parent; the backend is told by the next collection. */
  public void remove(Scope scope, String key) throws ContainerdException {
    collecting.readLock().lock();
    try {
      store.write(
          transaction -> {
            String namespace = scope.namespace();
            table.require(transaction, namespace, key);
            commits.requireNone(transaction, namespace, key);
            if (table.hasChildren(transaction, namespace, key)) {
              throw new ContainerdException(
                  ErrorClass.FAILED_PRECONDITION, "cannot remove snapshot with child");
            }
            table.delete(transaction, namespace, key);
            Holds.remove(transaction, scope, Holds.snapshots(name), key);
            transaction.garbage().deletion();
            transaction.garbage().snapshot(name);
            return true;
          });
    } finally {
      collecting.readLock().unlock();
    }
  }

  /** All snapshots of which one of the filters holds. */
  public List<Info> list(String namespace, List<String> filters) throws ContainerdException {
    Filter filter = Filter.parse(filters);
    List<Info> found = new ArrayList<>();
    for (Row row : store.read(transaction -> table.list(transaction, namespace))) {
      Optional<SnapshotInfo> backendInfo = backendInfo(row.backendKey());
      if (backendInfo.isPresent()) {
        Info info = merge(backendInfo.get(), row.info());
        if (filter.matches(path -> field(info, backendInfo.get().kind(), path))) {
          found.add(info);
        }
      }
    }
    return found;
  }

  private static @Nullable String field(Info info, SnapshotKind kind, List<String> path) {
    return switch (path.getFirst()) {
      case "kind" -> kind.filterValue();
      case "name" -> info.getName();
      case "parent" -> info.getParent();
      case "labels" -> LabelSets.field(path, info.getLabelsMap());
      default -> null;
    };
  }

  private Optional<SnapshotInfo> backendInfo(String backendKey) throws ContainerdException {
    try {
      return Optional.of(backend.stat(backendKey));
    } catch (ContainerdException e) {
      if (e.errorClass() == ErrorClass.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Frees what removed snapshots left behind. */
  public void cleanup() throws ContainerdException {
    backend.cleanup();
  }

  /** Removes from the backend what the metadata does not know, and frees its space. */
  public void collectGarbage() throws ContainerdException {
    collecting.writeLock().lock();
    try {
      Set<String> known = new HashSet<>(store.read(table::backendKeys));
      List<SnapshotInfo> unknown = new ArrayList<>(backend.list(List.of()));
      unknown.removeIf(info -> known.contains(info.name()));
      removeLeaves(unknown);
    } finally {
      collecting.writeLock().unlock();
    }
    backend.cleanup();
  }

  /** Removes children before their parents; a parent of something known stays. */
  private void removeLeaves(List<SnapshotInfo> unknown) throws ContainerdException {
    List<SnapshotInfo> left = unknown;
    while (!left.isEmpty()) {
      Set<String> parents = new HashSet<>();
      left.forEach(info -> parents.add(info.parent()));
      List<SnapshotInfo> next = new ArrayList<>();
      for (SnapshotInfo info : left) {
        if (parents.contains(info.name())) {
          next.add(info);
        } else {
          try {
            backend.remove(info.name());
          } catch (ContainerdException e) {
            if (e.errorClass() != ErrorClass.FAILED_PRECONDITION) {
              throw e;
            }
          }
        }
      }
      left = next;
    }
  }
}
