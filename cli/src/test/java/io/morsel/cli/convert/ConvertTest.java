package io.morsel.cli.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.cli.Main;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.registry.Credentials;
import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import io.morsel.registry.ImageConfig;
import io.morsel.registry.ImageIndex;
import io.morsel.registry.ImageSource;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.Platform;
import io.morsel.registry.RegistryClient;
import io.morsel.registry.RegistrySettings;
import io.morsel.registry.RemoteBlob;
import io.morsel.registry.TransferListener;
import io.morsel.registry.VerifiedContent;
import io.morsel.stargz.LayerBlob;
import io.morsel.stargz.LayerFormat;
import io.morsel.stargz.LayerIndex;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.TocTrust;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Runs {@code morsel convert} over images in layouts and in a registry. */
final class ConvertTest {
  @TempDir Path directory = Path.of("");

  private final RegistryClient client =
      new RegistryClient(
          RegistrySettings.defaults("test"), Credentials.anonymous(), TransferListener.NONE);
  private String layout = "";
  private Path scratch = Path.of("");

  private record Run(int code, String out, String err) {}

  @BeforeEach
  void prepare() throws IOException {
    layout = "oci:" + directory.resolve("layout");
    scratch = Files.createDirectory(directory.resolve("scratch"));
  }

  @AfterEach
  void leavesNothingBehind() {
    client.close();
    assertThat(scratch).isEmptyDirectory();
  }

  @Test
  void convertsASingleImageAndKeepsTheRest() throws Exception {
    writeSingle(layout + ":plain");

    Run run = convert(layout + ":plain", layout + ":lazy");

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains(layout + ":lazy: sha256:", "3 layers");
    assertThat(run.err()).contains(" became ");
    ImageSource before = client.source(layout + ":plain");
    ImageSource after = client.source(layout + ":lazy");
    Manifest manifest = manifest(after.top());
    assertLazy(after, manifest, LayerFormat.ESTARGZ);
    assertThat(manifest.annotations()).containsEntry("image", "annotation");
    assertThat(manifest.layers().get(2).annotations())
        .containsEntry("kept", "yes")
        .doesNotContainKey("io.github.containers.zstd-chunked.manifest-position");
    ObjectNode oldConfig = config(before);
    ObjectNode newConfig = config(after);
    ((ObjectNode) oldConfig.get("rootfs")).remove("diff_ids");
    ((ObjectNode) newConfig.get("rootfs")).remove("diff_ids");
    assertThat(newConfig.toString()).isEqualTo(oldConfig.toString());
  }

  @Test
  void isReproducibleAndKeepsWhatIsConverted() throws Exception {
    writeSingle(layout + ":plain");
    String first = convert("-q", layout + ":plain", layout + ":a").out();
    assertThat(convert("-q", layout + ":plain", layout + "2:b").out()).isEqualTo(first);

    Run again = convert("--json", layout + ":a", layout + "3:c");

    JsonNode json = JsonMapper.shared().readTree(again.out());
    assertThat(json.get("digest").stringValue()).isEqualTo(first.strip());
    assertThat(json.get("layers").valueStream().map(layer -> layer.get("reused").booleanValue()))
        .containsExactly(true, true, true);
    assertLazy(
        client.source(layout + "3:c"),
        manifest(client.source(layout + "3:c").top()),
        LayerFormat.ESTARGZ);
  }

  @Test
  void convertsAllPlatformsOrThoseAskedFor() throws Exception {
    SampleImage.writeIndex(client.target(layout + ":multi"));

    Run all = convert("--all-platforms", layout + ":multi", layout + ":all");
    assertThat(all.code()).as(all.err()).isZero();
    assertThat(all.err()).contains("note: attestation-manifest is left out");
    VerifiedContent top = client.source(layout + ":all").top();
    ImageIndex index = ImageIndex.parse(top.bytes(), top.descriptor().mediaType());
    assertThat(index.mediaType()).isEqualTo(MediaTypes.OCI_INDEX);
    assertThat(index.annotations()).containsEntry("index", "annotation");
    assertThat(index.manifests())
        .map(Descriptor::platform)
        .containsExactly(new Platform("linux", "amd64", ""), new Platform("linux", "arm64", ""));
    ImageSource source = client.source(layout + ":all");
    for (Descriptor descriptor : index.manifests()) {
      assertLazy(source, manifest(source.manifest(descriptor)), LayerFormat.ESTARGZ);
    }

    Run one = convert("--platform", "linux/arm64", layout + ":multi", layout + ":arm");
    assertThat(one.code()).as(one.err()).isZero();
    VerifiedContent arm = client.source(layout + ":arm").top();
    assertThat(arm.descriptor().digest()).isEqualTo(index.manifests().get(1).digest());

    Run none = convert("--platform", "linux/s390x", layout + ":multi", layout + ":none");
    assertThat(none.code()).isEqualTo(ExitCode.FAILED);
    assertThat(none.err()).contains("linux/s390x");
    assertThat(convert(layout + ":none", layout + ":x").err()).contains("no such tag");
  }

  @Test
  void writesLegacyStargzAndPrioritizedFiles() throws Exception {
    writeSingle(layout + ":plain");
    Path list = directory.resolve("files");
    Files.writeString(
        list, "{\"path\":\"layer-0/file-3\",\"layerIndex\":0}\n/layer-0/file-1\nlayer-0/nowhere\n");

    Run stargz = convert("--format", "stargz", layout + ":plain", layout + ":old");
    assertThat(stargz.code()).as(stargz.err()).isZero();
    ImageSource source = client.source(layout + ":old");
    assertLazy(source, manifest(source.top()), LayerFormat.STARGZ);

    Run first =
        convert("--prioritized-files", list.toString(), layout + ":plain", layout + ":first");
    assertThat(first.code()).as(first.err()).isZero();
    assertThat(first.err()).contains("note: no layer has the prioritized file layer-0/nowhere");
    source = client.source(layout + ":first");
    Manifest manifest = manifest(source.top());
    try (LayerIndex lowest = index(source, manifest.layers().getFirst(), LayerFormat.ESTARGZ);
        LayerIndex next = index(source, manifest.layers().get(1), LayerFormat.ESTARGZ)) {
      assertThat(lowest.prefetchEndBytes().orElseThrow()).isPositive();
      assertThat(next.prefetchEndBytes()).isEmpty();
    }
  }

  @Test
  void convertsDockersImagesInARegistry() throws Exception {
    try (LocalRegistry registry = LocalRegistry.start(directory)) {
      String from = registry.address() + "/some/app:1";
      String to = registry.address() + "/other/app:lazy";
      var target = client.target(from);
      target.writeTop(SampleImage.write(target, true, "amd64", 30));

      Run run = convert(from, to);

      assertThat(run.code()).as(run.err()).isZero();
      ImageSource source = client.source(to);
      assertLazy(source, manifest(source.top()), LayerFormat.ESTARGZ);
      Run kept = convert("-q", to, registry.address() + "/third:x");
      assertThat(kept.out().strip()).isEqualTo(source.top().descriptor().digest().toString());
      assertThat(convert(from, layout + ":from-registry").code()).isZero();
      Run missing = convert(registry.address() + "/some/app:2", to);
      assertThat(missing.code()).isEqualTo(ExitCode.FAILED);
      assertThat(missing.err()).contains("some/app:2");
    }
  }

  @Test
  void convertsWhatUmociAndSkopeoMake() throws Exception {
    Assumptions.assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/umoci"))
            && Files.isExecutable(Path.of("/usr/bin/skopeo")),
        "umoci or skopeo is not installed");
    String shell =
        """
        set -e; cd "$1"; mkdir -p tree/usr/bin; cp /bin/sh tree/usr/bin/; ln -s usr/bin tree/bin
        tar -C tree --format=posix -cf layer.tar usr bin
        umoci init --layout made; umoci new --image made:a; umoci raw add-layer --image made:a layer.tar
        umoci config --image made:a --config.cmd /bin/sh
        skopeo --insecure-policy copy -q --format v2s2 oci:made:a dir:copied
        skopeo --insecure-policy copy -q dir:copied oci:again:b
        """;
    assertThat(run("/bin/sh", "-c", shell, "sh", directory.toString())).isZero();

    for (String name : List.of("made:a", "again:b")) {
      String from = "oci:" + directory.resolve(name);
      Run run = convert(from, layout + ":" + name.charAt(0));
      assertThat(run.code()).as(run.err()).isZero();
      ImageSource source = client.source(layout + ":" + name.charAt(0));
      assertLazy(source, manifest(source.top()), LayerFormat.ESTARGZ);
      String inspect = "skopeo inspect \"$1\" > /dev/null";
      assertThat(run("/bin/sh", "-c", inspect, "sh", layout + ":" + name.charAt(0))).isZero();
    }
  }

  @Test
  void refusesADamagedLayerAndWritesNoImage() throws Exception {
    writeSingle(layout + ":plain");
    Descriptor layer = manifest(client.source(layout + ":plain").top()).layers().getFirst();
    Path blob = directory.resolve("layout/blobs/sha256").resolve(layer.digest().hex());
    byte[] content = Files.readAllBytes(blob);
    content[600] ^= 1; // In a file's content: only the digest can tell.
    Files.write(blob, content);

    Run run = convert(layout + ":plain", layout + "2:lazy");

    assertThat(run.code()).isEqualTo(ExitCode.FAILED);
    assertThat(run.err()).contains(layer.digest().toString(), "other content than its digest");
    assertThat(directory.resolve("layout2/index.json")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--compression-level=10 a b",
        "--chunk-size=0 a b",
        "--chunk-size=99999999999 a b",
        "--jobs=0 a b",
        "--platform=linux/amd64 --all-platforms a b",
        "--platform=a/b/c/d a b",
        "--format=zip a b",
        "a",
        "UPPER b",
        "a oci:",
      })
  void refusesWrongCommandLines(String line) {
    Run run = convert(line.split(" "));
    assertThat(run.code()).as(run.err()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).startsWith("morsel: convert: ").doesNotContain("Exception");
  }

  private void writeSingle(String name) throws IOException {
    var target = client.target(name);
    target.writeTop(SampleImage.write(target, false, "amd64", 1));
  }

  private Run convert(String... arguments) {
    List<String> line = new ArrayList<>(List.of("convert", "--temp-dir", scratch.toString()));
    line.addAll(List.of(arguments));
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Main.run(new PrintWriter(out), new PrintWriter(err), line.toArray(String[]::new));
    return new Run(code, out.toString(), err.toString());
  }

  private int run(String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("command.log").toFile())
        .start()
        .waitFor();
  }

  private static Manifest manifest(VerifiedContent content) throws IOException {
    return Manifest.parse(content.bytes(), content.descriptor().mediaType());
  }

  private static ObjectNode config(ImageSource source) throws IOException {
    byte[] content = source.config(manifest(source.top())).content();
    return (ObjectNode) JsonMapper.shared().readTree(new String(content, StandardCharsets.UTF_8));
  }

  /** All documents are OCI's, and every layer is what manifest and configuration say of it. */
  private void assertLazy(ImageSource source, Manifest manifest, LayerFormat format)
      throws IOException {
    assertThat(manifest.mediaType()).isEqualTo(MediaTypes.OCI_MANIFEST);
    assertThat(manifest.config().mediaType()).isEqualTo(MediaTypes.OCI_CONFIG);
    ImageConfig config = source.config(manifest);
    assertThat(config.diffIds()).hasSameSizeAs(manifest.layers());
    for (int i = 0; i < manifest.layers().size(); i++) {
      Descriptor layer = manifest.layers().get(i);
      assertThat(layer.mediaType()).isEqualTo(MediaTypes.OCI_LAYER_GZIP);
      try (InputStream in = source.blob(layer).open(0, layer.sizeBytes());
          InputStream tar = new GZIPInputStream(in)) {
        byte[] uncompressed = tar.readAllBytes();
        assertThat(config.diffIds().get(i)).isEqualTo(Digest.of(uncompressed));
        if (format == LayerFormat.ESTARGZ) {
          assertThat(layer.annotations())
              .containsEntry(
                  "io.containers.estargz.uncompressed-size", Integer.toString(uncompressed.length));
        }
      }
      index(source, layer, format).close();
    }
  }

  private LayerIndex index(ImageSource source, Descriptor layer, LayerFormat format)
      throws IOException {
    String toc = layer.annotations().get("containerd.io/snapshot/stargz/toc.digest");
    assertThat(toc == null).isEqualTo(format == LayerFormat.STARGZ);
    LayerIndex index =
        LayerIndex.build(
            new Blob(source.blob(layer)),
            toc == null ? new TocTrust.Unverified() : new TocTrust.Expected(toc),
            Files.createTempDirectory(directory, "index-"),
            LayerLimits.DEFAULT);
    assertThat(index.format()).isEqualTo(format);
    return index;
  }

  private record Blob(RemoteBlob remote) implements LayerBlob {
    @Override
    public long sizeBytes() {
      return remote.sizeBytes();
    }

    @Override
    public InputStream open(long offsetBytes, long lengthBytes) throws IOException {
      return remote.open(offsetBytes, lengthBytes);
    }
  }
}
