package io.morsel.runtime.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.content.Info;
import io.morsel.runtime.lease.LeaseStore;
import io.morsel.runtime.store.MetadataStore;
import io.morsel.runtime.store.Scope;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ContentStoreTest {
  private static final Scope A = Scope.of("a");
  private static final Scope B = Scope.of("b");

  @TempDir Path directory;
  private MetadataStore store;
  private ContentStore content;

  @BeforeEach
  void open() throws Exception {
    store = MetadataStore.open(directory.resolve("metadata.db"));
    content = ContentStore.open(store, directory, SharingPolicy.SHARED, Clock.systemUTC());
  }

  @AfterEach
  void close() {
    store.close();
  }

  private static String digest(String text) {
    var hash = Sha256.create();
    hash.update(text.getBytes(StandardCharsets.UTF_8));
    return Sha256.digest(hash);
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void isolatedNamespacesBringTheirBytes() throws Exception {
    String digest = put(A, "mine");
    ContentStore isolated =
        ContentStore.open(store, directory, SharingPolicy.ISOLATED, Clock.systemUTC());
    try (ContentWriter writer = isolated.writer(B, "claim", 4, digest)) {
      assertThat(writer.offsetBytes()).isZero();
      assertThatThrownBy(() -> writer.commit(4, digest, Map.of()))
          .isInstanceOfSatisfying(
              ContainerdException.class,
              e -> assertThat(e.errorClass()).isEqualTo(ErrorClass.FAILED_PRECONDITION));
    }
    assertThatThrownBy(() -> isolated.info("b", digest)).hasMessageContaining("not found");
    try (ContentWriter writer = isolated.writer(B, "proof", 4, digest)) {
      writer.write(bytes("mine"));
      writer.commit(4, digest, Map.of());
    }
    assertThat(isolated.info("b", digest).getSize()).isEqualTo(4);
  }

  private String put(Scope scope, String text) throws ContainerdException {
    try (ContentWriter writer = content.writer(scope, "put-" + text, 0, "")) {
      writer.write(bytes(text));
      writer.commit(0, "", Map.of("k", "v", "empty", ""));
      return digest(text);
    }
  }

  private String read(String namespace, String digest) throws Exception {
    try (FileChannel blob = content.open(namespace, digest)) {
      ByteBuffer buffer = ByteBuffer.allocate((int) blob.size());
      blob.read(buffer);
      return new String(buffer.array(), StandardCharsets.UTF_8);
    }
  }

  private static void assertFails(ErrorClass errorClass, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ContainerdException.class,
            e -> assertThat(e.errorClass()).as(e.getMessage()).isEqualTo(errorClass));
  }

  @Test
  void committedWriteIsBlobOfItsNamespaceOnly() throws Exception {
    String digest = put(A, "hello");
    Info info = content.info("a", digest);
    assertThat(info.getSize()).isEqualTo(5);
    assertThat(info.getLabelsMap()).containsExactly(Map.entry("k", "v"));
    assertThat(read("a", digest)).isEqualTo("hello");
    assertThat(content.statuses("a", List.of())).isEmpty();
    assertFails(ErrorClass.NOT_FOUND, () -> content.info("b", digest));
    assertFails(ErrorClass.NOT_FOUND, () -> content.open("b", digest));
  }

  @Test
  void writeGoesOnWhereItWasLeftAlsoAfterRestart() throws Exception {
    try (ContentWriter writer = content.writer(A, "r", 11, "")) {
      writer.write(bytes("hello "));
    }
    close();
    open();
    assertThat(content.status("a", "r").offsetBytes()).isEqualTo(6);
    assertThat(content.status("a", "r").totalBytes()).isEqualTo(11);
    try (ContentWriter writer = content.writer(A, "r", 11, digest("hello world"))) {
      assertThat(writer.offsetBytes()).isEqualTo(6);
      assertThat(writer.digest()).isEqualTo(digest("hello "));
      writer.write(bytes("world"));
      writer.commit(11, digest("hello world"), Map.of());
    }
    assertThat(read("a", digest("hello world"))).isEqualTo("hello world");
  }

  @Test
  void wrongSizeOrDigestIsRefusedAndIngestStays() throws Exception {
    try (ContentWriter writer = content.writer(A, "r", 0, "")) {
      writer.write(bytes("abc"));
      assertThatThrownBy(() -> writer.commit(4, "", Map.of()))
          .hasMessage("\"r\" failed size validation: 3 != 4: failed precondition");
    }
    try (ContentWriter writer = content.writer(A, "r", 0, "")) {
      assertThatThrownBy(() -> writer.commit(3, digest("xyz"), Map.of()))
          .hasMessage(
              "unexpected commit digest "
                  + digest("abc")
                  + ", expected "
                  + digest("xyz")
                  + ": failed precondition");
    }
    assertThat(content.status("a", "r").offsetBytes()).isEqualTo(3);
    try (ContentWriter writer = content.writer(A, "r", 0, "")) {
      writer.truncate();
      writer.write(bytes("xyz"));
      writer.commit(3, digest("xyz"), Map.of());
    }
    assertThat(read("a", digest("xyz"))).isEqualTo("xyz");
  }

  @Test
  void referenceIsLockedWhileItIsWritten() throws Exception {
    try (ContentWriter _ = content.writer(A, "r", 0, "");
        // Another namespace's reference of the same name is another one.
        ContentWriter _ = content.writer(B, "r", 0, "")) {
      assertFails(ErrorClass.UNAVAILABLE, () -> content.writer(A, "r", 0, ""));
    }
    content.writer(A, "r", 0, "").close();
  }

  @Test
  void blobOfOtherNamespaceIsSharedWithWhoOffersItsDigest() throws Exception {
    String digest = put(A, "shared");
    try (ContentWriter writer = content.writer(B, "r", 0, digest)) {
      assertThat(writer.offsetBytes()).isEqualTo(6);
      assertThat(writer.digest()).isEqualTo(digest);
      assertThatThrownBy(() -> writer.commit(6, digest("other"), Map.of()))
          .hasMessage("\"r\" unexpected digest: failed precondition");
      writer.commit(6, digest, Map.of());
    }
    assertThat(read("b", digest)).isEqualTo("shared");
    content.delete(A, digest);
    content.collectGarbage();
    assertThat(read("b", digest)).isEqualTo("shared");
    content.delete(B, digest);
    content.collectGarbage();
    assertThat(directory.resolve("blobs/sha256")).isEmptyDirectory();
  }

  @Test
  void whoWritesMoreOntoSharedBlobGetsItsBytesFirst() throws Exception {
    String digest = put(A, "hello ");
    try (ContentWriter writer = content.writer(B, "r", 0, digest)) {
      writer.write(bytes("world"));
      writer.commit(0, "", Map.of());
    }
    assertThat(read("b", digest("hello world"))).isEqualTo("hello world");
  }

  @Test
  void blobThatIsThereNeedsNoWriteAndIsLeased() throws Exception {
    LeaseStore leases = new LeaseStore(store, Clock.systemUTC());
    String digest = put(A, "there");
    leases.create("a", "l", Map.of());
    assertFails(
        ErrorClass.ALREADY_EXISTS, () -> content.writer(new Scope("a", "l"), "r", 0, digest));
    assertThat(leases.resources("a", "l"))
        .singleElement()
        .satisfies(resource -> assertThat(resource.getId()).isEqualTo(digest));
    assertFails(ErrorClass.NOT_FOUND, () -> content.writer(new Scope("a", "none"), "r", 0, digest));
    // Found out only at the end: the write is over, and that is said.
    assertFails(ErrorClass.ALREADY_EXISTS, () -> put(A, "there"));
    assertThat(content.statuses("a", List.of())).isEmpty();
  }

  @Test
  void abortForgetsTheIngestAndItsBytes() throws Exception {
    try (ContentWriter writer = content.writer(A, "r", 0, "")) {
      writer.write(bytes("abc"));
    }
    assertThat(content.statuses("a", List.of("ref==r"))).hasSize(1);
    assertThat(content.statuses("a", List.of("ref==s"))).isEmpty();
    content.abort(A, "r");
    assertThat(directory.resolve("ingest")).isEmptyDirectory();
    assertThatThrownBy(() -> content.abort(A, "r")).hasMessage("reference r: not found");
  }

  @Test
  void updateChangesLabelsOnly() throws Exception {
    String digest = put(A, "x");
    Info given =
        Info.newBuilder().setDigest(digest).putLabels("n", "1").putLabels("m", "2").build();
    assertThat(content.update("a", given, List.of("labels.n")).getLabelsMap())
        .isEqualTo(Map.of("k", "v", "n", "1"));
    assertThat(content.update("a", given, List.of("labels.k")).getLabelsMap())
        .isEqualTo(Map.of("n", "1"));
    assertThat(content.update("a", given, List.of()).getLabelsMap())
        .isEqualTo(Map.of("n", "1", "m", "2"));
    assertThatThrownBy(() -> content.update("a", given, List.of("size")))
        .hasMessage(
            "cannot update \"size\" field on content info \"" + digest + "\": invalid argument");
    assertFails(
        ErrorClass.INVALID_ARGUMENT,
        () ->
            content.update(
                "a",
                given.toBuilder().putLabels("long", "x".repeat(4096)).build(),
                List.of("labels.long")));
    assertThat(content.list("a", List.of("labels.n==1"))).hasSize(1);
    assertThat(content.list("a", List.of("labels.n==2"))).isEmpty();
  }

  @Test
  void filesThatNoMetadataKnowsGoAndMetadataWithoutFilesIsForgotten() throws Exception {
    put(A, "kept");
    try (ContentWriter _ = content.writer(A, "lost", 0, "")) {
      assertThat(content.statuses("a", List.of())).hasSize(1);
    }
    try (ContentWriter _ = content.writer(A, "open", 0, "")) {
      // As a process leaves it that is killed between the two.
      content.abort(A, "lost");
      Files.createDirectory(directory.resolve("ingest/half"));
      Files.writeString(directory.resolve("blobs/sha256/" + "0".repeat(64)), "stray");
      content.collectGarbage();
    }
    assertThat(content.statuses("a", List.of())).hasSize(1);
    try (var blobs = Files.list(directory.resolve("blobs/sha256"))) {
      assertThat(blobs).hasSize(1);
    }
    try (var ingests = Files.list(directory.resolve("ingest"))) {
      assertThat(ingests.toList())
          .singleElement()
          .satisfies(
              ingest -> {
                Files.delete(ingest.resolve("data"));
                IngestDirectory.delete(ingest);
              });
    }
    close();
    open();
    assertThatThrownBy(() -> content.abort(A, "open")).hasMessage("reference open: not found");
  }
}
