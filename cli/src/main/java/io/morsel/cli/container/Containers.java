package io.morsel.cli.container;

import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.CommandException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.containers.GetContainerRequest;
import io.morsel.containerd.api.containers.ListContainersRequest;
import io.morsel.containerd.api.tasks.GetRequest;
import io.morsel.containerd.api.tasks.ListTasksRequest;
import io.morsel.containerd.api.types.Process;
import io.morsel.containerd.api.types.Status;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds containers and their tasks. Safe for use by many threads. */
public final class Containers {
  private final CoreClient client;

  /** Those of the client's namespace. */
  public Containers(CoreClient client) {
    this.client = client;
  }

  /**
   * The container that a person means.
   *
   * @param name its identifier, or the beginning of that where no other has the same
   * @throws CommandException if there is none, or more than one
   */
  public Container require(String name) throws CommandException {
    Optional<Container> exact = find(name);
    if (exact.isPresent()) {
      return exact.get();
    }
    List<Container> matching =
        all().stream().filter(each -> !name.isEmpty() && each.getId().startsWith(name)).toList();
    if (matching.size() == 1) {
      return matching.getFirst();
    }
    throw CommandException.failed(
        matching.isEmpty()
            ? "no container '" + name + "' in namespace '" + client.namespace() + "'"
            : "'" + name + "' is the beginning of " + matching.size() + " containers' identifiers");
  }

  /** The container with exactly this identifier; empty where there is none. */
  public Optional<Container> find(String id) throws CommandException {
    try {
      return Optional.of(
          client
              .containers()
              .get(GetContainerRequest.newBuilder().setId(id).build())
              .getContainer());
    } catch (StatusException failure) {
      // What can't be an identifier is none.
      if (CoreClient.is(failure, ErrorClass.NOT_FOUND)
          || CoreClient.is(failure, ErrorClass.INVALID_ARGUMENT)) {
        return Optional.empty();
      }
      throw CoreClient.failed("can't look up container '" + id + "'", failure);
    }
  }

  /** All of them. */
  public List<Container> all() throws CommandException {
    try {
      return client
          .containers()
          .list(ListContainersRequest.getDefaultInstance())
          .getContainersList();
    } catch (StatusException failure) {
      throw CoreClient.failed("can't list containers", failure);
    }
  }

  /** The first processes of all containers that have one, by the containers' identifiers. */
  public Map<String, Process> tasks() throws CommandException {
    try {
      Map<String, Process> tasks = new HashMap<>();
      client
          .tasks()
          .list(ListTasksRequest.getDefaultInstance())
          .getTasksList()
          .forEach(task -> tasks.put(idOf(task), task));
      return tasks;
    } catch (StatusException failure) {
      throw CoreClient.failed("can't list tasks", failure);
    }
  }

  /** containerd 1.6 leaves the container's identifier out where it is the process's own. */
  static String idOf(Process task) {
    return task.getContainerId().isEmpty() ? task.getId() : task.getContainerId();
  }

  /** A container's first process; empty where it has none. */
  public Optional<Process> task(String id) throws CommandException {
    try {
      return Optional.of(
          client.tasks().get(GetRequest.newBuilder().setContainerId(id).build()).getProcess());
    } catch (StatusException failure) {
      if (CoreClient.is(failure, ErrorClass.NOT_FOUND)) {
        return Optional.empty();
      }
      throw CoreClient.failed("can't look up the task of container '" + id + "'", failure);
    }
  }

  /**
   * A container's first process, which has to run.
   *
   * @throws CommandException if it does not
   */
  public Process requireRunning(String id) throws CommandException {
    Optional<Process> task = task(id);
    if (task.isEmpty() || !isAlive(task.get())) {
      throw CommandException.failed("container '" + id + "' is not running");
    }
    return task.get();
  }

  /** Whether a process has begun and not ended. */
  public static boolean isAlive(Process task) {
    return task.getStatus() == Status.RUNNING
        || task.getStatus() == Status.PAUSED
        || task.getStatus() == Status.PAUSING;
  }
}
