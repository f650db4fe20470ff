package io.morsel.cli.run;

import com.google.protobuf.FieldMask;
import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.io.Fifos;
import io.morsel.cli.io.ProcessCalls;
import io.morsel.cli.io.RawTerminal;
import io.morsel.cli.io.SignalForwarding;
import io.morsel.cli.io.SignalNumber;
import io.morsel.cli.io.StdioCopy;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.LateLogger;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.containers.GetContainerRequest;
import io.morsel.containerd.api.containers.UpdateContainerRequest;
import io.morsel.containerd.api.tasks.CreateTaskRequest;
import io.morsel.containerd.api.tasks.DeleteResponse;
import io.morsel.containerd.api.tasks.DeleteTaskRequest;
import io.morsel.containerd.api.tasks.KillRequest;
import io.morsel.containerd.api.tasks.StartRequest;
import io.morsel.containerd.api.tasks.WaitRequest;
import io.morsel.containerd.api.types.Mount;
import io.morsel.runtime.container.ContainerEnd;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/** A container's task, with its streams and its terminal. Used by one thread. */
final class RunningTask {
  private static final LateLogger log = new LateLogger(RunningTask.class);
  private static final Path LOGS = Path.of("/var/lib/morsel/logs");

  private final CoreClient client;
  private final String id;
  private final RunRequest request;
  private final Forwarding forwarding;
  private final ProcessCalls process;
  private final boolean terminal;
  private final CountDownLatch started = new CountDownLatch(1);
  private Optional<Fifos> fifos;
  private Optional<StdioCopy> copy = Optional.empty();
  private Optional<RawTerminal> rawTerminal = Optional.empty();
  private boolean created;

  /**
   * One that is not there yet.
   *
   * @param fifos what has been made for it; else they are made where they are needed
   */
  RunningTask(
      CoreClient client,
      String id,
      RunRequest request,
      Forwarding forwarding,
      Optional<Fifos> fifos) {
    this.client = client;
    this.id = id;
    this.request = request;
    this.forwarding = forwarding;
    this.process = new ProcessCalls(client, id, "");
    this.fifos = fifos;
    this.terminal = request.options().process().terminal();
  }

  /** The file that a detached container's output goes to; nothing where it goes elsewhere. */
  static Optional<Path> logFile(RunRequest request, String id) {
    Optional<String> uri = request.attachment().logUri();
    if (uri.isEmpty()) {
      // A shim shows a terminal through FIFOs only.
      return request.options().process().terminal()
          ? Optional.empty()
          : Optional.of(LOGS.resolve(request.namespace()).resolve(id + ".log"));
    }
    return uri.get().startsWith("file://")
        ? Optional.of(Path.of(URI.create(uri.get()).getPath()))
        : Optional.empty();
  }

  /** Creates the task and starts it. */
  void start(List<Mount> rootfs)
      throws CommandException, StatusException, IOException, InterruptedException {
    RunRequest.Attachment attachment = request.attachment();
    boolean toFifos = request.outputToFifos();
    CreateTaskRequest.Builder task =
        CreateTaskRequest.newBuilder()
            .setContainerId(id)
            .addAllRootfs(rootfs)
            .setTerminal(terminal);
    if (fifos.isEmpty() && (toFifos || attachment.interactive())) {
      fifos = Optional.of(Fifos.create(id, attachment.interactive(), terminal));
    }
    if (fifos.isPresent()) {
      Fifos made = fifos.get();
      task.setStdin(made.stdin()).setStdout(made.stdout()).setStderr(made.stderr());
    }
    if (!toFifos) {
      String uri = prepareLog();
      task.setStdout(uri).setStderr(terminal ? "" : uri);
    }
    if (!attachment.detach() && fifos.isPresent()) {
      if (terminal && attachment.interactive()) {
        rawTerminal = Optional.of(RawTerminal.open());
      }
      copy = Optional.of(StdioCopy.start(fifos.get(), StdioCopy.Streams.standard(), new Ends()));
    }
    var response = client.tasks().create(task.build());
    created = true;
    if (attachment.pidFile().isPresent()) {
      Files.writeString(attachment.pidFile().get(), Integer.toString(response.getPid()));
    }
    resize();
    forwarding.to(id);
    var _ = client.tasks().start(StartRequest.newBuilder().setContainerId(id).build());
    fifos.ifPresent(Fifos::connected);
    started.countDown();
  }

  /** What happens at the ends of this command's own streams. */
  private final class Ends implements StdioCopy.Listener {
    @Override
    public void inputEnded() {
      // A terminal would hang up.
      if (!terminal) {
        closeInput();
      }
    }

    @Override
    public void outputLost() {
      forwarding.kill(SignalNumber.KILL);
    }
  }

  /** Where a detached container's output goes; empty for nowhere. */
  static String logUri(RunRequest request, String id) {
    return request
        .attachment()
        .logUri()
        .orElseGet(() -> logFile(request, id).map(path -> path.toUri().toString()).orElse(""));
  }

  /** A new log for a new container, whatever one of the same name has left. */
  private String prepareLog() throws IOException {
    Optional<Path> file = logFile(request, id);
    if (file.isPresent() && request.attachment().logUri().isEmpty()) {
      Files.createDirectories(file.get().getParent());
      Files.deleteIfExists(file.get());
    }
    return logUri(request, id);
  }

  private void resize() {
    process.resize(rawTerminal.orElse(null));
  }

  private void closeInput() {
    try {
      // Before that it would be closed for good, with what is in it.
      started.await();
      process.closeInput();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Waits until the task has ended and all its output has come, and deletes it.
   *
   * @return its exit code
   */
  int await() throws StatusException, InterruptedException {
    try (SignalForwarding _ = SignalForwarding.onResize(this::resize)) {
      int exitCode =
          client
              .waitingTasks()
              .wait(WaitRequest.newBuilder().setContainerId(id).build())
              .getExitStatus();
      forwarding.ended();
      DeleteResponse end = delete();
      if (!request.attachment().remove()) {
        recordEnd(end);
      }
      if (copy.isPresent()) {
        copy.get().awaitOutputEnd();
      }
      return exitCode;
    }
  }

  private DeleteResponse delete() throws StatusException {
    DeleteResponse end =
        client.tasks().delete(DeleteTaskRequest.newBuilder().setContainerId(id).build());
    created = false;
    return end;
  }

  /** containerd forgets it with the task; a Morsel core has recorded it itself. */
  private void recordEnd(DeleteResponse response) {
    try {
      Container container =
          client
              .containers()
              .get(GetContainerRequest.newBuilder().setId(id).build())
              .getContainer();
      if (ContainerEnd.of(container.getLabelsMap()).isPresent()) {
        return;
      }
      ContainerEnd end =
          new ContainerEnd(
              response.getExitStatus(),
              Instant.ofEpochSecond(
                  response.getExitedAt().getSeconds(), response.getExitedAt().getNanos()));
      var _ =
          client
              .containers()
              .update(
                  UpdateContainerRequest.newBuilder()
                      .setContainer(Container.newBuilder().setId(id).putAllLabels(end.labels()))
                      .setUpdateMask(
                          FieldMask.newBuilder()
                              .addPaths("labels." + ContainerEnd.STATUS_LABEL)
                              .addPaths("labels." + ContainerEnd.TIME_LABEL))
                      .build());
    } catch (StatusException failure) {
      log.log(
          to ->
              to.warn("how container '{}' ended is not kept: {}", id, CoreClient.message(failure)));
    }
  }

  /** Ends the task by SIGKILL where it runs, and deletes it. */
  void end() throws StatusException {
    rawTerminal.ifPresent(RawTerminal::close);
    forwarding.ended();
    if (!created) {
      return;
    }
    try {
      var _ =
          client
              .tasks()
              .kill(
                  KillRequest.newBuilder()
                      .setContainerId(id)
                      .setSignal(SignalNumber.KILL)
                      .setAll(true)
                      .build());
      var _ = client.waitingTasks().wait(WaitRequest.newBuilder().setContainerId(id).build());
    } catch (StatusException failure) {
      // One that has not been started, or has ended, is deleted all the same.
      if (!CoreClient.is(failure, ErrorClass.NOT_FOUND)
          && !CoreClient.is(failure, ErrorClass.FAILED_PRECONDITION)) {
        throw failure;
      }
    }
    var _ = delete();
  }

  /** Deletes the FIFOs. */
  void closeStreams() throws IOException {
    if (fifos.isPresent()) {
      fifos.get().close();
    }
  }
}
