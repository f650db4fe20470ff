package io.morsel.shim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.events.TaskExit;
import io.morsel.containerd.api.shim.ConnectRequest;
import io.morsel.containerd.api.shim.ConnectResponse;
import io.morsel.containerd.api.shim.CreateTaskRequest;
import io.morsel.containerd.api.shim.DeleteRequest;
import io.morsel.containerd.api.shim.DeleteResponse;
import io.morsel.containerd.api.shim.ExecProcessRequest;
import io.morsel.containerd.api.shim.KillRequest;
import io.morsel.containerd.api.shim.PidsRequest;
import io.morsel.containerd.api.shim.StartRequest;
import io.morsel.containerd.api.shim.StateRequest;
import io.morsel.containerd.api.shim.WaitRequest;
import io.morsel.containerd.api.shim.WaitResponse;
import io.morsel.containerd.api.shim.events.ForwardRequest;
import io.morsel.containerd.api.shim.runc.Options;
import io.morsel.containerd.api.types.Envelope;
import io.morsel.containerd.api.types.Mount;
import io.morsel.containerd.api.types.Status;
import io.morsel.ttrpc.TtrpcMethod;
import io.morsel.ttrpc.TtrpcServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Debian's containerd-shim-runc-v2 and runc, with no containerd. */
@Timeout(120)
final class RuncShimIT {
  private static final String RUNTIME = "io.containerd.runc.v2";
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final TtrpcMethod<ForwardRequest, Empty> FORWARD =
      TtrpcMethod.unary(
          "containerd.services.events.ttrpc.v1.Events",
          "Forward",
          ForwardRequest.getDefaultInstance(),
          Empty.getDefaultInstance());

  private final String namespace = "shim-it-" + ProcessHandle.current().pid();
  private final BlockingQueue<Envelope> events = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> log = new LinkedBlockingQueue<>();
  private final List<Bundle> bundles = new ArrayList<>();
  private final List<Long> shimPids = new ArrayList<>();
  private @Nullable Path directory;
  private @Nullable TtrpcServer server;
  private @Nullable ShimManager manager;

  @BeforeEach
  void start() throws Exception {
    Path made = Files.createTempDirectory("shim-it");
    directory = made;
    Path rootfs = Files.createDirectories(made.resolve("image/bin"));
    Files.copy(Path.of("/bin/busybox"), rootfs.resolve("busybox"));
    Files.createSymbolicLink(rootfs.resolve("sh"), Path.of("busybox"));
    server =
        TtrpcServer.builder()
            .unary(
                FORWARD,
                (request, _) -> {
                  events.add(request.getEnvelope());
                  return Empty.getDefaultInstance();
                })
            .start(made.resolve("events.ttrpc"));
    manager =
        new ShimManager(
            new ShimSettings(
                made.resolve("none.sock"),
                made.resolve("events.ttrpc"),
                Path.of("/bin/true"),
                true,
                Map.of(),
                PATIENCE,
                PATIENCE),
            (_, line) -> log.add(line));
  }

  @AfterEach
  void stop() throws Exception {
    for (long pid : shimPids) {
      Optional<ProcessHandle> shim = ProcessHandle.of(pid);
      if (shim.isPresent()) {
        shim.get().destroyForcibly();
        shim.get().onExit().get(10, TimeUnit.SECONDS);
      }
    }
    for (Bundle bundle : bundles) {
      if (Files.exists(bundle.path())) {
        // Ends the container and its cgroup too.
        manager().delete(bundle);
      }
    }
    if (server != null) {
      server.close();
    }
    if (directory != null) {
      try (Stream<Path> all = Files.walk(directory)) {
        for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(each);
        }
      }
    }
  }

  private ShimManager manager() {
    if (manager == null) {
      throw new IllegalStateException("not started");
    }
    return manager;
  }

  private Path directory() {
    if (directory == null) {
      throw new IllegalStateException("not started");
    }
    return directory;
  }

  private Bundle bundle(String id, String script) throws IOException {
    String spec =
        """
        {"ociVersion": "1.0.2",
         "process": {"terminal": false, "user": {"uid": 0, "gid": 0}, "cwd": "/",
                     "args": ["/bin/sh", "-c", "%s"], "env": ["PATH=/bin"]},
         "root": {"path": "rootfs"}, "hostname": "shim-it",
         "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
         "linux": {"cgroupsPath": "/%s-%s",
                   "namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "uts"},
                                  {"type": "mount"}, {"type": "network"}]}}
        """
            .formatted(script, namespace, id);
    Bundle bundle =
        Bundle.create(
            directory().resolve("state"),
            directory().resolve("root"),
            namespace,
            id,
            spec.getBytes(StandardCharsets.UTF_8));
    bundles.add(bundle);
    return bundle;
  }

  private Shim launch(Bundle bundle) throws Exception {
    Shim shim =
        manager()
            .start(
                bundle,
                RUNTIME,
                Any.newBuilder()
                    .setTypeUrl("containerd.runc.v1.Options")
                    .setValue(
                        Options.newBuilder()
                            .setRoot(directory().resolve("runc").toString())
                            .build()
                            .toByteString())
                    .build());
    shimPids.add((long) connect(shim).getShimPid());
    return shim;
  }

  private static ConnectResponse connect(Shim shim) throws Exception {
    return shim.tasks().connect(ConnectRequest.newBuilder().setId(shim.bundle().id()).build());
  }

  private CreateTaskRequest.Builder create(Bundle bundle) {
    return CreateTaskRequest.newBuilder()
        .setId(bundle.id())
        .setBundle(bundle.path().toString())
        .setOptions(
            Any.newBuilder()
                .setTypeUrl("containerd.runc.v1.Options")
                .setValue(
                    Options.newBuilder()
                        .setRoot(directory().resolve("runc").toString())
                        .build()
                        .toByteString()))
        .addRootfs(
            Mount.newBuilder()
                .setType("bind")
                .setSource(directory().resolve("image").toString())
                .addOptions("rbind")
                .addOptions("rw"));
  }

  private static StartRequest start(Bundle bundle) {
    return StartRequest.newBuilder().setId(bundle.id()).build();
  }

  private static WaitResponse await(Shim shim) throws Exception {
    return shim.tasks()
        .withTimeout(PATIENCE)
        .waitFor(WaitRequest.newBuilder().setId(shim.bundle().id()).build());
  }

  private Envelope event(String topic) throws InterruptedException {
    while (true) {
      Envelope event = events.poll(60, TimeUnit.SECONDS);
      assertThat(event).as("an event %s", topic).isNotNull();
      if (event != null && event.getTopic().equals(topic)) {
        return event;
      }
    }
  }

  @Test
  void mountsAreFoundThroughLinks() throws Exception {
    Files.createDirectory(directory().resolve("real"));
    Path link = Files.createSymbolicLink(directory().resolve("link"), Path.of("real"));
    Bundle bundle =
        Bundle.create(
            link,
            directory().resolve("root"),
            namespace,
            "m",
            "{}".getBytes(StandardCharsets.UTF_8));
    Process mount =
        new ProcessBuilder(
                "mount",
                "--bind",
                directory().resolve("image").toString(),
                bundle.rootfs().toString())
            .inheritIO()
            .start();
    assertThat(mount.waitFor()).isZero();
    assertThat(bundle.rootfs().resolve("bin/busybox")).exists();
    bundle.remove();
    assertThat(bundle.path()).doesNotExist();
    assertThat(directory().resolve("image/bin/busybox")).exists();
  }

  private void endAndRemove(Shim shim) throws Exception {
    DeleteResponse deleted =
        shim.tasks().delete(DeleteRequest.newBuilder().setId(shim.bundle().id()).build());
    assertThat(deleted.getPid()).isPositive();
    assertThat(shim.shutdown(PATIENCE)).isTrue();
    assertThat(shim.isConnected()).isFalse();
    shim.bundle().remove();
    assertThat(shim.bundle().path()).doesNotExist();
  }

  @Test
  void aContainersWholeLife() throws Exception {
    Bundle bundle = bundle("life", "exit 7");
    Shim shim = launch(bundle);
    assertThat(shim.version()).isEqualTo(2);
    int pid = shim.tasks().create(create(bundle).build()).getPid();
    assertThat(ProcessHandle.of(pid)).isPresent();
    assertThat(shim.tasks().start(start(bundle)).getPid()).isEqualTo(pid);
    assertThat(await(shim).getExitStatus()).isEqualTo(7);
    assertThat(shim.tasks().state(StateRequest.newBuilder().setId(bundle.id()).build()).getStatus())
        .isEqualTo(Status.STOPPED);
    assertThat(event("/tasks/create").getNamespace()).isEqualTo(namespace);
    event("/tasks/start");
    TaskExit exit = TaskExit.parseFrom(event("/tasks/exit").getEvent().getValue());
    assertThat(exit.getExitStatus()).isEqualTo(7);
    assertThat(exit.getContainerId()).isEqualTo("life");
    endAndRemove(shim);
    event("/tasks/delete");
    assertThat(log).isNotEmpty();
  }

  @Test
  void outputExecAndSignals() throws Exception {
    Bundle bundle = bundle("exec", "echo started; while :; do sleep 1; done");
    Shim shim = launch(bundle);
    Path output = directory().resolve("output");
    shim.tasks()
        .create(create(bundle).setStdout("file://" + output).setStderr("file://" + output).build());
    shim.tasks().start(start(bundle));
    Any process =
        Any.newBuilder()
            .setTypeUrl("types.containerd.io/opencontainers/runtime-spec/1/Process")
            .setValue(
                ByteString.copyFromUtf8(
                    "{\"cwd\": \"/\", \"user\": {\"uid\": 0, \"gid\": 0},"
                        + " \"args\": [\"/bin/sh\", \"-c\", \"exit 3\"]}"))
            .build();
    shim.tasks()
        .exec(
            ExecProcessRequest.newBuilder()
                .setId("exec")
                .setExecId("second")
                .setSpec(process)
                .build());
    shim.tasks().start(StartRequest.newBuilder().setId("exec").setExecId("second").build());
    assertThat(
            shim.tasks()
                .waitFor(WaitRequest.newBuilder().setId("exec").setExecId("second").build())
                .getExitStatus())
        .isEqualTo(3);
    assertThat(shim.tasks().pids(PidsRequest.newBuilder().setId("exec").build()).getProcessesList())
        .isNotEmpty();
    shim.tasks().kill(KillRequest.newBuilder().setId("exec").setSignal(9).setAll(true).build());
    assertThat(await(shim).getExitStatus()).isEqualTo(137);
    endAndRemove(shim);
    assertThat(output).content().startsWith("started");
  }

  @Test
  void aShimIsFoundAgainAndItsErrorsHaveTheirClass() throws Exception {
    Bundle bundle = bundle("again", "while :; do sleep 1; done");
    Shim before = launch(bundle);
    int pid = before.tasks().create(create(bundle).build()).getPid();
    before.tasks().start(start(bundle));
    before.close();
    assertThat(before.ended().isDone()).isFalse();
    List<Bundle> found = Bundle.list(directory().resolve("state"));
    assertThat(found).isEqualTo(List.of(bundle));
    Shim shim = manager().reconnect(found.getFirst());
    assertThat(connect(shim).getTaskPid()).isEqualTo(pid);
    assertThatThrownBy(() -> shim.tasks().waitFor(WaitRequest.newBuilder().setId("other").build()))
        .isInstanceOfSatisfying(
            ContainerdException.class,
            e -> assertThat(e.errorClass()).isEqualTo(ErrorClass.NOT_FOUND));
    shim.tasks().kill(KillRequest.newBuilder().setId("again").setSignal(9).setAll(true).build());
    assertThat(await(shim).getExitStatus()).isEqualTo(137);
    endAndRemove(shim);
  }

  @Test
  void aShimsDeathIsNoticedAndCleanedUp() throws Exception {
    Bundle bundle = bundle("death", "while :; do sleep 1; done");
    Shim shim = launch(bundle);
    int pid = shim.tasks().create(create(bundle).build()).getPid();
    shim.tasks().start(start(bundle));
    ProcessHandle.of(shimPids.getFirst()).orElseThrow().destroyForcibly();
    shim.ended().get(60, TimeUnit.SECONDS);
    assertThatThrownBy(() -> connect(shim))
        .isInstanceOfSatisfying(
            ContainerdException.class,
            e -> assertThat(e.errorClass()).isEqualTo(ErrorClass.UNAVAILABLE));
    assertThatThrownBy(() -> manager().reconnect(bundle)).isInstanceOf(ShimException.class);
    Optional<ProcessHandle> task = ProcessHandle.of(pid);
    assertThat(manager().delete(bundle).getExitStatus()).isEqualTo(137);
    if (task.isPresent()) {
      task.get().onExit().get(60, TimeUnit.SECONDS);
    }
    assertThat(bundle.path()).doesNotExist();
  }
}
