package io.morsel.runtime.diff;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.luben.zstd.Zstd;
import com.google.protobuf.Timestamp;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.diff.DiffRequest;
import io.morsel.containerd.api.types.Descriptor;
import io.morsel.containerd.api.types.Mount;
import io.morsel.runtime.content.ContentStore;
import io.morsel.runtime.content.ContentWriter;
import io.morsel.runtime.content.SharingPolicy;
import io.morsel.runtime.store.MetadataStore;
import io.morsel.runtime.store.Scope;
import io.morsel.stargz.LayerLimits;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.zip.GZIPOutputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layers between the content store and mounts, in both directions. */
final class LayersTest {
  private static final Scope SCOPE = Scope.of("a");
  private static final String GZIP = LayerMediaType.TAR_GZIP;

  @TempDir Path directory;
  private MetadataStore store;
  private ContentStore content;
  private TemporaryMounts mounts;
  private LayerApplier applier;
  private LayerDiffer differ;

  @BeforeAll
  static void asRoot() {
    assumeTrue(Trees.mayMakeEverything());
  }

  @BeforeEach
  void open() throws Exception {
    store = MetadataStore.open(directory.resolve("metadata.db"));
    content = ContentStore.open(store, directory, SharingPolicy.SHARED, Clock.systemUTC());
    mounts = TemporaryMounts.open(directory.resolve("mounts"));
    applier = new LayerApplier(content, mounts, LayerLimits.DEFAULT);
    differ = new LayerDiffer(content, mounts, LayerLimits.DEFAULT);
  }

  @AfterEach
  void close() throws IOException {
    store.close();
    assertThat(Files.readString(Path.of("/proc/self/mountinfo")))
        .doesNotContain(directory.toString());
    assertThat(directory.resolve("mounts")).isEmptyDirectory();
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
      zip.write(bytes);
    }
    return out.toByteArray();
  }

  private Descriptor put(byte[] blob, String mediaType) throws ContainerdException {
    try (ContentWriter writer = content.writer(SCOPE, UUID.randomUUID().toString(), 0, "")) {
      writer.write(ByteBuffer.wrap(blob));
      String digest = writer.digest();
      try {
        writer.commit(0, digest, Map.of());
      } catch (ContainerdException e) {
        assertThat(e.errorClass()).isEqualTo(ErrorClass.ALREADY_EXISTS);
      }
      return Descriptor.newBuilder()
          .setMediaType(mediaType)
          .setDigest(digest)
          .setSize(blob.length)
          .build();
    }
  }

  private static String digest(byte[] bytes) {
    var hash = LayerDigests.hash("sha256");
    hash.update(bytes);
    return LayerDigests.digest("sha256", hash);
  }

  private Path make(String name) throws IOException {
    return Files.createDirectory(directory.resolve(name));
  }

  private static Mount bind(Path source, String... options) {
    return Mount.newBuilder()
        .setType("bind")
        .setSource(source.toString())
        .addAllOptions(List.of(options))
        .addOptions("rbind")
        .build();
  }

  private static Mount overlay(String... options) {
    return Mount.newBuilder()
        .setType("overlay")
        .setSource("overlay")
        .addAllOptions(List.of(options))
        .build();
  }

  private Descriptor apply(Descriptor layer, Mount... target) throws ContainerdException {
    return applier.apply("a", layer, List.of(target), () -> false);
  }

  private static void assertFails(ErrorClass errorClass, String message, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ContainerdException.class,
            e -> {
              assertThat(e.errorClass()).isEqualTo(errorClass);
              assertThat(e).hasMessageContaining(message);
            });
  }

  @Test
  void everyCompressionIsUnpacked() throws Exception {
    byte[] tar = new Tar().file("file", "content").bytes();
    byte[] padded = Arrays.copyOf(tar, tar.length + 8_192);
    int i = 0;
    for (Descriptor layer :
        List.of(
            put(padded, LayerMediaType.TAR),
            put(gzip(padded), GZIP),
            put(Zstd.compress(padded), LayerMediaType.TAR_ZSTD),
            put(gzip(padded), "application/vnd.docker.image.rootfs.diff.tar.gzip"),
            put(Zstd.compress(padded), "application/vnd.docker.image.rootfs.diff.tar"))) {
      Path target = make("target-" + i++);
      assertThat(apply(layer, bind(target, "rw")))
          .isEqualTo(
              Descriptor.newBuilder()
                  .setMediaType(LayerMediaType.TAR)
                  .setDigest(digest(padded))
                  .setSize(padded.length)
                  .build());
      assertThat(target.resolve("file")).hasContent("content");
    }
  }

  @Test
  void whatIsNoLayerIsRefused() throws Exception {
    Path target = make("target");
    byte[] tar = new Tar().file("file", "content").bytes();
    for (String mediaType :
        List.of("application/json", LayerMediaType.TAR_GZIP + "+encrypted", "", "a+gzip")) {
      Descriptor layer = put(gzip(tar), mediaType);
      assertFails(
          ErrorClass.NOT_IMPLEMENTED,
          "failed to get stream processor for "
              + mediaType
              + ": no processor for media-type: not implemented",
          () -> apply(layer, bind(target, "rw")));
    }
    String none = "sha256:" + "0".repeat(64);
    assertFails(
        ErrorClass.NOT_FOUND,
        "failed to get reader from content store: content digest " + none + ": not found",
        () ->
            apply(
                Descriptor.newBuilder().setMediaType(GZIP).setDigest(none).build(),
                bind(target, "rw")));
    assertFails(
        ErrorClass.INVALID_ARGUMENT,
        "failed validation",
        () -> apply(Descriptor.newBuilder().setMediaType(GZIP).build(), bind(target, "rw")));
    assertThat(target).isEmptyDirectory();
  }

  @Test
  void damagedLayersFailAndNothingStaysMounted() throws Exception {
    Path target = make("target");
    byte[] tar = new Tar().file("file", "content".repeat(10_000)).bytes();
    byte[] whole = gzip(tar);
    // Two mounts, so that it has to mount.
    Mount[] twice = {bind(target, "rw"), bind(target, "rw")};
    assertFails(
        ErrorClass.UNKNOWN,
        "gzip stream, member 1: it is cut off",
        () -> apply(put(Arrays.copyOf(whole, whole.length / 2), GZIP), twice));
    assertFails(
        ErrorClass.UNKNOWN,
        "a header with a wrong checksum, or no tar at all",
        () -> apply(put(gzip("7".repeat(600).getBytes(UTF_8)), GZIP), twice));
    assertFails(
        ErrorClass.UNKNOWN,
        "tar is cut off",
        () -> apply(put(gzip(Arrays.copyOf(tar, 1_000)), GZIP), twice));
    Descriptor damaged = put(whole, GZIP);
    Path blob = directory.resolve("blobs/sha256").resolve(damaged.getDigest().substring(7));
    Files.delete(blob);
    Files.write(blob, gzip(new Tar().file("file", "another").bytes()));
    assertFails(
        ErrorClass.FAILED_PRECONDITION,
        "is damaged in the content store",
        () -> apply(damaged, twice));
    assertThatThrownBy(() -> applier.apply("a", put(gzip(tar), GZIP), List.of(twice), () -> true))
        .hasMessageContaining("the client gave up");
  }

  @Test
  void mountsThatFailAreUndone() throws Exception {
    Path target = make("target");
    Descriptor layer = put(gzip(new Tar().file("file", "").bytes()), GZIP);
    assertFails(
        ErrorClass.UNKNOWN,
        "can't mount bind " + directory.resolve("none"),
        () -> apply(layer, bind(target, "rw"), bind(directory.resolve("none"), "rw")));
    assertFails(
        ErrorClass.UNKNOWN, "Read-only file system", () -> apply(layer, bind(target, "ro")));
    assertFails(
        ErrorClass.UNKNOWN,
        "it leads elsewhere",
        () -> apply(layer, bind(target).toBuilder().setTarget("../..").build()));
    assertThat(target).isEmptyDirectory();
  }

  @Test
  void whatAKilledCoreLeftMountedIsUnmounted() throws Exception {
    Path target = make("target");
    Files.writeString(target.resolve("kept"), "");
    Path left = Files.createDirectory(directory.resolve("mounts/mount-1"));
    Trees.run("mount", "--bind", target.toString(), left.toString());
    Trees.run("mount", "--bind", target.toString(), left.toString());
    TemporaryMounts.open(directory.resolve("mounts"));
    assertThat(left).doesNotExist();
    assertThat(target.resolve("kept")).exists();
  }

  @Test
  void overlaysAreNotMountedAndManyLayersAre() throws Exception {
    List<String> lower = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      Path layer = make("layer-" + i + "-" + "n".repeat(100));
      Files.writeString(layer.resolve("file-" + i), "");
      lower.addFirst(layer.toString());
    }
    Path upper = make("upper");
    Mount overlay =
        overlay(
            "workdir=" + make("work"), "upperdir=" + upper, "lowerdir=" + String.join(":", lower));
    apply(put(gzip(new Tar().file(".wh.file-7", "").file("new", "").bytes()), GZIP), overlay);
    assertThat(Files.getAttribute(upper.resolve("file-7"), "unix:rdev")).isEqualTo(0L);

    // Longer than mount(2) takes, and without the writable layer's own mount.
    List<Mount> left = List.of(overlay("lowerdir=" + String.join(":", lower)));
    Descriptor diff =
        differ.diff(
            SCOPE,
            DiffRequest.newBuilder().addAllLeft(left).addRight(overlay).build(),
            () -> false);
    Path applied = make("applied");
    Files.writeString(applied.resolve("file-7"), "");
    apply(diff, bind(applied, "rw"));
    try (var files = Files.list(applied)) {
      assertThat(files).containsExactly(applied.resolve("new"));
    }
  }

  @Test
  void differencesAreLayersInTheStore() throws Exception {
    Path left = make("left");
    Path right = make("right");
    Files.writeString(right.resolve("file"), "content");
    DiffRequest request =
        DiffRequest.newBuilder().addLeft(bind(left)).addRight(bind(right)).build();
    Descriptor gzip = differ.diff(SCOPE, request, () -> false);
    assertThat(gzip.getMediaType()).isEqualTo(GZIP);
    Descriptor tar =
        differ.diff(
            SCOPE, request.toBuilder().setMediaType(LayerMediaType.TAR).build(), () -> false);
    Descriptor zstd =
        differ.diff(
            SCOPE,
            request.toBuilder()
                .setMediaType(LayerMediaType.TAR_ZSTD)
                .setRef("named")
                .putLabels("k", "v")
                .build(),
            () -> false);
    assertThat(content.info("a", gzip.getDigest()).getLabelsMap())
        .containsExactly(Map.entry("containerd.io/uncompressed", tar.getDigest()));
    assertThat(content.info("a", zstd.getDigest()).getLabelsMap())
        .containsOnly(
            Map.entry("containerd.io/uncompressed", tar.getDigest()), Map.entry("k", "v"));
    for (Descriptor layer : List.of(gzip, tar, zstd)) {
      assertThat(content.info("a", layer.getDigest()).getSize()).isEqualTo(layer.getSize());
      Path target = make("target-" + layer.getDigest().substring(7, 19));
      assertThat(apply(layer, bind(target, "rw")).getDigest()).isEqualTo(tar.getDigest());
      assertThat(target.resolve("file")).hasContent("content");
    }
    assertThat(differ.diff(SCOPE, request, () -> false)).isEqualTo(gzip);
    assertThat(
            differ.diff(
                SCOPE,
                request.toBuilder()
                    .setSourceDateEpoch(Timestamp.newBuilder().setSeconds(5))
                    .build(),
                () -> false))
        .isNotEqualTo(gzip);
  }

  @Test
  void differencesThatCantBeWrittenLeaveNothing() throws Exception {
    Path right = make("right");
    assertFails(
        ErrorClass.NOT_IMPLEMENTED,
        "unsupported diff media type: application/json: not implemented",
        () ->
            differ.diff(
                SCOPE,
                DiffRequest.newBuilder().setMediaType("application/json").build(),
                () -> false));
    Files.writeString(right.resolve("file"), "content");
    DiffRequest request = DiffRequest.newBuilder().addRight(bind(right)).build();
    assertThatThrownBy(() -> differ.diff(SCOPE, request, () -> true))
        .hasMessage("can't write the differences as a layer: the client gave up");
    assertThat(directory.resolve("ingest")).isEmptyDirectory();
    assertThat(content.list("a", List.of())).isEmpty();
  }
}
