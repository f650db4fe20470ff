package io.morsel.runtime.gc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.content.Info;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.leases.Resource;
import io.morsel.containerd.api.types.Descriptor;
import io.morsel.containerd.api.types.Sandbox;
import io.morsel.runtime.event.Exchange;
import io.morsel.runtime.lease.LeaseStore;
import io.morsel.runtime.store.MessageTable;
import io.morsel.runtime.store.MetadataStore;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CollectorTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

  @TempDir Path directory;
  private MetadataStore store;
  private LeaseStore leases;
  private Collector collector;
  private final List<String> cleaned = new ArrayList<>();

  @BeforeEach
  void open() throws Exception {
    store = MetadataStore.open(directory.resolve("metadata.db"));
    Clock clock = Clock.fixed(NOW, java.time.ZoneOffset.UTC);
    leases = new LeaseStore(store, clock);
    collector =
        new Collector(
            store,
            new Exchange(clock),
            () -> cleaned.add("content"),
            Map.of("overlayfs", () -> cleaned.add("overlayfs"), "morsel", () -> cleaned.add("m")),
            clock);
  }

  @AfterEach
  void close() {
    store.close();
  }

  private void blob(String namespace, String id, String... labels) throws ContainerdException {
    store.write(
        transaction ->
            MessageTable.CONTENT.insert(
                transaction, namespace, id, Info.newBuilder().putAllLabels(map(labels)).build()));
  }

  private void image(String name, String target, String... labels) throws ContainerdException {
    store.write(
        transaction ->
            MessageTable.IMAGES.insert(
                transaction,
                "ns",
                name,
                Image.newBuilder()
                    .setTarget(Descriptor.newBuilder().setDigest(target))
                    .putAllLabels(map(labels))
                    .build()));
  }

  private void snapshot(String name, String parent, String... labels) throws ContainerdException {
    store.write(
        transaction -> {
          transaction.ensureNamespace("ns");
          return transaction.update(
              "INSERT INTO snapshot (namespace, snapshotter, name, parent, backend_key, value)"
                  + " VALUES ('ns', 'overlayfs', ?, ?, ?, ?)",
              name,
              parent,
              "ns/1/" + name,
              io.morsel.containerd.api.snapshots.Info.newBuilder()
                  .putAllLabels(map(labels))
                  .build()
                  .toByteArray());
        });
  }

  private static Map<String, String> map(String... labels) {
    Map<String, String> map = new java.util.TreeMap<>();
    for (int i = 0; i < labels.length; i += 2) {
      map.put(labels[i], labels[i + 1]);
    }
    return map;
  }

  private List<String> left(String table, String column) throws ContainerdException {
    return store.read(
        transaction ->
            transaction.list(
                "SELECT namespace || ':' || " + column + " FROM " + table + " ORDER BY 1",
                rows -> rows.getString(1)));
  }

  private List<String> blobs() throws ContainerdException {
    return left("content", "id");
  }

  @Test
  void imageKeepsWhatItsContentRefersToAcrossNoNamespace() throws Exception {
    image("i", "index");
    blob("ns", "index", "containerd.io/gc.ref.content.m.0", "manifest");
    blob(
        "ns",
        "manifest",
        "containerd.io/gc.ref.content/config",
        "config",
        "containerd.io/gc.ref.contents",
        "no-reference");
    blob("ns", "config", "containerd.io/gc.ref.snapshot.overlayfs/x", "top");
    blob("ns", "no-reference");
    blob("other", "manifest");
    snapshot("bottom", "");
    snapshot("top", "bottom");
    snapshot("loose", "bottom");
    collector.collect();
    assertThat(blobs()).containsExactly("ns:config", "ns:index", "ns:manifest");
    assertThat(left("snapshot", "name")).containsExactly("ns:bottom", "ns:top");
  }

  @Test
  void cleanupsRunTheFirstTimeAndThenOnlyWhereSomethingWasDeleted() throws Exception {
    collector.collect();
    assertThat(cleaned).containsExactlyInAnyOrder("content", "overlayfs", "m");
    cleaned.clear();
    collector.collect();
    assertThat(cleaned).isEmpty();
    blob("ns", "x");
    collector.collect();
    assertThat(cleaned).containsExactly("content");
    cleaned.clear();
    snapshot("s", "");
    collector.collect();
    assertThat(cleaned).containsExactly("overlayfs");
  }

  @Test
  void leaseHoldsItsResourcesWithTheirReferencesUnlessFlat() throws Exception {
    for (String id : List.of("deep", "flat")) {
      blob("ns", id, "containerd.io/gc.ref.content", id + "-child");
      blob("ns", id + "-child");
      snapshot(id + "-parent", "");
      snapshot(id, id + "-parent", "containerd.io/gc.ref.content.x", id + "-by-snapshot");
      blob("ns", id + "-by-snapshot");
      leases.create("ns", id, id.equals("flat") ? Map.of("containerd.io/gc.flat", "x") : Map.of());
      leases.addResource("ns", id, resource("content", "sha256:" + "a".repeat(64)));
      store.write(
          transaction ->
              transaction.update(
                  "INSERT INTO lease_resource VALUES ('ns', ?1, 'content', ?1),"
                      + " ('ns', ?1, 'snapshots/overlayfs', ?1)",
                  id));
    }
    collector.collect();
    assertThat(blobs())
        .containsExactly("ns:deep", "ns:deep-by-snapshot", "ns:deep-child", "ns:flat");
    assertThat(left("snapshot", "name"))
        .containsExactly("ns:deep", "ns:deep-parent", "ns:flat", "ns:flat-parent");
  }

  private static Resource resource(String type, String id) {
    return Resource.newBuilder().setType(type).setId(id).build();
  }

  @Test
  void leaseEndsWhenItExpires() throws Exception {
    String past = NOW.minusSeconds(1).toString();
    String future = NOW.plusSeconds(1).toString();
    leases.create("ns", "past", Map.of("containerd.io/gc.expire", past));
    leases.create("ns", "future", Map.of("containerd.io/gc.expire", future));
    leases.create("ns", "zoned", Map.of("containerd.io/gc.expire", "2026-01-02T04:04:06+01:00"));
    leases.create("ns", "unreadable", Map.of("containerd.io/gc.expire", "tomorrow"));
    for (String id : List.of("past", "future")) {
      blob("ns", id);
      store.write(
          transaction ->
              transaction.update(
                  "INSERT INTO lease_resource VALUES ('ns', ?1, 'content', ?1)", id));
    }
    collector.collect();
    assertThat(left("lease", "id")).containsExactly("ns:future", "ns:unreadable", "ns:zoned");
    assertThat(blobs()).containsExactly("ns:future");
  }

  @Test
  void ingestIsKeptUntilItExpiresOrByItsLease() throws Exception {
    leases.create("ns", "l", Map.of());
    store.write(
        transaction ->
            transaction.update(
                    "INSERT INTO ingest VALUES ('ns', 'fresh', 'b1', ?, 'shared'),"
                        + " ('ns', 'old', 'b2', ?, NULL), ('ns', 'leased', 'b3', NULL, NULL),"
                        + " ('ns', 'lost', 'b4', NULL, NULL)",
                    NOW.plus(Duration.ofHours(1)).getEpochSecond(),
                    NOW.minusSeconds(1).getEpochSecond())
                + transaction.update(
                    "INSERT INTO lease_resource VALUES ('ns', 'l', 'ingests', 'leased')"));
    blob("ns", "shared");
    collector.collect();
    assertThat(left("ingest", "ref")).containsExactly("ns:fresh", "ns:leased");
    assertThat(blobs()).containsExactly("ns:shared");
  }

  @Test
  void containersSandboxesAndRootLabelsKeep() throws Exception {
    store.write(
        transaction ->
            MessageTable.CONTAINERS.insert(
                    transaction,
                    "ns",
                    "c",
                    Container.newBuilder()
                        .setSnapshotter("overlayfs")
                        .setSnapshotKey("c")
                        .putLabels("containerd.io/gc.ref.content.x", "by-container")
                        .build())
                && MessageTable.SANDBOXES.insert(
                    transaction,
                    "ns",
                    "s",
                    Sandbox.newBuilder()
                        .putLabels("containerd.io/gc.ref.content", "by-sandbox")
                        .build()));
    snapshot("c", "p");
    snapshot("p", "");
    snapshot("root", "", "containerd.io/gc.root", "now");
    blob("ns", "by-container");
    blob("ns", "by-sandbox");
    blob("ns", "by-nobody");
    blob("ns", "root", "containerd.io/gc.root", "now");
    collector.collect();
    assertThat(blobs()).containsExactly("ns:by-container", "ns:by-sandbox", "ns:root");
    assertThat(left("snapshot", "name")).containsExactly("ns:c", "ns:p", "ns:root");
  }

  @Test
  void backReferenceKeepsWhatHasItAsLongAsWhatItNames() throws Exception {
    image("i", "target");
    blob("ns", "target");
    blob("ns", "referrer", "containerd.io/gc.bref.content.subject", "target");
    blob("ns", "by-image", "containerd.io/gc.bref.image", "i");
    blob("ns", "of-nothing", "containerd.io/gc.bref.content", "gone");
    snapshot("by-content", "", "containerd.io/gc.bref.content", "referrer");
    collector.collect();
    assertThat(blobs()).containsExactly("ns:by-image", "ns:referrer", "ns:target");
    assertThat(left("snapshot", "name")).containsExactly("ns:by-content");
  }

  @Test
  void imageThatExpiresGoesUnlessSomethingRefersToIt() throws Exception {
    String past = NOW.minusSeconds(1).toString();
    image("old", "t1", "containerd.io/gc.expire", past);
    image("old-but-held", "t2", "containerd.io/gc.expire", past);
    image("holder", "t3", "containerd.io/gc.ref.image.x", "old-but-held");
    blob("ns", "t1");
    blob("ns", "t2");
    collector.collect();
    assertThat(left("image", "id")).containsExactly("ns:holder", "ns:old-but-held");
    assertThat(blobs()).containsExactly("ns:t2");
  }

  @Test
  void collectionThatSomebodyWaitsForIsDoneWhenTheyGoOn() throws Exception {
    try (Scheduler scheduler = Scheduler.start(collector)) {
      store.listen(scheduler::mutated);
      for (int i = 0; i < 20; i++) {
        blob("ns", "x" + i);
        scheduler.collectAndWait();
        assertThat(blobs()).isEmpty();
      }
    }
  }

  /** As where somebody replaces the program under a core that runs: a class is not found. */
  @Test
  void failuresAreToldToWhoWaitsAndDoNotEndIt() throws Exception {
    AtomicBoolean broken = new AtomicBoolean(true);
    Collector failing =
        new Collector(
            store,
            new Exchange(Clock.fixed(NOW, java.time.ZoneOffset.UTC)),
            () -> {
              if (broken.get()) {
                throw new NoClassDefFoundError("gone");
              }
            },
            Map.of(),
            Clock.fixed(NOW, java.time.ZoneOffset.UTC));
    try (Scheduler scheduler = Scheduler.start(failing)) {
      blob("ns", "x");
      assertThatThrownBy(scheduler::collectAndWait).hasMessage("gc failed: gone");
      broken.set(false);
      scheduler.collectAndWait();
      assertThat(blobs()).isEmpty();
    }
  }
}
