package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Message;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.host.Uninterrupted;
import io.morsel.bench.image.OciLayout;
import io.morsel.bench.image.TarComposer.Entry;
import io.morsel.bench.net.Traffic;
import io.morsel.bench.node.Core;
import io.morsel.containerd.api.content.ContentGrpc;
import io.morsel.containerd.api.content.Info;
import io.morsel.containerd.api.content.InfoRequest;
import io.morsel.containerd.api.leases.LeasesGrpc;
import io.morsel.containerd.api.leases.ListRequest;
import io.morsel.containerd.api.transfertypes.AuthRequest;
import io.morsel.containerd.api.transfertypes.AuthResponse;
import io.morsel.containerd.api.transfertypes.AuthType;
import io.morsel.containerd.api.transfertypes.ImageExportStream;
import io.morsel.containerd.api.transfertypes.ImageImportStream;
import io.morsel.containerd.api.transfertypes.ImageReference;
import io.morsel.containerd.api.transfertypes.ImageStore;
import io.morsel.containerd.api.transfertypes.OCIRegistry;
import io.morsel.containerd.api.transfertypes.Progress;
import io.morsel.containerd.api.transfertypes.ReadStream;
import io.morsel.containerd.api.transfertypes.RegistryResolver;
import io.morsel.containerd.api.transfertypes.UnpackConfiguration;
import io.morsel.containerd.api.types.Platform;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A core transfers images between Debian's registry, itself and its clients. */
class CoreTransferIT {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  private static final int LAYER_BYTES = 3_000_000;

  private static String plain = "";
  private static String lazy = "";

  private Path directory;
  private Core core;
  private TransferClient client;

  @BeforeAll
  static void push() {
    plain = FIXTURE.reference("app:plain");
    new OciLayout(FIXTURE.work())
        .layer(tar -> tar.add(Entry.of('0', "lower"), Images.noise(1, LAYER_BYTES)))
        .layer(tar -> tar.add(Entry.of('0', "upper"), "above".getBytes(StandardCharsets.UTF_8)))
        .push(plain);
    lazy = FIXTURE.convert(plain, FIXTURE.reference("app:lazy"));
  }

  @BeforeEach
  void start() throws IOException {
    directory = Files.createTempDirectory(Path.of("/tmp"), "morsel-it-");
    core = Cores.start(directory);
    client = new TransferClient(core.socket(), "default");
  }

  @AfterEach
  void stop() {
    Uninterrupted.run(
        client::close,
        core::close,
        () -> Mounts.detachBelow(directory),
        () -> Directories.delete(directory));
  }

  private static OCIRegistry registry(String reference) {
    return OCIRegistry.newBuilder().setReference(reference).build();
  }

  private static ImageStore image(String name) {
    return ImageStore.newBuilder().setName(name).build();
  }

  private static ImageStore unpacked(String name, String snapshotter) {
    return ImageStore.newBuilder()
        .setName(name)
        .addPlatforms(Platform.getDefaultInstance())
        .addUnpacks(UnpackConfiguration.newBuilder().setSnapshotter(snapshotter))
        .build();
  }

  private List<String> content() {
    return core.ctr("content", "ls", "-q").succeed().lines().toList();
  }

  private static void assertFails(Status.Code code, String message, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).as("%s", e.getStatus()).isEqualTo(code);
              assertThat(e.getStatus().getDescription()).contains(message);
            });
  }

  /** What of the image is in a view of its topmost snapshot, as another process sees it. */
  private String read(String snapshotter, String file) {
    String chain =
        core.ctr("snapshots", "--snapshotter", snapshotter, "ls")
            .succeed()
            .lines()
            .skip(1)
            .map(line -> line.split("\\s+"))
            .filter(words -> words.length == 3) // The one with a parent.
            .map(words -> words[0])
            .findFirst()
            .orElseThrow();
    Path mounted = directory.resolve("view");
    try {
      Files.createDirectories(mounted);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    String mounts =
        core.ctr(
                "snapshots",
                "--snapshotter",
                snapshotter,
                "prepare",
                "--target",
                mounted,
                "v",
                chain)
            .succeed();
    Command.of("sh", "-ec", mounts).succeed();
    try {
      return Command.of("sha256sum", mounted.resolve(file)).succeed().split(" ", -1)[0];
    } finally {
      Command.of("umount", mounted).succeed();
      core.ctr("snapshots", "--snapshotter", snapshotter, "rm", "v").succeed();
    }
  }

  @Test
  void lazyPullFetchesNoLayerAndShowsThemAll() {
    Traffic before = FIXTURE.registry().traffic();
    List<Progress> told = client.transferWithProgress(registry(lazy), unpacked(lazy, "morsel"));
    // Manifest and configuration.
    assertThat(content()).hasSize(2);
    assertThat(Mounts.lazyBelow(directory)).hasSize(2);
    assertThat(core.ctr("images", "ls", "-q").succeed().strip()).isEqualTo(lazy);
    assertThat(told)
        .extracting(Progress::getEvent)
        .startsWith(
            "Resolving from OCI Registry (" + lazy + ")",
            "Pulling from OCI Registry (" + lazy + ")",
            "fetching image content",
            "waiting")
        .endsWith("saved", "Completed pull from OCI Registry (" + lazy + ")");
    assertThat(told)
        .filteredOn(progress -> progress.getName().startsWith("layer-"))
        .extracting(Progress::getEvent)
        .containsExactlyInAnyOrder("waiting", "waiting", "already exists", "already exists");
    assertThat(FIXTURE.registry().traffic().since(before).receivedBytes()).isLessThan(LAYER_BYTES);
    assertThat(read("morsel", "lower")).isEqualTo(OciLayout.sha256(Images.noise(1, LAYER_BYTES)));
    assertThat(leases()).isZero();
    // The name holds all of it, and its end ends it.
    core.ctr("images", "rm", "--sync", lazy).succeed();
    assertThat(content()).isEmpty();
    assertThat(Mounts.lazyBelow(directory)).isEmpty();
  }

  private int leases() {
    return LeasesGrpc.newBlockingStub(client.channel())
        .list(ListRequest.getDefaultInstance())
        .getLeasesCount();
  }

  @Test
  void pullWithoutUnpackingFetchesEverything() {
    client.transfer(registry(plain), image("named:otherwise"));
    assertThat(content()).hasSize(4);
    assertThat(core.ctr("images", "ls", "-q").succeed().strip()).isEqualTo("named:otherwise");
    // Whole and labelled as clients of containerd do it: nothing of it is collected.
    core.ctr("leases", "create", "--id", "l").succeed();
    core.ctr("leases", "rm", "--sync", "l").succeed();
    assertThat(content()).hasSize(4);
    String digest =
        core.ctr("images", "ls")
            .succeed()
            .lines()
            .skip(1)
            .findFirst()
            .orElseThrow()
            .split("\\s+", -1)[2];
    Info manifest =
        ContentGrpc.newBlockingStub(client.channel())
            .info(InfoRequest.newBuilder().setDigest(digest).build())
            .getInfo();
    assertThat(manifest.getLabelsMap())
        .containsKeys("containerd.io/gc.ref.content.config", "containerd.io/gc.ref.content.l.1")
        .containsEntry("containerd.io/distribution.source.localhost", "app");
    // Once more: all is there.
    List<Progress> told = client.transferWithProgress(registry(plain), image("named:otherwise"));
    assertThat(told)
        .filteredOn(progress -> !progress.getName().isEmpty())
        .extracting(Progress::getEvent)
        .containsOnly("fetching image content", "waiting", "already exists", "saved");
  }

  @Test
  void wholeLayersAreFetchedAndUnpacked() {
    List<Progress> told =
        client.transferWithProgress(registry(plain), unpacked(plain, "overlayfs"));
    assertThat(content()).hasSize(4);
    assertThat(told)
        .filteredOn(progress -> progress.getName().startsWith("layer-"))
        .extracting(Progress::getEvent)
        .contains("complete", "extracting", "extracted");
    assertThat(read("overlayfs", "lower"))
        .isEqualTo(OciLayout.sha256(Images.noise(1, LAYER_BYTES)));
    core.ctr("images", "rm", "--sync", plain).succeed();
    assertThat(core.ctr("snapshots", "ls").succeed().lines()).hasSize(1);
  }

  private OCIRegistry through(Path hosts) {
    return registry(plain).toBuilder()
        .setResolver(RegistryResolver.newBuilder().setHostDir(hosts.toString()))
        .build();
  }

  @Test
  void theCallersMirrorsAreAsked() throws IOException {
    Path hosts = directory.resolve("certs.d");
    Path place = hosts.resolve(FIXTURE.registry().host().replace(':', '_') + "_");
    Files.createDirectories(place);
    try (CountedRegistry mirror = CountedRegistry.start(directory.resolve("mirror"))) {
      Command.of(
              "skopeo",
              "copy",
              "--preserve-digests",
              "--src-tls-verify=false",
              "--dest-tls-verify=false",
              "docker://" + plain,
              "docker://" + mirror.host() + "/app:plain")
          .succeed();
      Files.writeString(place.resolve("hosts.toml"), "[host.\"http://" + mirror.host() + "\"]\n");
      Traffic before = FIXTURE.registry().traffic();
      client.transfer(through(hosts), unpacked(plain, "overlayfs"));
      assertThat(FIXTURE.registry().traffic().since(before).requests()).isZero();
      assertThat(mirror.traffic().receivedBytes()).isGreaterThan(LAYER_BYTES);
      assertThat(content()).hasSize(4);
    }
    Files.writeString(place.resolve("hosts.toml"), "skip_verify = 1\n");
    assertFails(
        Status.Code.UNAVAILABLE,
        place.resolve("hosts.toml") + ": skip_verify: expected true or false",
        () -> client.transfer(through(hosts), image("a:1")));
    assertFails(
        Status.Code.INVALID_ARGUMENT,
        "host_dir \"certs.d\" is no absolute path",
        () -> client.transfer(through(Path.of("certs.d")), image("a:1")));
    client.transfer(through(directory.resolve("missing")), image("a:1"));
  }

  @Test
  void imagesAreNamedAndNamedAnew() {
    client.transfer(registry(lazy), unpacked(lazy, "morsel"));
    client.transfer(
        image(lazy),
        image("a:1").toBuilder()
            .putLabels("x", "y")
            .addExtraReferences(ImageReference.newBuilder().setName("b").setAddDigest(true))
            .addExtraReferences(ImageReference.newBuilder().setName("no").setIsPrefix(true))
            .build());
    assertThat(core.ctr("images", "ls", "-q").succeed().lines())
        .anyMatch(name -> name.equals("a:1"))
        .anyMatch(name -> name.startsWith("b@sha256:"))
        .hasSize(3);
    assertThat(core.ctr("images", "ls", "-q", "labels.x==y").succeed().lines()).hasSize(2);
    // An image of this name gets the other target.
    client.transfer(registry(plain), image("a:1"));
    assertThat(
            core.ctr("images", "ls", "name==a:1")
                .succeed()
                .lines()
                .skip(1)
                .findFirst()
                .orElseThrow())
        .doesNotContain("x=y");
    assertFails(
        Status.Code.NOT_FOUND,
        "image \"none\": not found",
        () -> client.transfer(image("none"), image("some")));
    assertFails(
        Status.Code.NOT_FOUND,
        "no image name found",
        () -> client.transfer(image("a:1"), ImageStore.getDefaultInstance()));
  }

  @Test
  void lazyImagesArePushedWithoutTheirBytesPassingThrough() {
    client.transfer(registry(lazy), unpacked(lazy, "morsel"));
    String copy = FIXTURE.reference("copy:1");
    Traffic before = FIXTURE.registry().traffic();
    List<Progress> told = client.transferWithProgress(image(lazy), registry(copy));
    assertThat(FIXTURE.registry().traffic().since(before).receivedBytes()).isLessThan(100_000);
    assertThat(told)
        .extracting(Progress::getEvent)
        .startsWith("Pushing to OCI Registry (" + copy + ")", "pushing content")
        .endsWith("pushed content", "Completed push to OCI Registry (" + copy + ")");
    assertThat(digest(copy)).isEqualTo(digest(lazy));
  }

  private static String digest(String reference) {
    return Command.of(
            "skopeo",
            "inspect",
            "--tls-verify=false",
            "--format",
            "{{.Digest}}",
            "docker://" + reference)
        .succeed()
        .strip();
  }

  @Test
  void credentialsAreAskedForOverAStream() {
    try (SecretRegistry secret = SecretRegistry.start(directory.resolve("secret"))) {
      client.transfer(registry(plain), image(plain));
      String reference = secret.host() + "/private/app:1";
      List<AuthRequest> asked = new CopyOnWriteArrayList<>();
      try (TransferClient.Stream good =
              client.answer(
                  "good",
                  request -> {
                    asked.add(request);
                    return password(SecretRegistry.PASSWORD);
                  });
          TransferClient.Stream bad = client.answer("bad", _ -> password("guessed"));
          TransferClient.Stream none =
              client.answer("none", _ -> AuthResponse.getDefaultInstance())) {
        client.transfer(image(plain), registry(reference, good.id()));
        assertThat(asked)
            .first()
            .isEqualTo(
                AuthRequest.newBuilder().setHost(secret.host()).setReference(reference).build());
        client.transfer(registry(reference, good.id()), image("again:1"));
        for (String id : List.of(bad.id(), none.id())) {
          assertFails(
              Status.Code.UNAUTHENTICATED,
              "failed to resolve image: ",
              () -> client.transfer(registry(reference, id), image("never:1")));
        }
      }
      assertFails(
          Status.Code.UNAUTHENTICATED,
          ": unauthenticated",
          () -> client.transfer(registry(reference), image("never:1")));
      assertFails(
          Status.Code.NOT_FOUND,
          "stream \"other\" is not open: not found",
          () -> client.transfer(registry(reference, "other"), image("never:1")));
    }
    assertThat(core.ctr("images", "ls", "-q").succeed().lines())
        .containsExactlyInAnyOrder(plain, "again:1");
  }

  private static OCIRegistry registry(String reference, String authStream) {
    return registry(reference).toBuilder()
        .setResolver(RegistryResolver.newBuilder().setAuthStream(authStream))
        .build();
  }

  private static AuthResponse password(String password) {
    return AuthResponse.newBuilder()
        .setAuthType(AuthType.CREDENTIALS)
        .setUsername(SecretRegistry.USER)
        .setSecret(password)
        .build();
  }

  @Test
  void whatCannotBeTransferredIsRefused() {
    assertFails(
        Status.Code.NOT_FOUND,
        "failed to resolve image: ",
        () -> client.transfer(registry(FIXTURE.reference("app:none")), image("a:1")));
    assertFails(
        Status.Code.INVALID_ARGUMENT,
        "malformed image reference 'Not/Good'",
        () -> client.transfer(registry("Not/Good"), image("a:1")));
    assertFails(
        Status.Code.INVALID_ARGUMENT,
        "there is no snapshotter \"none\", only morsel, overlayfs",
        () -> client.transfer(registry(lazy), unpacked("a:1", "none")));
    assertFails(
        Status.Code.UNIMPLEMENTED,
        "unable to transfer from containerd.types.transfer.ReadStream to Local Image Store (a:1)",
        () -> client.transfer(ReadStream.getDefaultInstance(), image("a:1")));
    assertFails(
        Status.Code.UNAVAILABLE,
        "failed to resolve image: ",
        () -> {
          FIXTURE.registry().stop();
          try {
            client.transfer(registry(plain), image("a:1"));
          } finally {
            FIXTURE.registry().restart();
          }
        });
    assertThat(core.ctr("images", "ls", "-q").succeed()).isEmpty();
    assertThat(leases()).isZero();
  }

  @Test
  void cancelledTransferEndsAndIsGoneOnWith() {
    try (TransferClient.Stream silent =
            // Nobody answers, so that the transfer waits for ever.
            client.open("silent", (_, _) -> {});
        SecretRegistry secret = SecretRegistry.start(directory.resolve("secret"))) {
      Message source = registry(secret.host() + "/private/app:1", silent.id());
      Context.CancellableContext context = Context.current().withCancellation();
      Runnable call =
          () ->
              assertThatThrownBy(() -> client.transfer(source, image("a:1")))
                  .isInstanceOf(StatusRuntimeException.class);
      Thread caller = Thread.ofVirtual().start(context.wrap(call));
      Await.until("the transfer has begun", Node.SOON, () -> leases() == 1);
      context.cancel(null);
      Await.until("its lease is gone", Node.SOON, () -> leases() == 0);
      Await.until("the caller knows", Node.SOON, () -> !caller.isAlive());
    }
    client.transfer(registry(lazy), unpacked(lazy, "morsel"));
    assertThat(content()).hasSize(2);
  }

  @Test
  void archivesAreExportedAndImported() throws Exception {
    client.transfer(registry(plain), image(plain));
    Path archive = directory.resolve("exported.tar");
    try (OutputStream out = Files.newOutputStream(archive);
        TransferClient.Stream stream = client.receive("export", out)) {
      client.transfer(image(plain), ImageExportStream.newBuilder().setStream("export").build());
      stream.awaitEnd();
    }
    assertThat(
            Command.of("skopeo", "inspect", "--format", "{{.Digest}}", "oci-archive:" + archive)
                .succeed()
                .strip())
        .isEqualTo(digest(plain));
    // Docker's way to read the same, by its own index of it.
    assertThat(Command.of("skopeo", "list-tags", "docker-archive:" + archive).succeed())
        .contains(plain);
    core.ctr("images", "rm", "--sync", plain).succeed();
    assertThat(content()).isEmpty();
    List<Progress> told;
    try (InputStream in = Files.newInputStream(archive);
        TransferClient.Stream _ = client.send("import", in)) {
      told =
          client.transferWithProgress(
              ImageImportStream.newBuilder().setStream("import").build(), imported("x.example/y"));
    }
    assertThat(told)
        .extracting(Progress::getEvent)
        .containsExactly("Importing", "saved", "Completed import");
    // Of another registry than the prefix says: only its digest is taken for a name.
    assertThat(core.ctr("images", "ls", "-q").succeed().strip())
        .isEqualTo("x.example/y@" + digest(plain));
    core.ctr("leases", "create", "--id", "l").succeed();
    core.ctr("leases", "rm", "--sync", "l").succeed();
    assertThat(content()).hasSize(4);
  }

  private static ImageStore imported(String prefix) {
    return ImageStore.newBuilder()
        .addExtraReferences(
            ImageReference.newBuilder().setName(prefix).setIsPrefix(true).setAddDigest(true))
        .build();
  }

  @Test
  void archivesOfOthersAreImportedByTheirTagsAndBadOnesAreNot() throws Exception {
    Path archive = directory.resolve("skopeo.tar");
    Command.of(
            "skopeo",
            "copy",
            "--src-tls-verify=false",
            "docker://" + plain,
            "oci-archive:" + archive + ":v1")
        .succeed();
    Command.of("gzip", "--keep", archive).succeed();
    try (InputStream in = Files.newInputStream(directory.resolve("skopeo.tar.gz"));
        TransferClient.Stream _ = client.send("import", in)) {
      client.transfer(
          ImageImportStream.newBuilder().setStream("import").build(),
          ImageStore.newBuilder()
              .addExtraReferences(
                  ImageReference.newBuilder().setName("x.example/y").setIsPrefix(true))
              .build());
    }
    assertThat(core.ctr("images", "ls", "-q").succeed().strip()).isEqualTo("x.example/y:v1");
    core.ctr("images", "rm", "--sync", "x.example/y:v1").succeed();
    byte[] whole = Files.readAllBytes(archive);
    for (byte[] bad :
        List.of(
            new byte[0],
            Arrays.copyOf(whole, whole.length / 2),
            "not a tar, though it is as long as a block of one"
                .repeat(20)
                .getBytes(StandardCharsets.UTF_8))) {
      try (TransferClient.Stream stream = client.send("import", new ByteArrayInputStream(bad))) {
        assertFails(
            Status.Code.INVALID_ARGUMENT,
            "the archive",
            () ->
                client.transfer(
                    ImageImportStream.newBuilder().setStream(stream.id()).build(),
                    imported("x.example/y")));
      }
    }
    assertThat(core.ctr("images", "ls", "-q").succeed()).isEmpty();
    core.ctr("leases", "create", "--id", "l").succeed();
    core.ctr("leases", "rm", "--sync", "l").succeed();
    assertThat(content()).isEmpty();
    client.transfer(registry(lazy), unpacked(lazy, "morsel"));
    try (TransferClient.Stream stream = client.receive("export", OutputStream.nullOutputStream())) {
      assertFails(
          Status.Code.NOT_FOUND,
          "pull the image in full to export it",
          () ->
              client.transfer(
                  image(lazy), ImageExportStream.newBuilder().setStream(stream.id()).build()));
      stream.awaitEnd();
    }
  }

  @Test
  void streamsHaveOneOwnerAndAName() {
    try (TransferClient.Stream first = client.open("one", (_, _) -> {})) {
      assertThatThrownBy(() -> client.open("one", (_, _) -> {}))
          .hasMessageContaining("ALREADY_EXISTS: stream \"one\": already exists");
      assertThatThrownBy(() -> client.open("", (_, _) -> {}))
          .hasMessageContaining("INVALID_ARGUMENT: a stream needs an id");
      assertThat(first.hasEnded()).isFalse();
      // It ends with the core, which does not wait for it.
      core.close();
      first.awaitEnd();
    }
  }
}
