package io.morsel.cli.container;

import com.google.protobuf.Any;
import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.io.Fifos;
import io.morsel.cli.io.ProcessCalls;
import io.morsel.cli.io.RawTerminal;
import io.morsel.cli.io.SignalForwarding;
import io.morsel.cli.io.SignalNumber;
import io.morsel.cli.io.StdioCopy;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.tasks.DeleteProcessRequest;
import io.morsel.containerd.api.tasks.ExecProcessRequest;
import io.morsel.containerd.api.tasks.StartRequest;
import io.morsel.containerd.api.tasks.WaitRequest;
import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** {@code morsel exec}: one process beside those of a container. */
public final class Exec implements StdioCopy.Listener {
  private final CoreClient client;
  private final ExecRequest request;
  private final Container container;
  private final String execId = "exec-" + UUID.randomUUID();
  private final ProcessCalls process;
  private final CountDownLatch started = new CountDownLatch(1);

  private Exec(CoreClient client, ExecRequest request, Container container) {
    this.client = client;
    this.request = request;
    this.container = container;
    this.process = new ProcessCalls(client, container.getId(), execId);
  }

  /** Starts the process and, unless it is detached, waits for its end; returns its exit code. */
  public static int run(CoreClient client, ExecRequest request)
      throws CommandException, IOException, InterruptedException {
    Containers containers = new Containers(client);
    Container container = containers.require(request.container());
    var _ = containers.requireRunning(container.getId());
    Exec exec = new Exec(client, request, container);
    return request.detached() ? exec.detached() : exec.attached();
  }

  private int detached() throws CommandException, IOException, InterruptedException {
    try {
      create("", "", "", null);
      start();
      return ExitCode.OK;
    } catch (StatusException failure) {
      delete();
      throw failed(failure);
    }
  }

  private int attached() throws CommandException, IOException, InterruptedException {
    boolean keys = request.terminal() && request.interactive();
    try (RawTerminal terminal = keys ? RawTerminal.open() : null;
        Fifos fifos = Fifos.create(execId, request.interactive(), request.terminal());
        SignalForwarding _ = SignalForwarding.start(this::killWhenStarted);
        SignalForwarding _ = SignalForwarding.onResize(() -> process.resize(terminal))) {
      StdioCopy copy = StdioCopy.start(fifos, StdioCopy.Streams.standard(), this);
      create(
          fifos.stdin(), fifos.stdout(), fifos.stderr(), terminal == null ? null : terminal.size());
      int code;
      try {
        start();
        fifos.connected();
        started.countDown();
        code = await();
      } finally {
        started.countDown();
        // With that the shim closes its ends.
        delete();
      }
      copy.awaitOutputEnd();
      return code;
    } catch (StatusException failure) {
      throw failed(failure);
    }
  }

  private CommandException failed(StatusException failure) {
    return CoreClient.failed(
        "can't run '" + request.command().getFirst() + "' in container '" + container.getId() + "'",
        failure);
  }

  private void create(String stdin, String stdout, String stderr, RawTerminal.@Nullable Size size)
      throws StatusException, CommandException, IOException, InterruptedException {
    String user = request.user();
    Any spec =
        ProcessSpec.of(
            container, request, user == null ? null : Users.find(client, container, user), size);
    var _ =
        client
            .tasks()
            .exec(
                ExecProcessRequest.newBuilder()
                    .setContainerId(container.getId())
                    .setExecId(execId)
                    .setStdin(stdin)
                    .setStdout(stdout)
                    .setStderr(stderr)
                    .setTerminal(request.terminal())
                    .setSpec(spec)
                    .build());
  }

  private void start() throws StatusException {
    var _ =
        client
            .tasks()
            .start(
                StartRequest.newBuilder()
                    .setContainerId(container.getId())
                    .setExecId(execId)
                    .build());
  }

  private int await() throws StatusException {
    return client
        .waitingTasks()
        .wait(WaitRequest.newBuilder().setContainerId(container.getId()).setExecId(execId).build())
        .getExitStatus();
  }

  /** A signal that comes too early for the process is kept until it can take it. */
  private void killWhenStarted(int signal) {
    try {
      started.await();
      process.kill(signal);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void inputEnded() {
    process.closeInput();
  }

  @Override
  public void outputLost() {
    process.kill(SignalNumber.PIPE);
  }

  private void delete() {
    process.quietly(
        "that it is not needed any more",
        () ->
            client
                .tasks()
                .deleteProcess(
                    DeleteProcessRequest.newBuilder()
                        .setContainerId(container.getId())
                        .setExecId(execId)
                        .build()));
  }
}
