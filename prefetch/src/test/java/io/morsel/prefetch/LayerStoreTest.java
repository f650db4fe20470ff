package io.morsel.prefetch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.morsel.registry.Digest;
import io.morsel.stargz.LayerFormat;
import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.erofs.ErofsImage;
import io.morsel.stargz.tar.TarEntry;
import io.morsel.stargz.tar.TarHeaders;
import io.morsel.stargz.writer.EstargzLayer;
import io.morsel.stargz.writer.EstargzOptions;
import io.morsel.stargz.writer.EstargzWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The store with real eStargz layers. */
@Timeout(120)
final class LayerStoreTest {
  private static final FetchSettings QUIET =
      new FetchSettings(
          false, false, 0, 4, 1 << 20, 0, 1 << 20, 20_000, false, LayerLimits.DEFAULT);

  @TempDir private Path directory;
  private Path root = Path.of("");
  private final Events events = new Events();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, byte[]> files = new LinkedHashMap<>();
  private ScriptedBlob blob = new ScriptedBlob(new byte[0]);
  private LayerSource source = new LayerSource("", Digest.of(new byte[0]), 0, "");

  @BeforeEach
  void convert() throws Exception {
    root = directory.resolve("root");
    Random random = new Random(7);
    files.put("etc/first", random(random, 10_000));
    files.put("etc/empty", new byte[0]);
    files.put("usr/bin/large", random(random, 300_000));
    for (int i = 0; i < 50; i++) {
      files.put("usr/share/small-" + i, random(random, 100 + i));
    }
    convert(0, List.of("etc/first"));
  }

  private static byte[] random(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private void convert(int minMemberBytes, List<String> prioritized) throws Exception {
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      byte[] content = file.getValue();
      TarHeaders.write(TarEntry.file(file.getKey(), 0644, content.length), tar);
      tar.writeBytes(content);
      tar.writeBytes(new byte[TarHeaders.padding(content.length)]);
    }
    tar.writeBytes(new byte[TarHeaders.END_BYTES]);
    ByteArrayOutputStream converted = new ByteArrayOutputStream();
    EstargzLayer layer =
        new EstargzWriter(
                new EstargzOptions(
                    LayerFormat.ESTARGZ,
                    65_536,
                    minMemberBytes,
                    1,
                    prioritized,
                    LayerLimits.DEFAULT),
                threads,
                directory)
            .write(new ByteArrayInputStream(tar.toByteArray()), converted, (done, total) -> {});
    blob = new ScriptedBlob(converted.toByteArray());
    source =
        new LayerSource(
            "registry.example/image:1",
            Digest.parse(layer.digest()),
            layer.sizeBytes(),
            layer.tocDigest());
  }

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  private LayerStore store(FetchSettings settings) {
    return new LayerStore(root, settings, events);
  }

  private static byte[] read(Layer layer, String path) throws IOException {
    ErofsImage tree = layer.tree();
    long nid = tree.rootNid();
    for (String name : path.split("/", -1)) {
      nid = tree.lookup(nid, name.getBytes(UTF_8));
    }
    var inode = tree.inode(nid);
    ByteBuffer target = ByteBuffer.allocateDirect((int) inode.sizeBytes());
    if (target.hasRemaining()) {
      layer.read(inode.dataOffset(), target);
    }
    byte[] bytes = new byte[target.capacity()];
    target.flip().get(bytes);
    return bytes;
  }

  private void assertReads(Layer layer) throws IOException {
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      assertThat(read(layer, file.getKey())).as(file.getKey()).isEqualTo(file.getValue());
    }
  }

  private List<Path> leftovers() throws IOException {
    try (var children = Files.list(root.resolve("layers/sha256"))) {
      return children.filter(p -> p.getFileName().toString().startsWith(".")).toList();
    }
  }

  @Test
  void opensALayerAndReadsItsFiles() throws Exception {
    try (LayerStore store = store(QUIET);
        Layer layer = store.open(source, blob)) {
      int forTheIndex = blob.ranges.size();
      assertThat(layer.name()).isEqualTo(source.digest().toString());
      assertThat(layer.isComplete()).isFalse();
      assertThat(read(layer, "etc/first")).isEqualTo(files.get("etc/first"));
      assertThat(blob.ranges).hasSize(forTheIndex + 1);
      assertReads(layer);
      layer.ensure(0, layer.dataBytes(), FetchPriority.DEMAND);
      assertThat(layer.isComplete()).isTrue();
    }
    Path home = root.resolve("layers/sha256").resolve(source.digest().hex());
    try (var children = Files.list(home)) {
      assertThat(children.map(p -> p.getFileName().toString()))
          .containsExactlyInAnyOrder("meta.erofs", "chunks", "data", "present", "source.json");
    }
    assertThat(leftovers()).isEmpty();
  }

  @Test
  void readsManySmallFilesOutOfOneStream() throws Exception {
    convert(1 << 20, List.of());
    try (LayerStore store = store(QUIET);
        Layer layer = store.open(source, blob)) {
      int forTheIndex = blob.ranges.size();
      assertThat(read(layer, "usr/share/small-7")).isEqualTo(files.get("usr/share/small-7"));
      layer.ensure(0, layer.dataBytes(), FetchPriority.DEMAND);
      assertReads(layer);
      assertThat(blob.ranges).hasSize(forTheIndex + 1);
    }
  }

  @Test
  void restoresWithoutTheRegistry() throws Exception {
    try (LayerStore store = store(QUIET)) {
      assertThat(store.restore(source.digest(), this::noBlob)).isEmpty();
      store.open(source, blob).close();
      try (Layer layer = store.open(source, blob)) {
        layer.ensure(0, layer.dataBytes(), FetchPriority.DEMAND);
      }
    }
    try (LayerStore store = store(FetchSettings.DEFAULT);
        Layer layer = store.restore(source.digest(), this::noBlob).orElseThrow()) {
      assertThat(layer.isComplete()).isTrue();
      assertThat(layer.source()).isEqualTo(source);
      assertReads(layer);
    }
  }

  private ScriptedBlob noBlob() {
    throw new AssertionError("the registry was asked");
  }

  @Test
  void saysWhenItsDataMayBeReadWithoutAsking() throws Exception {
    try (LayerStore store = store(QUIET)) {
      try (Layer layer = store.open(source, blob)) {
        assertThat(layer.completed()).isNotDone();
        layer.ensure(0, layer.dataBytes(), FetchPriority.DEMAND);
        layer.completed().get(20, TimeUnit.SECONDS);
        assertThat(layer.unsyncedBytes()).isZero();
      }
      Layer again = store.restore(source.digest(), this::noBlob).orElseThrow();
      try (again) {
        assertThat(again.completed()).isDone();
        assertThat(again.dataFile()).hasSize(again.dataBytes());
      }
    }
  }

  @Test
  void asksForTheBlobWhenSomethingAbsentIsRead() throws Exception {
    try (LayerStore store = store(QUIET)) {
      store.open(source, blob).close();
    }
    blob.ranges.clear();
    try (LayerStore store = store(FetchSettings.DEFAULT);
        Layer layer = store.restore(source.digest(), () -> blob).orElseThrow()) {
      assertThat(blob.ranges).isEmpty();
      assertReads(layer);
      assertThat(blob.ranges).isNotEmpty();

      ScriptedBlob other = new ScriptedBlob(new byte[0]);
      layer.replaceBlob(() -> other);
    }
  }

  @Test
  void sharesOneLayerAmongItsHandles() throws Exception {
    try (LayerStore store = store(QUIET)) {
      List<Future<Layer>> opening = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        opening.add(threads.submit(() -> store.open(source, blob)));
      }
      List<Layer> layers = new ArrayList<>();
      for (Future<Layer> future : opening) {
        layers.add(future.get());
      }
      int once = blob.ranges.size();
      assertThat(layers).extracting(Layer::index).containsOnly(layers.getFirst().index());
      assertThat(once).as("footer and TOC were read once").isLessThanOrEqualTo(2);
      layers.getFirst().close();
      layers.getFirst().close();
      assertThatThrownBy(() -> read(layers.getFirst(), "etc/first"))
          .hasMessage("layer " + source.digest() + " is closed");
      assertReads(layers.getLast());
      assertThatThrownBy(() -> store.delete(source.digest())).hasMessageContaining("in use");
      assertThat(store.list()).singleElement().matches(StoredLayer::open);
      for (Layer layer : layers) {
        layer.close();
      }
      StoredLayer stored = store.list().getFirst();
      assertThat(stored.source()).isEqualTo(source);
      assertThat(stored.allocatedBytes()).isPositive();
      assertThat(stored.open()).isFalse();
      store.delete(source.digest());
      store.delete(source.digest());
      assertThat(store.list()).isEmpty();
      assertThat(leftovers()).isEmpty();
    }
  }

  @Test
  void prefetchesAndFillsAsConfigured() throws Exception {
    FetchSettings prefetching =
        new FetchSettings(
            true, false, 0, 4, 1 << 20, 0, 1 << 20, 20_000, false, LayerLimits.DEFAULT);
    try (LayerStore store = store(prefetching);
        Layer layer = store.open(source, blob)) {
      events.awaitStored(10_000);
      events.awaitRequests(1);
      assertThat(layer.presentBytes()).isEqualTo(10_000);
    }
    FetchSettings filling =
        new FetchSettings(
            true, true, 0, 4, 1 << 20, 0, 1 << 20, 20_000, false, LayerLimits.DEFAULT);
    try (LayerStore store = store(filling);
        Layer layer = store.open(source, blob)) {
      long all = files.values().stream().mapToLong(f -> f.length).sum();
      events.awaitStored(all);
      assertThat(layer.isComplete()).isTrue();
      assertThat(layer.presentBytes()).isEqualTo(all);
      assertReads(layer);
    }
  }

  @Test
  void refusesALayerWhoseTocNobodyVouchesFor() throws Exception {
    LayerSource silent = new LayerSource("r/i:1", source.digest(), source.sizeBytes(), "");
    try (LayerStore store = store(QUIET)) {
      assertThat(catchThrowableOfType(LayerFormatException.class, () -> store.open(silent, blob)))
          .hasMessageContaining("names no TOC digest")
          .extracting(LayerFormatException::kind)
          .isEqualTo(LayerFormatException.Kind.NO_TOC_DIGEST);
    }
    FetchSettings trusting =
        new FetchSettings(
            false, false, 0, 4, 1 << 20, 0, 1 << 20, 20_000, true, LayerLimits.DEFAULT);
    try (LayerStore store = store(trusting);
        Layer layer = store.open(silent, blob)) {
      assertReads(layer);
    }
    try (LayerStore store = store(QUIET)) {
      assertThatThrownBy(() -> store.restore(source.digest(), () -> blob))
          .isInstanceOf(LayerFormatException.class);
    }
  }

  @Test
  void leavesNothingOfALayerThatItRefused() throws Exception {
    LayerSource wrong =
        new LayerSource("r/i:1", source.digest(), source.sizeBytes(), "sha256:" + "0".repeat(64));
    try (LayerStore store = store(QUIET)) {
      assertThat(
              catchThrowableOfType(LayerFormatException.class, () -> store.open(wrong, blob))
                  .kind())
          .isEqualTo(LayerFormatException.Kind.TOC_DIGEST_MISMATCH);
      assertThat(store.list()).isEmpty();
      assertThat(leftovers()).isEmpty();

      // What is there, and open, is not given to somebody who was promised another TOC.
      try (Layer layer = store.open(source, blob)) {
        assertThat(
                catchThrowableOfType(LayerFormatException.class, () -> store.open(wrong, blob))
                    .kind())
            .isEqualTo(LayerFormatException.Kind.TOC_DIGEST_MISMATCH);
        assertReads(layer);
      }
    }
  }

  @Test
  void deletesWhatACrashLeft() throws Exception {
    Path parent = Files.createDirectories(root.resolve("layers/sha256"));
    Files.writeString(Files.createDirectory(parent.resolve(".tmp-1")).resolve("chunks"), "half");
    Files.createDirectory(parent.resolve(".trash-2"));

    store(QUIET).close();

    assertThat(leftovers()).isEmpty();
  }

  @Test
  void namesTheFileOfACorruptChunk() throws Exception {
    try (LayerStore store = store(QUIET);
        Layer layer = store.open(source, blob)) {
      blob.script(
          (n, range, bytes) -> {
            bytes[bytes.length / 2] ^= 1;
            return new ByteArrayInputStream(bytes);
          });
      assertThatThrownBy(() -> read(layer, "etc/first"))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("layer " + source.digest() + ", file ")
          .hasMessageContaining("etc/first");
      blob.script((n, range, bytes) -> new ByteArrayInputStream(bytes));
      assertThat(read(layer, "usr/bin/large")).isEqualTo(files.get("usr/bin/large"));
      assertThat(events.corruptions).hasValue(1);
    }
  }

  @Test
  void closesWhatIsStillOpen() throws Exception {
    LayerStore store = store(QUIET);
    Layer layer = store.open(source, blob);
    assertThat(read(layer, "etc/first")).hasSize(10_000);

    store.close();

    assertThatThrownBy(() -> layer.ensure(0, 1, FetchPriority.DEMAND))
        .hasMessageContaining("is closed");
    layer.close();
    assertThatThrownBy(() -> store.open(source, blob)).hasMessage("the layer store is closed");
  }
}
