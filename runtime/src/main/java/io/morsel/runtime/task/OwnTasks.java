package io.morsel.runtime.task;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.shim.KillRequest;
import io.morsel.containerd.api.shim.ResumeRequest;
import io.morsel.containerd.api.shim.StartRequest;
import io.morsel.containerd.api.tasks.CreateTaskRequest;
import io.morsel.containerd.api.types.Mount;
import io.morsel.containerd.api.types.Process;
import io.morsel.containerd.api.types.Status;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the core itself has containers' tasks do, as a client would: for who starts and ends
 * containers without one. Safe for use by many threads.
 */
public final class OwnTasks {
  private static final Logger log = LoggerFactory.getLogger(OwnTasks.class);
  private static final int SIGKILL = 9;

  private final TaskManager tasks;
  private final Processes processes;

  /** Over the tasks that there are. */
  public OwnTasks(TaskManager tasks) {
    this.tasks = tasks;
    this.processes = new Processes(tasks);
  }

  /**
   * What a container's first process is doing, of status UNKNOWN where its shim does not tell;
   * empty where the container has no task.
   */
  public Optional<Process> find(String namespace, String id)
      throws ContainerdException, InterruptedException {
    Optional<Task> task = tasks.find(namespace, id);
    if (task.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(processes.describe(task.get(), ExitRecords.FIRST));
    } catch (ContainerdException e) {
      if (e.errorClass() == ErrorClass.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /**
   * Makes a container's task and starts it; of one that can't be started nothing is left.
   *
   * @param rootfs what its root filesystem is made of; nothing where its specification says
   * @param logUri where its output goes; empty for nowhere
   * @param terminal whether its specification gives it one
   */
  public void start(
      String namespace, Container container, List<Mount> rootfs, String logUri, boolean terminal)
      throws ContainerdException, InterruptedException {
    CreateTaskRequest request =
        CreateTaskRequest.newBuilder()
            .setContainerId(container.getId())
            .addAllRootfs(rootfs)
            .setTerminal(terminal)
            .setStdout(logUri)
            .setStderr(terminal ? "" : logUri)
            .build();
    var _ = tasks.create(namespace, container, request, _ -> "");
    boolean started = false;
    try {
      Task task = tasks.get(namespace, container.getId());
      var _ = task.client().start(StartRequest.newBuilder().setId(task.id()).build());
      started = true;
    } finally {
      if (!started) {
        deleteQuietly(namespace, container.getId());
      }
    }
  }

  private void deleteQuietly(String namespace, String id) throws InterruptedException {
    try {
      delete(namespace, id);
    } catch (ContainerdException e) {
      log.warn("the task of container {} that did not start stays: {}", id, e.getMessage());
    }
  }

  /** Deletes the task of a container whose first process has ended, or not begun. */
  public void delete(String namespace, String id) throws ContainerdException, InterruptedException {
    Optional<Task> task = tasks.find(namespace, id);
    if (task.isPresent()) {
      var _ = tasks.delete(task.get());
    }
  }

  /** Kills all processes of a container and deletes its task; nothing where it has none. */
  public void end(String namespace, String id) throws ContainerdException, InterruptedException {
    Optional<Task> found = tasks.find(namespace, id);
    if (found.isEmpty()) {
      return;
    }
    Task task = found.get();
    Status before = processes.describe(task, ExitRecords.FIRST).getStatus();
    if (before != Status.STOPPED) {
      kill(task, before == Status.PAUSED || before == Status.PAUSING);
      var _ = tasks.waitFor(task, ExitRecords.FIRST);
    }
    delete(namespace, id);
  }

  private static void kill(Task task, boolean frozen)
      throws ContainerdException, InterruptedException {
    try {
      task.client()
          .kill(KillRequest.newBuilder().setId(task.id()).setSignal(SIGKILL).setAll(true).build());
      if (frozen) {
        // Otherwise it could not take the signal.
        task.client().resume(ResumeRequest.newBuilder().setId(task.id()).build());
      }
    } catch (ContainerdException e) {
      // It has just ended by itself.
      if (e.errorClass() != ErrorClass.NOT_FOUND) {
        throw e;
      }
    }
  }
}
