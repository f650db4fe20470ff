package io.morsel.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.Filter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SnapshotStoreTest {
  @TempDir Path directory;

  private SnapshotStore store;

  @BeforeEach
  void open() throws IOException {
    store = SnapshotStore.open(directory.resolve("snapshots.db"));
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void createdSnapshotIsKnownWithParentsTopmostFirst() throws Exception {
    long base = committed("base", "");
    long middle = committed("middle", "base");
    SnapshotChain chain = store.create(SnapshotKind.ACTIVE, "top", "middle", Map.of("a", "b"));
    assertThat(chain.parents()).extracting(SnapshotChain.Parent::id).containsExactly(middle, base);
    assertThat(store.chain("top")).isEqualTo(chain);
    SnapshotInfo info = store.stat("top").info();
    assertThat(info.parent()).isEqualTo("middle");
    assertThat(info.kind()).isEqualTo(SnapshotKind.ACTIVE);
    assertThat(info.labels()).containsExactly(Map.entry("a", "b"));
    assertThat(info.created()).isEqualTo(info.updated());
  }

  @Test
  void parentMustExistAndBeCommitted() throws Exception {
    store.create(SnapshotKind.ACTIVE, "active", "", Map.of());
    store.create(SnapshotKind.VIEW, "view", "", Map.of());
    fails(ErrorClass.NOT_FOUND, () -> store.create(SnapshotKind.ACTIVE, "x", "no", Map.of()));
    fails(
        ErrorClass.INVALID_ARGUMENT,
        () -> store.create(SnapshotKind.ACTIVE, "x", "active", Map.of()));
    fails(
        ErrorClass.INVALID_ARGUMENT, () -> store.create(SnapshotKind.VIEW, "x", "view", Map.of()));
    fails(ErrorClass.INVALID_ARGUMENT, () -> store.create(SnapshotKind.VIEW, "", "", Map.of()));
    fails(
        ErrorClass.INVALID_ARGUMENT, () -> store.create(SnapshotKind.COMMITTED, "x", "", Map.of()));
    fails(ErrorClass.ALREADY_EXISTS, () -> store.create(SnapshotKind.VIEW, "active", "", Map.of()));
    fails(ErrorClass.NOT_FOUND, () -> store.stat("x"));
  }

  @Test
  void commitKeepsNumberAndParentAndReplacesLabels() throws Exception {
    committed("base", "");
    long id = store.create(SnapshotKind.ACTIVE, "key", "base", Map.of("old", "1")).id();
    store.commit("key", "name", new SnapshotUsage(4096, 2), Map.of("new", "2", "empty", ""));
    StoredSnapshot snapshot = store.stat("name");
    assertThat(snapshot.id()).isEqualTo(id);
    assertThat(snapshot.usage()).isEqualTo(new SnapshotUsage(4096, 2));
    assertThat(snapshot.info().kind()).isEqualTo(SnapshotKind.COMMITTED);
    assertThat(snapshot.info().parent()).isEqualTo("base");
    assertThat(snapshot.info().labels()).isEqualTo(Map.of("new", "2"));
    fails(ErrorClass.NOT_FOUND, () -> store.stat("key"));
    fails(ErrorClass.FAILED_PRECONDITION, () -> store.chain("name"));
  }

  @Test
  void commitRefusals() throws Exception {
    committed("base", "");
    store.create(SnapshotKind.VIEW, "view", "base", Map.of());
    store.create(SnapshotKind.ACTIVE, "active", "base", Map.of());
    SnapshotUsage none = SnapshotUsage.NONE;
    fails(ErrorClass.ALREADY_EXISTS, () -> store.commit("active", "base", none, Map.of()));
    fails(ErrorClass.ALREADY_EXISTS, () -> store.commit("missing", "base", none, Map.of()));
    fails(ErrorClass.NOT_FOUND, () -> store.commit("missing", "new", none, Map.of()));
    fails(ErrorClass.FAILED_PRECONDITION, () -> store.commit("view", "new", none, Map.of()));
    fails(ErrorClass.FAILED_PRECONDITION, () -> store.commit("base", "new", none, Map.of()));
    assertThat(store.stat("active").info().kind()).isEqualTo(SnapshotKind.ACTIVE);
  }

  @Test
  void parentCannotBeRemovedBeforeChildren() throws Exception {
    committed("base", "");
    store.create(SnapshotKind.VIEW, "view", "base", Map.of());
    assertThatThrownBy(() -> store.remove("base"))
        .hasMessage("cannot remove snapshot with child: failed precondition");
    store.remove("view");
    store.remove("base");
    fails(ErrorClass.NOT_FOUND, () -> store.remove("base"));
    assertThat(store.ids()).isEmpty();
  }

  @Test
  void numbersAreNeverUsedTwiceEvenAfterReopening() throws Exception {
    long first = store.create(SnapshotKind.ACTIVE, "a", "", Map.of()).id();
    store.remove("a");
    store.close();
    open();
    assertThat(store.create(SnapshotKind.ACTIVE, "a", "", Map.of()).id()).isGreaterThan(first);
  }

  @Test
  void updateFollowsFieldMask() throws Exception {
    store.create(SnapshotKind.ACTIVE, "a", "", Map.of("one", "1", "two", "2"));
    assertThat(store.update("a", Map.of("one", "I", "two", "II"), List.of("labels.one")).labels())
        .isEqualTo(Map.of("one", "I", "two", "2"));
    assertThat(store.update("a", Map.of("x.y/z", "3"), List.of("labels.x.y/z")).labels())
        .containsEntry("x.y/z", "3")
        .hasSize(3);
    assertThat(store.update("a", Map.of(), List.of("labels.two")).labels())
        .doesNotContainKey("two");
    assertThat(store.update("a", Map.of("only", "1"), List.of("labels")).labels())
        .isEqualTo(Map.of("only", "1"));
    assertThat(store.update("a", Map.of(), List.of()).labels()).isEmpty();
    assertThatThrownBy(() -> store.update("a", Map.of(), List.of("parent")))
        .hasMessage("cannot update \"parent\" field on snapshot \"a\": invalid argument");
    fails(ErrorClass.NOT_FOUND, () -> store.update("b", Map.of(), List.of()));
    SnapshotInfo info = store.stat("a").info();
    assertThat(info.updated()).isAfter(info.created());
  }

  @Test
  void listFiltersByEveryField() throws Exception {
    committed("base", "");
    store.create(SnapshotKind.ACTIVE, "act", "base", Map.of("containerd.io/x", "v"));
    store.create(SnapshotKind.VIEW, "view", "base", Map.of());
    assertThat(names()).containsExactly("act", "base", "view");
    assertThat(names("kind==active")).containsExactly("act");
    assertThat(names("parent==base")).containsExactly("act", "view");
    assertThat(names("name~=/^[ab]/")).containsExactly("act", "base");
    assertThat(names("labels.\"containerd.io/x\"==v")).containsExactly("act");
    assertThat(names("labels.\"containerd.io/x\"")).containsExactly("act");
    assertThat(names("labels.containerd==v")).isEmpty();
    assertThat(names("name==base", "kind==view")).containsExactly("base", "view");
    assertThat(names("parent==base,kind!=view")).containsExactly("act");
  }

  @Test
  void failedPlacementLeavesNothing() throws Exception {
    boolean[] undone = {false};
    SnapshotStore.Placement failing =
        new SnapshotStore.Placement() {
          @Override
          public void place(SnapshotChain chain) throws IOException {
            throw new IOException("disk full");
          }

          @Override
          public void undo() {
            undone[0] = true;
          }
        };
    assertThatThrownBy(() -> store.create(SnapshotKind.ACTIVE, "a", "", Map.of(), failing))
        .hasMessageContaining("disk full");
    assertThat(undone[0]).isTrue();
    fails(ErrorClass.NOT_FOUND, () -> store.stat("a"));
    store.create(SnapshotKind.ACTIVE, "a", "", Map.of());
  }

  @Test
  void whatWasAnsweredSurvivesTheProcess() throws Exception {
    committed("base", "");
    store.create(SnapshotKind.ACTIVE, "a", "base", Map.of("l", "1"));
    // As after kill -9: the files as they are now, write-ahead log included, and no close.
    Path copy = Files.createDirectory(directory.resolve("copy"));
    for (String name : List.of("snapshots.db", "snapshots.db-wal")) {
      Files.copy(directory.resolve(name), copy.resolve(name));
    }
    try (SnapshotStore reopened = SnapshotStore.open(copy.resolve("snapshots.db"))) {
      assertThat(reopened.list(Filter.ALL)).isEqualTo(store.list(Filter.ALL)).hasSize(2);
    }
  }

  @Test
  void storeOfNewerMorselIsRefused() throws Exception {
    Path file = directory.resolve("newer.db");
    try (var connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        var statement = connection.createStatement()) {
      statement.executeUpdate("PRAGMA user_version = 99");
    }
    assertThatThrownBy(() -> SnapshotStore.open(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("schema version 99");
  }

  @Test
  void hundredThreadsCreateCommitAndRemove() throws Exception {
    committed("base", "");
    List<Thread> threads =
        IntStream.range(0, 100)
            .mapToObj(
                i ->
                    Thread.ofVirtual()
                        .unstarted(
                            () -> {
                              try {
                                store.create(SnapshotKind.ACTIVE, "k" + i, "base", Map.of());
                                store.commit("k" + i, "n" + i, SnapshotUsage.NONE, Map.of());
                                store.stat("n" + i);
                                if (i % 2 == 0) {
                                  store.remove("n" + i);
                                }
                              } catch (ContainerdException e) {
                                throw new AssertionError(e);
                              }
                            }))
            .toList();
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(store.list(Filter.ALL)).hasSize(51);
  }

  private long committed(String name, String parent) throws ContainerdException {
    store.create(SnapshotKind.ACTIVE, name + "-key", parent, Map.of());
    return store.commit(name + "-key", name, SnapshotUsage.NONE, Map.of());
  }

  private List<String> names(String... filters) throws ContainerdException {
    return store.list(Filter.parse(List.of(filters))).stream()
        .map(snapshot -> snapshot.info().name())
        .toList();
  }

  private static void fails(ErrorClass errorClass, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ContainerdException.class, e -> assertThat(e.errorClass()).isEqualTo(errorClass));
  }
}
