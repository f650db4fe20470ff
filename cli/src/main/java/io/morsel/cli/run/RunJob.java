package io.morsel.cli.run;

import io.grpc.StatusException;
import io.morsel.cli.container.Restarts;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.io.SignalForwarding;
import io.morsel.cli.run.RunRequest.CoreChoice;
import io.morsel.cli.run.RunRequest.NetworkChoice;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.cli.terminal.Interruption;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.containers.GetContainerRequest;
import io.morsel.runtime.cni.Cni;
import io.morsel.runtime.cni.PortMapping;
import io.morsel.runtime.oci.SpecException;
import java.io.IOException;
import java.io.PrintWriter;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * One run of {@code morsel run}: from the image to the container's exit code.
 *
 * <p>Containers are made as containerd's own client makes them: the snapshot has the container's
 * name, and a lease holds it until the container does.
 */
public final class RunJob {
  private static final int NAME_BYTES = 6;

  /** What shells add to a signal's number for the exit code of what it ended. */
  private static final int SIGNAL_BASE = 128;

  /** How long the program's end waits for everything to be taken away. */
  private static final Duration CLEANUP_GRACE = Duration.ofSeconds(60);

  private final RunRequest request;
  private final String version;
  private final PrintWriter out;
  private final PrintWriter err;

  /**
   * A run that prints to these.
   *
   * @param version this program's version
   */
  public RunJob(RunRequest request, String version, PrintWriter out, PrintWriter err) {
    this.request = request;
    this.version = version;
    this.out = out;
    this.err = err;
  }

  /**
   * Runs the container.
   *
   * @return its exit code, or how this command ended before there was one
   */
  public int run() throws Exception {
    if (request.attachment().detach() && request.core() instanceof CoreChoice.Embedded) {
      throw CommandException.failed(
          "a detached container needs a core that outlives this command: start 'morsel core', or"
              + " name the socket of one with --address");
    }
    return Interruption.guardLocal(CLEANUP_GRACE, this::connectAndRun);
  }

  private int connectAndRun() throws Exception {
    try (CoreConnection core = CoreConnection.open(request.core(), request.namespace())) {
      Forwarding forwarding =
          new Forwarding(
              core.client(),
              Thread.currentThread(),
              core.isEmbedded()
                  ? Optional.of(request.attachment().stopTimeout())
                  : Optional.empty());
      // Never undone: what comes while the command cleans up must not change the container's exit
      // code, which is this process's.
      var _ = SignalForwarding.start(forwarding);
      try {
        return run(core.client(), forwarding);
      } catch (InterruptedException | IOException | CommandException failure) {
        int signal = forwarding.interruption();
        if (signal == 0) {
          throw failure;
        }
        // The interrupt may have come out as whatever it hit.
        return SIGNAL_BASE + signal;
      } finally {
        var _ = Thread.interrupted();
      }
    }
  }

  private int run(CoreClient client, Forwarding forwarding)
      throws CommandException, IOException, InterruptedException {
    String id = request.id().orElseGet(RunJob::randomName);
    String step = "can't create container '" + id + "'";
    try (Undo undo = new Undo(failure -> err.println("morsel: run: " + failure))) {
      if (request.isRestarted()) {
        new Restarts(client).require(request.restart());
      }
      ContainerPlan plan = request.plan(id);
      CreatedContainer container;
      Optional<CreatedContainer> made = new RunsClient(client, request).create(plan, undo);
      if (made.isPresent()) {
        container = made.get();
      } else {
        step = "can't look for container '" + id + "'";
        requireAbsent(client, id);
        CoreImage image = new CoreImages(client, request.image(), version, err).require();
        step = "can't create container '" + id + "'";
        boolean embedded = request.core() instanceof CoreChoice.Embedded;
        ContainerCreation creation = new ContainerCreation(client, plan, embedded);
        container = new CreatedContainer(creation.create(image, undo), Optional.empty());
      }
      step = "can't connect container '" + id + "' to a network";
      connect(id, undo);
      step = "can't start container '" + id + "'";
      RunningTask task = new RunningTask(client, id, request, forwarding, container.fifos());
      undo.addTemporary("delete the FIFOs of container '" + id + "'", task::closeStreams);
      undo.addTemporary("end the task of container '" + id + "'", task::end);
      task.start(container.rootfs());
      if (request.isRestarted()) {
        step = "can't have container '" + id + "' started again when it ends";
        new Restarts(client).keepRunning(id);
      }
      if (request.attachment().detach()) {
        undo.forget();
        out.println(id);
        return ExitCode.OK;
      }
      step = "can't wait for container '" + id + "'";
      int exitCode = task.await();
      if (!request.attachment().remove()) {
        undo.keep();
      }
      return exitCode;
    } catch (StatusException failure) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      throw CoreClient.failed(step, failure);
    } catch (SpecException impossible) {
      throw CommandException.failed(step + ": " + impossible.getMessage(), impossible);
    }
  }

  private static String randomName() {
    byte[] bytes = new byte[NAME_BYTES];
    new SecureRandom().nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  // --- the container -----------------------------------------------------------------------------

  private static void requireAbsent(CoreClient client, String id)
      throws StatusException, CommandException {
    try {
      var _ = client.containers().get(GetContainerRequest.newBuilder().setId(id).build());
    } catch (StatusException failure) {
      if (CoreClient.is(failure, ErrorClass.NOT_FOUND)) {
        return;
      }
      throw failure;
    }
    throw CommandException.failed(
        "there is a container '"
            + id
            + "' already; remove it with 'morsel rm "
            + id
            + "', or choose another --name");
  }

  // --- the network -------------------------------------------------------------------------------

  private void connect(String id, Undo undo) throws IOException, InterruptedException {
    if (!(request.network() instanceof NetworkChoice.Bridge(List<PortMapping> ports))) {
      return;
    }
    Cni cni = Cni.standard();
    var _ = cni.attach(request.namespace(), id, ports);
    String what = "take down the network of container '" + id + "'";
    Undo.Action action = () -> cni.detach(request.namespace(), id);
    if (request.attachment().detach()) {
      undo.add(what, action);
    } else {
      // The container may stay, but nothing of it runs.
      undo.addTemporary(what, action);
    }
  }
}
