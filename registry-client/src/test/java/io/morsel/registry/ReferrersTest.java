package io.morsel.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Artifacts next to images: in a registry that keeps lists of them, and in one that does not. */
final class ReferrersTest {
  private static final String TYPE = "application/vnd.example.note.v1+json";
  private static final String OTHER = "application/vnd.example.other.v1+json";
  private static final RegistrySettings SETTINGS =
      RegistrySettings.defaults("test").withRetries(1, Duration.ofMillis(1), Duration.ofMillis(2));

  @TempDir Path directory;

  private static Artifact artifact(String type, Descriptor subject, byte[] content) {
    return new Artifact(
        type,
        new Descriptor(subject.mediaType(), subject.digest(), subject.sizeBytes()),
        Descriptor.of(type, content),
        Map.of("note", "yes"));
  }

  @Test
  void aRegistryWithoutListsHasOneUnderATag() throws Exception {
    try (DockerRegistry registry = DockerRegistry.start(directory, "");
        RegistryClient client =
            new RegistryClient(SETTINGS, Credentials.anonymous(), TransferListener.NONE)) {
      TestImage image = new TestImage(1, 1000, Platform.parse("linux/amd64"));
      ImageReference reference = ImageReference.parse(registry.address() + "/team/app:1");
      image.writeTo(client.target(reference));
      Descriptor subject = image.manifest.descriptor();
      assertThat(client.referrers(reference, subject.digest(), TYPE)).isEmpty();

      byte[] first = "{\"n\":1}".getBytes(StandardCharsets.UTF_8);
      byte[] second = "{\"n\":2}".getBytes(StandardCharsets.UTF_8);
      byte[] other = "{\"o\":1}".getBytes(StandardCharsets.UTF_8);
      Descriptor one = client.attach(reference, artifact(TYPE, subject, first), first);
      Descriptor others = client.attach(reference, artifact(OTHER, subject, other), other);
      assertThat(client.referrers(reference, subject.digest(), TYPE))
          .singleElement()
          .satisfies(found -> assertThat(found.digest()).isEqualTo(one.digest()))
          .satisfies(found -> assertThat(found.annotations()).containsEntry("note", "yes"));
      Descriptor two = client.attach(reference, artifact(TYPE, subject, second), second);

      assertThat(client.referrers(reference, subject.digest(), OTHER))
          .extracting(Descriptor::digest)
          .containsExactly(others.digest());
      Descriptor found = client.referrers(reference, subject.digest(), TYPE).getFirst();
      assertThat(found.digest()).isEqualTo(two.digest());
      Artifact read = client.artifact(reference, found, subject.digest()).orElseThrow();
      assertThat(read).isEqualTo(artifact(TYPE, subject, second));
      assertThat(client.fetch(reference, read.content(), 100).bytes()).isEqualTo(second);
      assertThat(client.artifact(reference, found, Digest.of(first)))
          .as("an artifact of another image")
          .isEmpty();
      assertThat(client.artifact(reference, subject, subject.digest()))
          .as("no artifact at all")
          .isEmpty();
      assertThat(client.resolve(reference, Platform.parse("linux/amd64")).manifestDescriptor())
          .extracting(Descriptor::digest)
          .isEqualTo(subject.digest());
    }
  }

  @Test
  void aRegistrysOwnListIsPreferredAndFiltered() throws Exception {
    Digest subject = Digest.of(new byte[] {1});
    Digest wanted = Digest.of(new byte[] {2});
    Digest unwanted = Digest.of(new byte[] {3});
    Queue<String> asked = new ConcurrentLinkedQueue<>();
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 8);
    server.createContext(
        "/",
        exchange -> {
          asked.add(exchange.getRequestURI().getPath() + "?" + exchange.getRequestURI().getQuery());
          String entry =
              "{\"mediaType\":\"%s\",\"size\":5,\"digest\":\"%s\",\"artifactType\":\"%s\"}";
          String index =
              "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[%s,%s]}"
                  .formatted(
                      MediaTypes.OCI_INDEX,
                      entry.formatted(MediaTypes.OCI_MANIFEST, unwanted, OTHER),
                      entry.formatted(MediaTypes.OCI_MANIFEST, wanted, TYPE));
          byte[] body = index.getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().set("Content-Type", MediaTypes.OCI_INDEX);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    try (RegistryClient client =
        new RegistryClient(SETTINGS, Credentials.anonymous(), TransferListener.NONE)) {
      ImageReference reference =
          ImageReference.parse("127.0.0.1:" + server.getAddress().getPort() + "/app:1");
      List<Descriptor> found = client.referrers(reference, subject, TYPE);
      assertThat(found).extracting(Descriptor::digest).containsExactly(wanted);
      assertThat(asked).containsExactly("/v2/app/referrers/" + subject + "?artifactType=" + TYPE);
    } finally {
      server.stop(0);
    }
  }
}
