package io.morsel.cli.container;

import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.io.AbandonedFifos;
import io.morsel.cli.io.Fifos;
import io.morsel.cli.io.SignalNumber;
import io.morsel.cli.terminal.CommandException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.containers.DeleteContainerRequest;
import io.morsel.containerd.api.snapshots.RemoveSnapshotRequest;
import io.morsel.containerd.api.tasks.DeleteTaskRequest;
import io.morsel.containerd.api.tasks.KillRequest;
import io.morsel.containerd.api.tasks.ResumeTaskRequest;
import io.morsel.containerd.api.tasks.TasksGrpc.TasksBlockingV2Stub;
import io.morsel.containerd.api.tasks.WaitRequest;
import io.morsel.containerd.api.types.Process;
import io.morsel.containerd.api.types.Status;
import io.morsel.runtime.cni.Cni;
import io.morsel.runtime.container.ContainerLabels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The ends of containers: {@code morsel stop}, {@code kill} and {@code rm}. */
public final class Lifecycle {
  /** What containerd's clients keep an image's stop signal in. */
  private static final String STOP_SIGNAL = "io.containerd.image.config.stop-signal";

  private static final int SIGINT = 2;

  /** How long the kernel may take to end a process that got SIGKILL. */
  private static final Duration KILLED = Duration.ofSeconds(60);

  private final CoreClient client;
  private final Containers containers;
  private final Restarts restarts;

  /** Those of the client's namespace. */
  public Lifecycle(CoreClient client) {
    this.client = client;
    this.containers = new Containers(client);
    this.restarts = new Restarts(client);
  }

  /**
   * Reads a signal's name or number.
   *
   * @throws CommandException with exit code 2 if there is no such signal
   */
  public static int signal(String text) throws CommandException {
    return SignalNumber.of(text)
        .orElseThrow(
            () ->
                CommandException.usage(
                    "no such signal '" + text + "'; 'kill -l' lists names and numbers"));
  }

  /**
   * Asks a container's process to end, and kills it if it does not; one that does not run is left
   * as it is, and is not started again by itself.
   *
   * @param signal what to ask by; empty for the container's own stop signal, or else SIGTERM
   * @param patience how long it may take before it is killed
   */
  public void stop(String name, Optional<Integer> signal, Duration patience)
      throws CommandException {
    Container container = containers.require(name);
    restarts.beginStop(container);
    stop(container, signal, patience);
    restarts.endStop(container);
  }

  private void stop(Container container, Optional<Integer> signal, Duration patience)
      throws CommandException {
    String id = container.getId();
    Optional<Process> task = containers.task(id).filter(Containers::isAlive);
    if (task.isEmpty()) {
      return;
    }
    int first = signal.isPresent() ? signal.get() : stopSignal(container);
    boolean frozen = task.get().getStatus() != Status.RUNNING;
    if (!send(id, first, false)) {
      return;
    }
    if (frozen) {
      // Otherwise it could not take the signal.
      resume(id);
    }
    if (await(id, patience)) {
      return;
    }
    if (send(id, SignalNumber.KILL, true) && !await(id, KILLED)) {
      throw CommandException.failed(
          "container '" + id + "' still runs, " + KILLED.toSeconds() + " s after SIGKILL");
    }
  }

  private static int stopSignal(Container container) {
    for (String label : new String[] {ContainerLabels.STOP_SIGNAL, STOP_SIGNAL}) {
      var number = SignalNumber.of(ContainerLabels.of(container, label));
      if (number.isPresent()) {
        return number.getAsInt();
      }
    }
    return SignalNumber.TERM;
  }

  /**
   * Sends a signal. A container that is asked to end by it is not started again by itself.
   *
   * @param all whether every process of the container gets it
   * @throws CommandException if the container does not run
   */
  public void kill(String name, int signal, boolean all) throws CommandException {
    Container container = containers.require(name);
    String id = container.getId();
    if (containers.task(id).filter(Containers::isAlive).isPresent()) {
      if (isEnd(container, signal)) {
        restarts.beginStop(container);
      }
      if (signal == SignalNumber.KILL) {
        restarts.endStop(container);
      }
      if (send(id, signal, all)) {
        return;
      }
    }
    throw CommandException.failed("container '" + id + "' is not running");
  }

  /** Whether a signal means the end: others have a process read its configuration again. */
  private static boolean isEnd(Container container, int signal) {
    return signal == SignalNumber.KILL
        || signal == SignalNumber.TERM
        || signal == SIGINT
        || signal == stopSignal(container);
  }

  /** Whether there was still a process to get the signal. */
  private boolean send(String id, int signal, boolean all) throws CommandException {
    try {
      var _ =
          client
              .tasks()
              .kill(
                  KillRequest.newBuilder()
                      .setContainerId(id)
                      .setSignal(signal)
                      .setAll(all)
                      .build());
      return true;
    } catch (StatusException failure) {
      if (CoreClient.is(failure, ErrorClass.NOT_FOUND)) {
        return false;
      }
      throw CoreClient.failed(
          "can't send signal " + signal + " to container '" + id + "'", failure);
    }
  }

  private void resume(String id) throws CommandException {
    try {
      var _ = client.tasks().resume(ResumeTaskRequest.newBuilder().setContainerId(id).build());
    } catch (StatusException failure) {
      // What was killed while it was frozen may be gone by now.
      if (containers.task(id).filter(Containers::isAlive).isPresent()) {
        throw CoreClient.failed("can't resume container '" + id + "'", failure);
      }
    }
  }

  /** Whether the container's first process ends, or has ended, within that time. */
  private boolean await(String id, Duration limit) throws CommandException {
    TasksBlockingV2Stub tasks =
        client.waitingTasks().withDeadlineAfter(limit.toMillis(), TimeUnit.MILLISECONDS);
    long start = System.nanoTime();
    try {
      var _ = tasks.wait(WaitRequest.newBuilder().setContainerId(id).build());
      return true;
    } catch (StatusException failure) {
      if (CoreClient.is(failure, ErrorClass.NOT_FOUND)) {
        return true;
      }
      // containerd knows of the deadline, too, and may be the first to see it, as some failure.
      if (CoreClient.is(failure, ErrorClass.DEADLINE_EXCEEDED)
          || System.nanoTime() - start >= limit.toNanos()) {
        return false;
      }
      throw CoreClient.failed("can't wait for container '" + id + "'", failure);
    }
  }

  /**
   * Removes a container with its task, the FIFOs of its streams, snapshot, network and log.
   *
   * @param force whether one that runs is killed, and not refused
   */
  public void remove(String name, boolean force)
      throws CommandException, IOException, InterruptedException {
    Container container = containers.require(name);
    String id = container.getId();
    Optional<Process> task = containers.task(id);
    if (!force && task.filter(Containers::isAlive).isPresent()) {
      throw CommandException.failed(
          "container '" + id + "' is running; stop it first, or use --force");
    }
    // Otherwise it could be started again while there is still something of it.
    restarts.beginStop(container);
    restarts.endStop(container);
    if (task.filter(Containers::isAlive).isPresent()) {
      boolean frozen = task.get().getStatus() != Status.RUNNING;
      if (send(id, SignalNumber.KILL, true)) {
        if (frozen) {
          resume(id);
        }
        if (!await(id, KILLED)) {
          throw CommandException.failed(
              "container '" + id + "' still runs, " + KILLED.toSeconds() + " s after SIGKILL");
        }
      }
    }
    unlessGone(
        "the task of container '" + id + "'",
        task.isPresent(),
        () -> client.tasks().delete(DeleteTaskRequest.newBuilder().setContainerId(id).build()));
    if (task.isPresent()) {
      // What was started detached has left them behind, so that others could attach.
      Fifos.delete(List.of(task.get().getStdin(), task.get().getStdout(), task.get().getStderr()));
    } else {
      // Its shim or its core was killed, and with it who could name them.
      AbandonedFifos.delete(id);
    }
    disconnect(container);
    unlessGone(
        "snapshot '" + container.getSnapshotKey() + "' of container '" + id + "'",
        !container.getSnapshotKey().isEmpty(),
        () ->
            client
                .snapshots()
                .remove(
                    RemoveSnapshotRequest.newBuilder()
                        .setSnapshotter(container.getSnapshotter())
                        .setKey(container.getSnapshotKey())
                        .build()));
    unlessGone(
        "container '" + id + "'",
        true,
        () -> client.containers().delete(DeleteContainerRequest.newBuilder().setId(id).build()));
    deleteLog(container);
  }

  /** Takes down the network that 'morsel run' has set up, while the container can still say so. */
  private void disconnect(Container container) throws CommandException, IOException {
    if (!ContainerLabels.of(container, ContainerLabels.NETWORK).equals(ContainerLabels.BRIDGE)) {
      return;
    }
    try {
      Cni.standard().detach(client.namespace(), container.getId());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw CommandException.failed(
          "interrupted while the network of container '"
              + container.getId()
              + "' was taken down; remove it again",
          e);
    }
  }

  /**
   * Deletes the log that 'morsel run' has made. A label may say anything: only what is called as
   * such a log is one, and other files were named by somebody who will want to keep them.
   */
  private void deleteLog(Container container) throws IOException {
    String label = ContainerLabels.of(container, ContainerLabels.LOG);
    Path file = Path.of(label);
    if (file.isAbsolute()
        && file.endsWith(Path.of(client.namespace(), container.getId() + ".log"))
        && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      Files.delete(file);
    }
  }

  /** A call that removes something. */
  private interface Removal {
    Object call() throws StatusException;
  }

  private static void unlessGone(String what, boolean there, Removal removal)
      throws CommandException {
    if (!there) {
      return;
    }
    try {
      var _ = removal.call();
    } catch (StatusException failure) {
      if (!CoreClient.is(failure, ErrorClass.NOT_FOUND)) {
        throw CoreClient.failed("can't remove " + what, failure);
      }
    }
  }
}
