package io.morsel.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.Filter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random histories: the store answers as a few maps do that follow containerd's rules. */
final class SnapshotStoreModelTest {
  @TempDir Path directory;

  private record Entry(SnapshotKind kind, String parent, Map<String, String> labels) {}

  private final Map<String, Entry> model = new TreeMap<>();

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void storeFollowsModel(long seed) throws Exception {
    Random random = new Random(seed);
    Path file = directory.resolve("store.db");
    SnapshotStore store = SnapshotStore.open(file);
    try {
      for (int step = 0; step < 300; step++) {
        if (random.nextInt(60) == 0) {
          store.close();
          store = SnapshotStore.open(file);
        }
        String context = "seed " + seed + ", step " + step;
        assertThat(step(store, random)).as(context).isEmpty();
        assertThat(contents(store)).as(context).isEqualTo(model);
      }
      assertThat(model).as("seed %s", seed).isNotEmpty();
    } finally {
      store.close();
    }
  }

  /** Does one operation on both; the difference in how they ended, or nothing. */
  private String step(SnapshotStore store, Random random) {
    String a = name(random);
    String b = name(random);
    Map<String, String> labels = random.nextBoolean() ? Map.of() : Map.of(name(random), "v");
    return switch (random.nextInt(5)) {
      case 0, 1 -> {
        SnapshotKind kind = random.nextBoolean() ? SnapshotKind.ACTIVE : SnapshotKind.VIEW;
        String parent = random.nextInt(3) == 0 ? "" : b;
        Entry below = model.get(parent);
        ErrorClass expected =
            !parent.isEmpty() && below == null
                ? ErrorClass.NOT_FOUND
                : below != null && below.kind() != SnapshotKind.COMMITTED
                    ? ErrorClass.INVALID_ARGUMENT
                    : model.containsKey(a) ? ErrorClass.ALREADY_EXISTS : null;
        if (expected == null) {
          model.put(a, new Entry(kind, parent, labels));
        }
        yield compare(expected, () -> store.create(kind, a, parent, labels));
      }
      case 2 -> {
        Entry active = model.get(a);
        ErrorClass expected =
            model.containsKey(b)
                ? ErrorClass.ALREADY_EXISTS
                : active == null
                    ? ErrorClass.NOT_FOUND
                    : active.kind() == SnapshotKind.ACTIVE ? null : ErrorClass.FAILED_PRECONDITION;
        if (expected == null && active != null) {
          model.remove(a);
          model.put(b, new Entry(SnapshotKind.COMMITTED, active.parent(), labels));
        }
        yield compare(expected, () -> store.commit(a, b, SnapshotUsage.NONE, labels));
      }
      case 3 -> {
        boolean hasChild = model.values().stream().anyMatch(entry -> entry.parent().equals(a));
        ErrorClass expected =
            !model.containsKey(a)
                ? ErrorClass.NOT_FOUND
                : hasChild ? ErrorClass.FAILED_PRECONDITION : null;
        if (expected == null) {
          model.remove(a);
        }
        yield compare(expected, () -> store.remove(a));
      }
      default -> {
        Entry entry = model.get(a);
        if (entry != null) {
          model.put(a, new Entry(entry.kind(), entry.parent(), labels));
        }
        yield compare(
            entry == null ? ErrorClass.NOT_FOUND : null,
            () -> store.update(a, labels, List.of("labels")));
      }
    };
  }

  private interface Operation {
    Object run() throws ContainerdException;
  }

  private static String compare(@Nullable ErrorClass expected, Operation operation) {
    ErrorClass actual = null;
    try {
      operation.run();
    } catch (ContainerdException e) {
      actual = e.errorClass();
    }
    return actual == expected ? "" : "expected " + expected + ", was " + actual;
  }

  private static String name(Random random) {
    return "s" + random.nextInt(12);
  }

  private static Map<String, Entry> contents(SnapshotStore store) throws ContainerdException {
    Map<String, Entry> contents = new TreeMap<>();
    List<Long> ids = new ArrayList<>();
    for (StoredSnapshot snapshot : store.list(Filter.ALL)) {
      SnapshotInfo info = snapshot.info();
      ids.add(snapshot.id());
      contents.put(info.name(), new Entry(info.kind(), info.parent(), info.labels()));
    }
    assertThat(ids).doesNotHaveDuplicates();
    assertThat(store.ids()).hasSameElementsAs(ids);
    return contents;
  }
}
