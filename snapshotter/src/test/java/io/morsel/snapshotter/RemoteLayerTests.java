package io.morsel.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.morsel.fuse.Mountinfo;
import io.morsel.registry.Descriptor;
import io.morsel.stargz.LayerFormat;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.writer.EstargzLayer;
import io.morsel.stargz.writer.EstargzOptions;
import io.morsel.stargz.writer.EstargzWriter;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Tests of a daemon with layers of a registry, which it mounts. */
abstract class RemoteLayerTests extends DaemonTests {
  TestRegistry registry;

  @BeforeEach
  @Override
  final void start() throws Exception {
    needsRoot();
    assumeThat(Path.of("/dev/fuse")).exists();
    registry = new TestRegistry();
    super.start();
  }

  @Override
  final MorselConfig configure(MorselConfig config) {
    return config
        .with(ConfigKeys.FETCH_BACKGROUND_FILL, false)
        .with(ConfigKeys.WARM_UP, false)
        .with(ConfigKeys.REGISTRY_RETRIES, 0L);
  }

  @AfterEach
  @Override
  final void stop() throws Exception {
    super.stop();
    registry.close();
    assertThat(Mountinfo.under(directory)).isEmpty();
  }

  final Path layerDirectory(Descriptor layer) {
    return directory.resolve("root/layers/sha256").resolve(layer.digest().hex());
  }

  /** Prepares as the unpacker does, and expects that nothing is to be unpacked. */
  final void prepareRemote(String key, String parent, String target, Map<String, String> labels) {
    Map<String, String> all = new HashMap<>(labels);
    all.put(Labels.SNAPSHOT_REF, target);
    assertThatThrownBy(() -> prepare(key, parent, all))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.ALREADY_EXISTS));
  }

  final Map<String, String> cri(String manifest, Descriptor layer) {
    Map<String, String> labels = new HashMap<>(layer.annotations());
    labels.put(Labels.CRI_IMAGE_REF, registry.reference("image:1"));
    labels.put(Labels.CRI_MANIFEST_DIGEST, manifest);
    labels.put(Labels.CRI_LAYER_DIGEST, layer.digest().toString());
    labels.put(Labels.CRI_IMAGE_LAYERS, layer.digest().toString());
    return labels;
  }

  final Map<String, String> stargz(Descriptor layer) {
    Map<String, String> labels = new HashMap<>(layer.annotations());
    labels.put(Labels.STARGZ_REFERENCE, registry.reference("image:1"));
    labels.put(Labels.STARGZ_DIGEST, layer.digest().toString());
    return labels;
  }

  final byte[] tar(String name, String file, String content) throws Exception {
    Path tree = Files.createDirectories(directory.resolve("tree-" + name));
    Files.writeString(tree.resolve(file), content);
    Path tar = directory.resolve(name + ".tar");
    var _ = run("tar", "-C", tree.toString(), "-cf", tar.toString(), ".");
    return Files.readAllBytes(tar);
  }

  final Descriptor lazy(String name, String file, String content) throws Exception {
    return lazy(tar(name, file, content));
  }

  final Descriptor lazy(byte[] tar) throws Exception {
    ByteArrayOutputStream blob = new ByteArrayOutputStream();
    EstargzLayer layer;
    try (var compressors = Executors.newFixedThreadPool(1)) {
      EstargzOptions options =
          new EstargzOptions(LayerFormat.ESTARGZ, 4096, 0, 1, List.of(), LayerLimits.DEFAULT);
      layer =
          new EstargzWriter(options, compressors, directory)
              .write(new java.io.ByteArrayInputStream(tar), blob, (done, total) -> {});
    }
    return registry.addLayer(blob.toByteArray(), layer.tocDigest());
  }

  static void await(BooleanSupplier condition) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited too long").isLessThan(deadline);
      Thread.sleep(10);
    }
  }
}
