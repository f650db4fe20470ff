package io.morsel.cli.run;

import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.RawTerminal;
import io.morsel.cli.terminal.Signals;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.tasks.CloseIORequest;
import io.morsel.containerd.api.tasks.CreateTaskRequest;
import io.morsel.containerd.api.tasks.DeleteTaskRequest;
import io.morsel.containerd.api.tasks.KillRequest;
import io.morsel.containerd.api.tasks.ResizePtyRequest;
import io.morsel.containerd.api.tasks.StartRequest;
import io.morsel.containerd.api.tasks.WaitRequest;
import io.morsel.containerd.api.types.Mount;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A container's task, with its streams and its terminal. Used by one thread. */
final class RunningTask {
  private static final Logger log = LoggerFactory.getLogger(RunningTask.class);
  private static final Path LOGS = Path.of("/var/lib/morsel/logs");

  /** How long output may take to come after its container has ended. */
  private static final Duration OUTPUT_GRACE = Duration.ofSeconds(10);

  private final CoreClient client;
  private final String id;
  private final RunRequest request;
  private final Path fifos;
  private final Forwarding forwarding;
  private final boolean terminal;
  private @Nullable TaskStreams streams;
  private Optional<RawTerminal> rawTerminal = Optional.empty();
  private boolean created;

  /** One that is not there yet. */
  RunningTask(
      CoreClient client, String id, RunRequest request, Path fifos, Forwarding forwarding) {
    this.client = client;
    this.id = id;
    this.request = request;
    this.fifos = fifos;
    this.forwarding = forwarding;
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
  void start(List<Mount> rootfs) throws StatusException, IOException, InterruptedException {
    boolean detach = request.attachment().detach();
    boolean copies = !detach || (terminal && request.attachment().logUri().isEmpty());
    TaskStreams made =
        TaskStreams.create(
            fifos, id, request.attachment().interactive(), copies, copies && !terminal);
    streams = made;
    String logUri = copies ? "" : prepareLog();
    var response =
        client
            .tasks()
            .create(
                CreateTaskRequest.newBuilder()
                    .setContainerId(id)
                    .addAllRootfs(rootfs)
                    .setTerminal(terminal)
                    .setStdin(made.stdin())
                    .setStdout(copies ? made.stdout() : logUri)
                    .setStderr(copies || terminal ? made.stderr() : logUri)
                    .build());
    created = true;
    if (request.attachment().pidFile().isPresent()) {
      Files.writeString(request.attachment().pidFile().get(), Integer.toString(response.getPid()));
    }
    if (!detach) {
      made.startOutput(() -> forwarding.kill(Forwarding.SIGKILL));
    }
    if (terminal && request.attachment().interactive() && !detach) {
      rawTerminal = RawTerminal.ofStandardInput();
      rawTerminal.ifPresent(RawTerminal::makeRaw);
    }
    resize();
    forwarding.to(id);
    var _ = client.tasks().start(StartRequest.newBuilder().setContainerId(id).build());
    if (!detach) {
      made.startInput(this::inputEnded);
    }
  }

  /** A new log for a new container, whatever one of the same name has left. */
  private String prepareLog() throws IOException {
    Optional<Path> file = logFile(request, id);
    if (file.isPresent() && request.attachment().logUri().isEmpty()) {
      Files.createDirectories(file.get().getParent());
      Files.deleteIfExists(file.get());
    }
    return request
        .attachment()
        .logUri()
        .orElseGet(() -> file.map(path -> path.toUri().toString()).orElse(""));
  }

  private void resize() {
    rawTerminal.flatMap(RawTerminal::size).ifPresent(this::resize);
  }

  private void resize(RawTerminal.Size size) {
    try {
      var _ =
          client
              .tasks()
              .resizePty(
                  ResizePtyRequest.newBuilder()
                      .setContainerId(id)
                      .setWidth(size.columns())
                      .setHeight(size.rows())
                      .build());
    } catch (StatusException failure) {
      log.debug("can't resize the terminal of '{}': {}", id, CoreClient.message(failure));
    }
  }

  private void inputEnded() {
    if (terminal) {
      // It would hang up.
      return;
    }
    try {
      var _ =
          client
              .tasks()
              .closeIO(CloseIORequest.newBuilder().setContainerId(id).setStdin(true).build());
    } catch (StatusException failure) {
      log.debug("can't close the input of '{}': {}", id, CoreClient.message(failure));
    }
  }

  /**
   * Waits until the task has ended and all its output has come, and deletes it.
   *
   * @return its exit code
   */
  int await() throws StatusException, InterruptedException {
    try (Signals _ = Signals.listen(List.of(Signals.RESIZED), _ -> resize())) {
      int exitCode =
          client
              .waitingTasks()
              .wait(WaitRequest.newBuilder().setContainerId(id).build())
              .getExitStatus();
      forwarding.ended();
      delete();
      TaskStreams copied = streams;
      if (copied != null && !copied.awaitOutput(OUTPUT_GRACE)) {
        log.warn("output of '{}' was still to come after {}", id, OUTPUT_GRACE);
      }
      return exitCode;
    }
  }

  private void delete() throws StatusException {
    var _ = client.tasks().delete(DeleteTaskRequest.newBuilder().setContainerId(id).build());
    created = false;
  }

  /** Lets the task go on without this command. */
  void leave() throws IOException {
    TaskStreams left = streams;
    if (left != null) {
      left.leave();
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
                      .setSignal(Forwarding.SIGKILL)
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
    delete();
  }

  /** Deletes the FIFOs. */
  void closeStreams() throws IOException {
    TaskStreams made = streams;
    if (made != null) {
      made.close();
    }
  }
}
