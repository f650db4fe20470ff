package io.morsel.runtime.task;

import com.google.protobuf.Timestamp;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.Filter;
import io.morsel.containerd.api.shim.StateRequest;
import io.morsel.containerd.api.shim.StateResponse;
import io.morsel.containerd.api.shim.StatsRequest;
import io.morsel.containerd.api.tasks.ExecProcessRequest;
import io.morsel.containerd.api.types.Metric;
import io.morsel.containerd.api.types.Process;
import io.morsel.runtime.store.Identifiers;
import io.morsel.runtime.store.Times;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the processes of tasks are doing and using; and more of them. Safe for many threads. */
final class Processes {
  private static final Logger log = LoggerFactory.getLogger(Processes.class);

  private final TaskManager tasks;

  Processes(TaskManager tasks) {
    this.tasks = tasks;
  }

  /**
   * What a process is doing.
   *
   * @param exec empty for the first process
   * @throws ContainerdException of class NOT_FOUND where there is none, or its shim is dead
   */
  StateResponse state(Task task, String exec) throws ContainerdException, InterruptedException {
    StateRequest request = StateRequest.newBuilder().setId(task.id()).setExecId(exec).build();
    try {
      return task.client().withTimeout(tasks.stateTimeout()).state(request);
    } catch (ContainerdException e) {
      if (task.isLost(e)) {
        throw new ContainerdException(ErrorClass.NOT_FOUND, "", e);
      }
      throw e;
    }
  }

  /** The same as clients see it: of status UNKNOWN where the shim does not tell. */
  Process describe(Task task, String exec) throws ContainerdException, InterruptedException {
    StateResponse state;
    try {
      state = state(task, exec);
    } catch (ContainerdException e) {
      if (e.errorClass() == ErrorClass.NOT_FOUND || !exec.isEmpty()) {
        throw e;
      }
      log.warn("the state of task {}: {}", task.id(), e.getMessage());
      state = StateResponse.getDefaultInstance();
    }
    return Process.newBuilder()
        .setId(exec.isEmpty() ? task.id() : exec)
        .setPid(state.getPid())
        .setStatus(state.getStatus())
        .setStdin(state.getStdin())
        .setStdout(state.getStdout())
        .setStderr(state.getStderr())
        .setTerminal(state.getTerminal())
        .setExitStatus(state.getExitStatus())
        .setExitedAt(exitedAt(state))
        .build();
  }

  /** What Go's time of nothing is on the wire: clients compare with it. */
  private static Timestamp exitedAt(StateResponse state) {
    return state.hasExitedAt() ? state.getExitedAt() : Times.wire(GO_ZERO);
  }

  private static final Instant GO_ZERO = Instant.parse("0001-01-01T00:00:00Z");

  /** All tasks of a namespace, but those that end just now. */
  List<Process> describeAll(String namespace) throws InterruptedException {
    return ofAll(tasks.list(namespace), task -> describe(task, ExitRecords.FIRST));
  }

  /** What the tasks use of which one of the filters holds. */
  List<Metric> metrics(String namespace, Filter filter) throws InterruptedException {
    List<Task> wanted =
        tasks.list(namespace).stream()
            .filter(
                task ->
                    filter.matches(
                        path ->
                            switch (path.getFirst()) {
                              case "id" -> task.id();
                              case "namespace" -> namespace;
                              default -> null;
                            }))
            .toList();
    return ofAll(wanted, this::metric);
  }

  private Metric metric(Task task) throws ContainerdException, InterruptedException {
    Metric.Builder metric =
        Metric.newBuilder().setTimestamp(Times.now(tasks.clock())).setId(task.id());
    return metric
        .setData(task.client().stats(StatsRequest.newBuilder().setId(task.id()).build()).getStats())
        .build();
  }

  private interface Question<A> {
    A ask(Task task) throws ContainerdException, InterruptedException;
  }

  /** Asks all shims at a time, so that a slow one holds up no other. */
  private static <A> List<A> ofAll(List<Task> tasks, Question<A> question)
      throws InterruptedException {
    List<Future<Optional<A>>> answers = new ArrayList<>();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Task task : tasks) {
        answers.add(executor.submit(() -> ask(task, question)));
      }
    }
    List<A> all = new ArrayList<>();
    for (Future<Optional<A>> answer : answers) {
      try {
        answer.get().ifPresent(all::add);
      } catch (ExecutionException e) {
        throw new IllegalStateException("a shim was asked", e);
      }
    }
    return all;
  }

  private static <A> Optional<A> ask(Task task, Question<A> question) throws InterruptedException {
    try {
      return Optional.of(question.ask(task));
    } catch (ContainerdException e) {
      if (e.errorClass() != ErrorClass.NOT_FOUND && !task.isLost(e)) {
        log.warn("task {}: {}", task.id(), e.getMessage());
      }
      return Optional.empty();
    }
  }

  /** Adds a process to a task, which is not yet started. */
  void exec(Task task, ExecProcessRequest request)
      throws ContainerdException, InterruptedException {
    String exec = request.getExecId();
    try {
      Identifiers.validate(exec);
    } catch (ContainerdException e) {
      throw e.during("invalid exec id " + exec);
    }
    boolean added = false;
    boolean kept = false;
    try {
      added = task.exits().begin(exec);
      task.client()
          .exec(
              io.morsel.containerd.api.shim.ExecProcessRequest.newBuilder()
                  .setId(task.id())
                  .setExecId(exec)
                  .setStdin(request.getStdin())
                  .setStdout(request.getStdout())
                  .setStderr(request.getStderr())
                  .setTerminal(request.getTerminal())
                  .setSpec(request.getSpec())
                  .build());
      kept = true;
    } catch (IOException e) {
      throw TaskManager.failure("can't record process " + exec, e);
    } finally {
      if (added && !kept) {
        task.exits().forget(exec);
      }
    }
  }
}
