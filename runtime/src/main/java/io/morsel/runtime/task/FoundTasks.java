package io.morsel.runtime.task;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.events.TaskExit;
import io.morsel.containerd.api.shim.DeleteResponse;
import io.morsel.containerd.api.shim.StateRequest;
import io.morsel.containerd.api.shim.StateResponse;
import io.morsel.containerd.api.types.Status;
import io.morsel.shim.Bundle;
import io.morsel.shim.Shim;
import io.morsel.shim.ShimException;
import io.morsel.shim.ShimManager;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a core finds in the directory of bundles when it starts: tasks whose shims live are taken
 * in, what is left of the others is cleaned up, and exits that nobody has told of are published.
 */
final class FoundTasks {
  private static final Logger log = LoggerFactory.getLogger(FoundTasks.class);

  /** How many shims are reached, or cleaned up after, at a time. */
  private static final int PARALLEL = 4;

  private final TaskManager manager;
  private final ShimManager shims;
  private final TaskSettings settings;

  /** What there is to publish of tasks that died with their shims. */
  private final Queue<Dead> dead = new ConcurrentLinkedQueue<>();

  /** Shims that made no task, which may be others' too: what those are is known once all are in. */
  private final Queue<Shim> idle = new ConcurrentLinkedQueue<>();

  private record Dead(TaskKey key, ExitRecords exits, DeleteResponse end) {}

  FoundTasks(TaskManager manager, ShimManager shims, TaskSettings settings) {
    this.manager = manager;
    this.shims = shims;
    this.settings = settings;
  }

  /** Takes in tasks and cleans up. */
  void load() throws IOException {
    Bundle.finishRemovals(settings.bundles());
    Bundle.finishRemovals(settings.work());
    List<Bundle> bundles = Bundle.list(settings.bundles());
    forEach(bundles, this::take);
    forEach(idle, shim -> manager.discard(shim.bundle(), shim));
    removeWork();
    if (!bundles.isEmpty()) {
      log.info("{} of {} tasks found again", manager.all().size(), bundles.size());
    }
  }

  /** Something that a core that is stopped does not finish. */
  @FunctionalInterface
  private interface Work<T> {
    void on(T each) throws InterruptedException;
  }

  /** Some at a time. */
  private static <T> void forEach(Collection<T> all, Work<T> work) {
    try (ExecutorService executor =
        Executors.newFixedThreadPool(
            PARALLEL, Thread.ofVirtual().name("task-load-", 0).factory())) {
      for (T each : all) {
        executor.execute(
            () -> {
              try {
                work.on(each);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
      }
    }
  }

  private void take(Bundle bundle) throws InterruptedException {
    try {
      if (bundle.binary() == null) {
        // The earlier core ended before it started a shim.
        bundle.remove();
        return;
      }
      ExitRecords exits = ExitRecords.of(bundle);
      try {
        takeIn(shims.reconnect(bundle), exits);
      } catch (ShimException e) {
        log.warn("{}; cleaning up after it", e.getMessage());
        cleanUp(bundle, exits);
      }
    } catch (IOException e) {
      log.error("the task in {} is left alone: {}", bundle.path(), e.getMessage());
    }
  }

  private void takeIn(Shim shim, ExitRecords exits) throws InterruptedException {
    try {
      var _ = state(shim, ExitRecords.FIRST);
    } catch (ContainerdException e) {
      if (e.errorClass() == ErrorClass.NOT_FOUND) {
        log.info("the shim of container {} has no task: it is ended", shim.bundle().id());
        if (exits.exit(ExitRecords.FIRST).isPresent()) {
          // The earlier core ended while it deleted the task.
          manager.ends().record(key(shim.bundle()), exits, null);
        }
        idle.add(shim);
        return;
      }
      log.warn("the state of task {} is not known: {}", shim.bundle().id(), e.getMessage());
    }
    manager.add(new Task(shim, exits));
  }

  private StateResponse state(Shim shim, String exec)
      throws ContainerdException, InterruptedException {
    return shim.tasks()
        .withTimeout(settings.stateTimeout())
        .state(StateRequest.newBuilder().setId(shim.bundle().id()).setExecId(exec).build());
  }

  private void cleanUp(Bundle bundle, ExitRecords exits) throws InterruptedException {
    DeleteResponse end = manager.deleteByProgram(bundle);
    if (exits.knows(ExitRecords.FIRST)) {
      DeleteResponse known = end == null ? manager.unknownEnd() : end;
      manager.ends().record(key(bundle), exits, known);
      dead.add(new Dead(key(bundle), exits, known));
    }
  }

  private static TaskKey key(Bundle bundle) {
    return new TaskKey(bundle.namespace(), bundle.id());
  }

  /** Removes what shims have left of tasks that are no more, as after a restart of the machine. */
  private void removeWork() throws IOException {
    Set<TaskKey> kept = new HashSet<>();
    for (Bundle bundle : Bundle.list(settings.bundles())) {
      kept.add(key(bundle));
    }
    for (Bundle work : Bundle.list(settings.work())) {
      if (!kept.contains(key(work)) && Files.exists(work.path())) {
        manager.ends().recordLost(key(work));
        work.remove();
      }
    }
  }

  /**
   * Publishes the exits that nobody has told of: their shims are dead, or gave up while no core
   * served.
   */
  void publishExits() {
    try {
      manager.awaitSubscribers();
      for (Dead each : dead) {
        manager.exits().end(each.key(), each.exits(), each.end());
      }
      for (Task task : manager.all()) {
        for (String exec : task.exits().unpublished()) {
          publishExit(task, exec);
        }
      }
    } catch (InterruptedException e) {
      log.debug("the core stops before all exits were published");
    }
  }

  private void publishExit(Task task, String exec) throws InterruptedException {
    try {
      StateResponse state = state(task.shim(), exec);
      if (state.getStatus() == Status.STOPPED) {
        TaskExit exit =
            TaskExit.newBuilder()
                .setContainerId(task.id())
                .setId(exec.isEmpty() ? task.id() : exec)
                .setPid(state.getPid())
                .setExitStatus(state.getExitStatus())
                .setExitedAt(state.getExitedAt())
                .build();
        manager.exits().exit(task.key().namespace(), exit);
      }
    } catch (ContainerdException e) {
      log.debug("whether {} of task {} has exited: {}", exec, task.id(), e.getMessage());
    }
  }
}
