package io.morsel.cli.container;

import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.io.DetachKeys;
import io.morsel.cli.io.Fifos;
import io.morsel.cli.io.ProcessCalls;
import io.morsel.cli.io.RawTerminal;
import io.morsel.cli.io.SignalForwarding;
import io.morsel.cli.io.StdioCopy;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.containerd.api.tasks.WaitRequest;
import io.morsel.containerd.api.types.Process;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * Joins this program's streams with those of a container that runs already, through its FIFOs, as
 * {@code ctr tasks attach} does.
 */
public final class Attach implements StdioCopy.Listener {
  /** How long what the container has written may take to get here once it has ended. */
  private static final Duration OUTPUT_GRACE = Duration.ofSeconds(10);

  private final CoreClient client;
  private final String id;
  private final boolean terminal;
  private final ProcessCalls process;
  private final CompletableFuture<Integer> end = new CompletableFuture<>();

  private Attach(CoreClient client, String id, boolean terminal) {
    this.client = client;
    this.id = id;
    this.terminal = terminal;
    this.process = new ProcessCalls(client, id, "");
  }

  /**
   * Attaches to a container, until it ends or the user detaches.
   *
   * @param name the container's identifier, or what that begins with
   * @param withInput whether it gets this program's input, if it takes any
   * @return its exit code; 0 where it goes on
   * @throws CommandException if it does not run, or has no FIFOs
   */
  public static int run(CoreClient client, String name, boolean withInput)
      throws CommandException, IOException, InterruptedException {
    Containers containers = new Containers(client);
    String id = containers.require(name).getId();
    Process task = containers.requireRunning(id);
    Path stdout = requireFifo(id, task.getStdout());
    // A shim that does not take input has made no FIFO for it, or was told none.
    Optional<Path> stdin = withInput ? Fifos.find(task.getStdin()) : Optional.empty();
    Optional<Path> stderr = task.getTerminal() ? Optional.empty() : Fifos.find(task.getStderr());
    return new Attach(client, id, task.getTerminal()).join(Fifos.existing(stdin, stdout, stderr));
  }

  private static Path requireFifo(String id, String stdout) throws CommandException, IOException {
    Optional<Path> fifo = Fifos.find(stdout);
    if (fifo.isPresent()) {
      return fifo.get();
    }
    String why =
        stdout.isEmpty()
            ? "its output goes nowhere"
            : "its output goes to "
                + stdout
                + (stdout.startsWith("/") ? ", which is no FIFO any more" : ", not into a FIFO");
    String advice =
        stdout.startsWith("file://")
            ? "; 'morsel logs -f " + id + "' shows it"
            : "; 'morsel exec' runs another command in it";
    throw CommandException.failed("can't attach to container '" + id + "': " + why + advice);
  }

  private int join(Fifos fifos) throws CommandException, IOException, InterruptedException {
    boolean keys = terminal && !fifos.stdin().isEmpty();
    try (Fifos _ = fifos;
        RawTerminal raw = keys ? rawTerminal() : null;
        SignalForwarding _ = SignalForwarding.start(process::kill);
        SignalForwarding _ = SignalForwarding.onResize(() -> process.resize(raw))) {
      StdioCopy.Streams standard = StdioCopy.Streams.standard();
      InputStream in =
          keys ? new DetachKeys(standard.in(), () -> end.complete(ExitCode.OK)) : standard.in();
      StdioCopy copy =
          StdioCopy.start(fifos, new StdioCopy.Streams(in, standard.out(), standard.err()), this);
      fifos.connected();
      process.resize(raw);
      Thread.ofVirtual().name("wait-" + id).start(() -> awaitEnd(copy));
      return end.get();
    } catch (ExecutionException failure) {
      if (failure.getCause() instanceof StatusException status) {
        throw CoreClient.failed("can't wait for container '" + id + "'", status);
      }
      throw new IOException(failure.getCause());
    }
  }

  private RawTerminal rawTerminal() throws CommandException {
    try {
      return RawTerminal.open();
    } catch (CommandException none) {
      throw CommandException.failed(
          "can't attach to container '"
              + id
              + "': it has a terminal, and this command's standard input is none; --no-stdin only"
              + " shows what it writes",
          none);
    }
  }

  /** What it has written is shown before its end is told. */
  private void awaitEnd(StdioCopy copy) {
    try {
      int code =
          client
              .waitingTasks()
              .wait(WaitRequest.newBuilder().setContainerId(id).build())
              .getExitStatus();
      // The task stays, and with it its exit code: deleting it is for who has started it. The shim
      // closes its ends all the same, once no process holds the container's.
      copy.awaitOutputEnd(OUTPUT_GRACE);
      end.complete(code);
    } catch (StatusException | InterruptedException failure) {
      end.completeExceptionally(failure);
    }
  }

  @Override
  public void inputEnded() {
    // A terminal would hang up, and whoever has detached wants the container to go on.
    if (!terminal) {
      process.closeInput();
    }
  }

  @Override
  public void outputLost() {
    // Nobody looks any more; the container was there before, and goes on.
    end.complete(ExitCode.OK);
  }
}
