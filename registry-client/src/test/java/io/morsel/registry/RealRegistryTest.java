package io.morsel.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.registry.RegistryException.Kind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Writing and reading whole images at Debian's docker-registry. */
final class RealRegistryTest {
  private static final Platform LINUX = Platform.parse("linux/amd64");
  private static final RegistrySettings SETTINGS =
      RegistrySettings.defaults("test").withRetries(2, Duration.ofMillis(1), Duration.ofMillis(20));

  /** The password is "secret". */
  private static final String HTPASSWD =
      "user:$2b$04$cS5PidttFxWtNoyQhGQtxOsUOin12fLcAn5sLSjHCAQjdMgMpVmpy";

  @TempDir Path directory;

  @Test
  void imageIsWrittenAndReadBackAtRandom() throws Exception {
    AtomicLong received = new AtomicLong();
    TransferListener listener =
        new TransferListener() {
          @Override
          public void received(String host, long bytes) {
            received.addAndGet(bytes);
          }
        };
    try (DockerRegistry registry = DockerRegistry.start(directory, "");
        RegistryClient client = new RegistryClient(SETTINGS, Credentials.anonymous(), listener)) {
      TestImage image = new TestImage(1, 3_000_000, LINUX);
      ImageReference reference = ImageReference.parse(registry.address() + "/team/app:1");
      image.writeTo(client.target(reference));

      ResolvedImage resolved = client.resolve(reference, LINUX);
      assertThat(resolved.target().digest()).isEqualTo(image.index.descriptor().digest());
      assertThat(resolved.manifestContent().bytes()).isEqualTo(image.manifest.bytes());
      assertThat(resolved.manifest().layers()).containsExactly(image.layerDescriptor);
      assertThat(client.source(reference).config(resolved.manifest()).diffIds())
          .containsExactly(Digest.of(image.layer));
      assertThat(client.resolve(reference.withDigest(resolved.target().digest()), LINUX).target())
          .isEqualTo(resolved.target());

      received.set(0);
      RemoteBlob blob = client.blob(reference, image.layerDescriptor);
      long seed = 42;
      Random random = new Random(seed);
      long asked = 0;
      for (int i = 0; i < 200; i++) {
        int offset = random.nextInt(image.layer.length);
        int length = random.nextInt(Math.min(100_000, image.layer.length - offset) + 1);
        asked += length;
        assertThat(read(blob, offset, length, random.nextBoolean()))
            .as("seed %d, range %d of %d", seed, i, length)
            .isEqualTo(Arrays.copyOfRange(image.layer, offset, offset + length));
      }
      assertThat(received).hasValue(asked);
      assertThat(read(blob, 0, image.layer.length, true)).isEqualTo(image.layer);
      assertThatThrownBy(() -> blob.open(image.layer.length, 1))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void indexesWithinAnIndexAreAllLookedInto() throws Exception {
    try (DockerRegistry registry = DockerRegistry.start(directory, "");
        RegistryClient client =
            new RegistryClient(SETTINGS, Credentials.anonymous(), TransferListener.NONE)) {
      ImageReference reference = ImageReference.parse(registry.address() + "/team/app:1");
      TestImage other = new TestImage(4, 1000, Platform.parse("linux/s390x"));
      TestImage wanted = new TestImage(5, 1000, LINUX);
      other.writeTo(client.target(reference.withTag("other")));
      wanted.writeTo(client.target(reference.withTag("wanted")));
      client
          .target(reference)
          .writeTop(
              VerifiedContent.of(
                  MediaTypes.OCI_INDEX,
                  new ImageIndex(
                          MediaTypes.OCI_INDEX,
                          List.of(other.index.descriptor(), wanted.index.descriptor()),
                          Map.of())
                      .toJson()));

      assertThat(client.resolve(reference, LINUX).manifestContent().bytes())
          .isEqualTo(wanted.manifest.bytes());
      assertThatThrownBy(() -> client.resolve(reference, Platform.parse("linux/riscv64")))
          .hasMessageContaining("linux/amd64")
          .hasMessageContaining("linux/s390x")
          .satisfies(isOfKind(Kind.NO_SUCH_PLATFORM));
    }
  }

  @Test
  void failuresSayWhatIsMissing() throws Exception {
    try (DockerRegistry registry = DockerRegistry.start(directory, "");
        RegistryClient client =
            new RegistryClient(SETTINGS, Credentials.anonymous(), TransferListener.NONE)) {
      TestImage image = new TestImage(2, 1000, LINUX);
      ImageReference reference = ImageReference.parse(registry.address() + "/team/app:1");
      image.writeTo(client.target(reference));

      assertThatThrownBy(() -> client.manifest(reference.withTag("2")))
          .hasMessageContaining(":2")
          .hasMessageContaining("MANIFEST_UNKNOWN")
          .satisfies(isOfKind(Kind.NOT_FOUND));
      assertThatThrownBy(() -> client.resolve(reference, Platform.parse("windows/amd64")))
          .hasMessageContaining("linux/amd64")
          .satisfies(isOfKind(Kind.NO_SUCH_PLATFORM));
      ImageReference manifest = reference.withDigest(image.manifest.descriptor().digest());
      assertThatThrownBy(() -> client.resolve(manifest, Platform.parse("linux/s390x")))
          .satisfies(isOfKind(Kind.NO_SUCH_PLATFORM));
      Descriptor unknown = Descriptor.of(MediaTypes.OCI_LAYER, new byte[] {1});
      assertThatThrownBy(() -> client.blob(reference, unknown).open(0, 1))
          .satisfies(isOfKind(Kind.NOT_FOUND));
      assertThatThrownBy(
              () ->
                  client
                      .target(reference)
                      .writeBlob(unknown, () -> new ByteArrayInputStream(new byte[] {2})))
          .as("the registry checks the digest")
          .satisfies(isOfKind(Kind.INVALID_RESPONSE));
      assertThatThrownBy(
              () ->
                  client
                      .target(reference)
                      .writeBlob(unknown, () -> new ByteArrayInputStream(new byte[0])))
          .hasMessageContaining("shorter");
    }
  }

  @Test
  void passwordIsNeededWhereItIsAskedFor() throws Exception {
    Credentials good = registry -> new Credential.UserPassword("user", "secret");
    Credentials bad = registry -> new Credential.UserPassword("user", "hunter2");
    try (DockerRegistry registry = DockerRegistry.start(directory, HTPASSWD);
        RegistryClient client = new RegistryClient(SETTINGS, good, TransferListener.NONE);
        RegistryClient wrong = new RegistryClient(SETTINGS, bad, TransferListener.NONE);
        RegistryClient nobody =
            new RegistryClient(SETTINGS, Credentials.anonymous(), TransferListener.NONE)) {
      TestImage image = new TestImage(3, 1000, LINUX);
      ImageReference reference = ImageReference.parse(registry.address() + "/app");
      image.writeTo(client.target(reference));
      assertThat(client.resolve(reference, LINUX).manifest().layers()).hasSize(1);
      assertThatThrownBy(() -> wrong.resolve(reference, LINUX))
          .hasMessageNotContaining("hunter2")
          .satisfies(isOfKind(Kind.UNAUTHORIZED));
      assertThatThrownBy(() -> nobody.resolve(reference, LINUX))
          .hasMessageContaining("docker login")
          .satisfies(isOfKind(Kind.UNAUTHORIZED));
    }
  }

  @Test
  void blobOfAnotherRepositoryIsMountedWithoutSendingIt() throws Exception {
    AtomicLong sent = new AtomicLong();
    AtomicInteger requests = new AtomicInteger();
    TransferListener listener =
        new TransferListener() {
          @Override
          public void sent(String host, long bytes) {
            sent.addAndGet(bytes);
          }

          @Override
          public void answered(String host, int status) {
            requests.incrementAndGet();
          }
        };
    try (DockerRegistry registry = DockerRegistry.start(directory, "");
        RegistryClient client = new RegistryClient(SETTINGS, Credentials.anonymous(), listener)) {
      TestImage image = new TestImage(4, 100_000, LINUX);
      ImageReference from = ImageReference.parse(registry.address() + "/a");
      ImageReference to = ImageReference.parse(registry.address() + "/b");
      image.writeTo(client.target(from));
      sent.set(0);
      requests.set(0);
      client.target(to).copyBlob(image.layerDescriptor, client.source(from));
      assertThat(sent).hasValue(0);
      assertThat(requests).as("HEAD and POST").hasValue(2);
      assertThat(client.target(to).hasBlob(image.layerDescriptor)).isTrue();
    }
  }

  @Test
  void imageGoesThroughLayoutUnchanged() throws Exception {
    try (DockerRegistry registry = DockerRegistry.start(directory, "");
        RegistryClient client =
            new RegistryClient(SETTINGS, Credentials.anonymous(), TransferListener.NONE)) {
      TestImage image = new TestImage(5, 200_000, LINUX);
      TestImage other = new TestImage(6, 10, LINUX);
      String layout = "oci:" + directory.resolve("layout");
      image.writeTo(client.target(layout + ":one"));
      other.writeTo(client.target(layout + ":two"));
      image.writeTo(client.target(layout + ":one"));

      ImageSource source = client.source(layout + ":one");
      ResolvedImage resolved = source.resolve(LINUX);
      assertThat(resolved.target().digest()).isEqualTo(image.index.descriptor().digest());
      RemoteBlob blob = source.blob(image.layerDescriptor);
      assertThat(read(blob, 1000, 5000, true))
          .isEqualTo(Arrays.copyOfRange(image.layer, 1000, 6000));
      assertThatThrownBy(() -> client.source(layout + ":three").top())
          .hasMessageContaining("two, one")
          .satisfies(isOfKind(Kind.NOT_FOUND));

      ImageTarget target = client.target(registry.address() + "/from-layout:x");
      target.copyBlob(image.layerDescriptor, source);
      target.copyBlob(resolved.manifest().config(), source);
      target.writeManifest(resolved.manifestContent());
      target.writeTop(source.top());
      assertThat(client.source(registry.address() + "/from-layout:x").resolve(LINUX).target())
          .isEqualTo(image.index.descriptor());

      Path blobs = directory.resolve("layout/blobs/sha256");
      Files.write(blobs.resolve(image.manifest.descriptor().digest().hex()), new byte[] {'{'});
      assertThatThrownBy(() -> source.resolve(LINUX)).satisfies(isOfKind(Kind.INVALID_RESPONSE));
      assertThatThrownBy(
              () ->
                  client
                      .target(layout)
                      .writeBlob(
                          Descriptor.of(MediaTypes.OCI_LAYER, new byte[] {1}),
                          () -> new ByteArrayInputStream(new byte[] {1, 2})))
          .satisfies(isOfKind(Kind.INVALID_RESPONSE));
      try (Stream<Path> files = Files.list(directory.resolve("layout"))) {
        assertThat(files.map(file -> file.getFileName().toString()))
            .containsExactlyInAnyOrder(".lock", "blobs", "index.json", "oci-layout");
      }
    }
  }

  static Consumer<Throwable> isOfKind(Kind kind) {
    return e ->
        assertThat(e)
            .isInstanceOfSatisfying(
                RegistryException.class, failure -> assertThat(failure.kind()).isEqualTo(kind));
  }

  private static byte[] read(RemoteBlob blob, long offset, int length, boolean direct)
      throws IOException {
    try (InputStream in = blob.open(offset, length)) {
      if (!(direct && in instanceof ReadableByteChannel channel)) {
        return in.readAllBytes();
      }
      ByteBuffer buffer = ByteBuffer.allocateDirect(length + 1);
      while (channel.read(buffer) >= 0) {
        assertThat(buffer.limit()).isEqualTo(length + 1);
      }
      byte[] bytes = new byte[buffer.position()];
      buffer.flip().get(bytes);
      return bytes;
    }
  }
}
