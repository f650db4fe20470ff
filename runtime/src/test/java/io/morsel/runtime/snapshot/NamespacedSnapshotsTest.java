package io.morsel.runtime.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.leases.Resource;
import io.morsel.containerd.api.snapshots.Info;
import io.morsel.containerd.api.snapshots.Kind;
import io.morsel.runtime.lease.LeaseStore;
import io.morsel.runtime.store.MetadataStore;
import io.morsel.runtime.store.Scope;
import io.morsel.snapshotter.EmbeddedSnapshotter;
import io.morsel.snapshotter.SnapshotInfo;
import io.morsel.snapshotter.SnapshotKind;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NamespacedSnapshotsTest {
  private static final Scope A = Scope.of("a");
  private static final Scope B = Scope.of("b");

  @TempDir Path directory;
  private MetadataStore store;
  private EmbeddedSnapshotter backend;
  private NamespacedSnapshots snapshots;

  @BeforeEach
  void open() throws Exception {
    store = MetadataStore.open(directory.resolve("metadata.db"));
    backend = EmbeddedSnapshotter.overlay(directory.resolve("overlayfs"));
    snapshots =
        NamespacedSnapshots.open(store, "overlayfs", backend.snapshotter(), Clock.systemUTC());
  }

  @AfterEach
  void close() {
    backend.close();
    store.close();
  }

  private void prepare(Scope scope, String key, String parent) throws ContainerdException {
    assertThat(snapshots.create(scope, SnapshotKind.ACTIVE, key, parent, Map.of())).hasSize(1);
  }

  private List<String> names(String namespace, String... filters) throws ContainerdException {
    return snapshots.list(namespace, List.of(filters)).stream().map(Info::getName).toList();
  }

  private List<String> backendNames() throws ContainerdException {
    return backend.snapshotter().list(List.of()).stream().map(SnapshotInfo::name).toList();
  }

  @Test
  void namespacesHaveNamesOfTheirOwn() throws Exception {
    prepare(A, "k", "");
    prepare(B, "k", "");
    snapshots.commit(A, "c", "k", Map.of("containerd.io/snapshot/x", "1", "mine", "2"));
    assertThat(names("a")).containsExactly("c");
    assertThat(names("b")).containsExactly("k");
    assertThat(backendNames()).containsExactlyInAnyOrder("a/2/c", "b/1/k");
    Info info = snapshots.stat("a", "c");
    assertThat(info.getKind()).isEqualTo(Kind.COMMITTED);
    assertThat(info.getLabelsMap()).isEqualTo(Map.of("containerd.io/snapshot/x", "1", "mine", "2"));
    // The backend gets to see only what is meant for it.
    assertThat(backend.snapshotter().stat("a/2/c").labels())
        .isEqualTo(Map.of("containerd.io/snapshot/x", "1"));
    assertThat(names("a", "kind==committed,labels.mine==2")).containsExactly("c");
    assertThat(names("a", "kind==active")).isEmpty();
  }

  @Test
  void whatIsFoundUnderALeaseIsHeldByIt() throws Exception {
    LeaseStore leases = new LeaseStore(store, Clock.systemUTC());
    leases.create("a", "l", Map.of());
    Scope scope = new Scope("a", "l");
    prepare(A, "k", "");
    snapshots.commit(A, "c", "k", Map.of());
    assertThatThrownBy(() -> snapshots.stat(scope, "none"))
        .hasMessage("snapshot none does not exist: not found");
    assertThat(snapshots.stat(A, "c")).isEqualTo(snapshots.stat("a", "c"));
    assertThat(snapshots.stat(new Scope("a", "gone"), "c")).isEqualTo(snapshots.stat("a", "c"));
    assertThat(leases.resources("a", "l")).isEmpty();
    for (int i = 0; i < 2; i++) {
      assertThat(snapshots.stat(scope, "c")).isEqualTo(snapshots.stat("a", "c"));
      assertThat(leases.resources("a", "l"))
          .extracting(Resource::getType, Resource::getId)
          .containsExactly(tuple("snapshots/overlayfs", "c"));
    }
  }

  @Test
  void whatAnotherHasCommittedIsHeldByWhoComesLate() throws Exception {
    LeaseStore leases = new LeaseStore(store, Clock.systemUTC());
    leases.create("a", "l", Map.of());
    Scope scope = new Scope("a", "l");
    prepare(A, "k", "");
    prepare(A, "late", "");
    snapshots.commit(A, "c", "k", Map.of());
    assertThatThrownBy(() -> snapshots.commit(scope, "c", "late", Map.of()))
        .hasMessage("snapshot \"c\": already exists");
    assertThat(leases.resources("a", "l")).extracting(Resource::getId).containsExactly("c");
    leases.create("a", "m", Map.of());
    assertThatThrownBy(
            () ->
                snapshots.create(
                    new Scope("a", "m"),
                    SnapshotKind.ACTIVE,
                    "n",
                    "",
                    Map.of("containerd.io/snapshot.ref", "c")))
        .hasMessage("target snapshot \"c\": already exists");
    assertThat(leases.resources("a", "m")).extracting(Resource::getId).containsExactly("c");
  }

  @Test
  void failuresReadAsContainerds() throws Exception {
    assertThatThrownBy(() -> snapshots.stat("a", "none"))
        .hasMessage("snapshot none does not exist: not found");
    assertThatThrownBy(() -> snapshots.commit(A, "c", "none", Map.of()))
        .hasMessage("can not find snapshotter \"overlayfs\": not found");
    assertThatThrownBy(() -> prepare(A, "k", "none"))
        .hasMessage("parent snapshot none does not exist: not found");
    prepare(A, "k", "");
    assertThatThrownBy(() -> prepare(A, "k", "")).hasMessage("snapshot \"k\": already exists");
    assertThatThrownBy(() -> snapshots.commit(A, "k", "k", Map.of()))
        .hasMessage("snapshot \"k\": already exists");
    assertThatThrownBy(() -> snapshots.commit(A, "c", "none", Map.of()))
        .hasMessage("snapshot none does not exist: not found");
    snapshots.commit(A, "c", "k", Map.of());
    prepare(A, "k2", "c");
    assertThatThrownBy(() -> snapshots.remove(A, "c"))
        .hasMessage("cannot remove snapshot with child: failed precondition");
    assertThatThrownBy(
            () -> snapshots.update("a", Info.newBuilder().setName("c").build(), List.of("parent")))
        .hasMessage("cannot update \"parent\" field on snapshot \"c\": invalid argument");
    assertThatThrownBy(
            () ->
                snapshots.create(
                    A, SnapshotKind.ACTIVE, "again", "", Map.of("containerd.io/snapshot.ref", "c")))
        .hasMessage("target snapshot \"c\": already exists");
    // A commit that the backend refuses leaves no trace.
    assertThatThrownBy(() -> snapshots.commit(A, "c2", "c", Map.of()))
        .hasMessageContaining("failed precondition");
    assertThat(names("a")).containsExactly("c", "k2");
    snapshots.commit(A, "c2", "k2", Map.of());
    assertThat(snapshots.stat("a", "c2").getParent()).isEqualTo("c");
  }

  /** A snapshot without a name would be the parent of all that have none. */
  @Test
  void namesAreNotEmpty() throws Exception {
    assertThatThrownBy(() -> prepare(A, "", ""))
        .hasMessage("snapshot key must not be empty: invalid argument");
    prepare(A, "k", "");
    assertThatThrownBy(() -> snapshots.commit(A, "", "k", Map.of()))
        .hasMessage("snapshot name must not be empty: invalid argument");
    assertThatThrownBy(() -> snapshots.commit(A, "c", "k", Map.of("", "x")))
        .hasMessage("info.Labels: label key must not be empty: invalid argument");
    assertThat(names("a")).containsExactly("k");
  }

  /** As clients of containerd 2.2 ask for that unpack layers in any order. */
  @Test
  void anotherParentIsNotTakenForGranted() throws Exception {
    prepare(A, "k", "");
    snapshots.commit(A, "c", "k", Map.of());
    prepare(A, "k2", "");
    assertThatThrownBy(() -> snapshots.commit(A, "c2", "k2", "c", Map.of()))
        .hasMessageContaining("can't commit snapshot k2 onto parent c")
        .hasMessageEndingWith("not implemented");
    assertThat(names("a")).containsExactly("c", "k2");
    prepare(A, "k3", "c");
    snapshots.commit(A, "c3", "k3", "c", Map.of());
    assertThat(snapshots.stat("a", "c3").getParent()).isEqualTo("c");
  }

  @Test
  void removedSnapshotsLeaveTheBackendWithTheCollection() throws Exception {
    prepare(A, "k", "");
    snapshots.commit(A, "c", "k", Map.of());
    prepare(A, "k2", "c");
    snapshots.commit(A, "c2", "k2", Map.of());
    prepare(B, "other", "");
    snapshots.remove(A, "c2");
    snapshots.remove(A, "c");
    assertThat(backendNames()).hasSize(3);
    snapshots.collectGarbage();
    assertThat(backendNames()).containsExactly("b/1/other");
  }

  @Test
  void commitThatAKilledProcessLeftIsEndedEitherWay() throws Exception {
    prepare(A, "done", "");
    prepare(A, "undone", "");
    for (String key : List.of("done", "undone")) {
      store.write(
          transaction ->
              transaction.update(
                  "INSERT INTO snapshot_commit VALUES ('a', 'overlayfs', ?, ?, ?, ?)",
                  key,
                  key + "-c",
                  "a/9/" + key,
                  Info.newBuilder().setName(key + "-c").putLabels("l", "v").build().toByteArray()));
    }
    backend.snapshotter().commit("a/9/done", "a/1/done", Map.of());
    close();
    open();
    assertThat(names("a")).containsExactly("done-c", "undone");
    assertThat(snapshots.stat("a", "done-c").getLabelsMap()).containsEntry("l", "v");
    snapshots.commit(A, "undone-c", "undone", Map.of());
    assertThat(names("a")).containsExactly("done-c", "undone-c");
  }
}
