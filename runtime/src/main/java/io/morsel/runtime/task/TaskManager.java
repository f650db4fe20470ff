package io.morsel.runtime.task;

import com.google.protobuf.Any;
import com.google.protobuf.Timestamp;
import io.grpc.Status;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.shim.DeleteRequest;
import io.morsel.containerd.api.shim.DeleteResponse;
import io.morsel.containerd.api.shim.WaitResponse;
import io.morsel.containerd.api.tasks.CreateTaskRequest;
import io.morsel.containerd.api.types.RuntimeInfo;
import io.morsel.runtime.container.ContainerStore;
import io.morsel.runtime.event.Exchange;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.store.Times;
import io.morsel.shim.Bundle;
import io.morsel.shim.Shim;
import io.morsel.shim.ShimException;
import io.morsel.shim.ShimManager;
import io.morsel.shim.ShimSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes tasks, finds them again after a restart, removes them, and cleans up after shims that died.
 * Tasks outlive the core. Safe for use by many threads.
 *
 * <p>The semantics are those of containerd 1.6's task manager, but for what its restart loses: an
 * exit is published, and published once, also where the core or the shim is gone meanwhile.
 */
public final class TaskManager implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(TaskManager.class);

  private final TaskSettings settings;
  private final Exchange events;
  private final ExitPublisher exits;
  private final TaskEnds ends;
  private final Clock clock;
  private final ShimManager shims;
  private final Map<TaskKey, Task> tasks = new ConcurrentHashMap<>();
  private final Set<TaskKey> creating = ConcurrentHashMap.newKeySet();

  private volatile Instant serving = Instant.MAX;
  private volatile @Nullable Thread catchUp;
  private volatile @Nullable ContainerdException stopping;

  private TaskManager(
      TaskSettings settings, ContainerStore containers, Exchange events, Clock clock) {
    this.settings = settings;
    this.events = events;
    this.exits = new ExitPublisher(events);
    this.ends = new TaskEnds(containers, clock);
    this.clock = clock;
    this.shims =
        new ShimManager(
            new ShimSettings(
                settings.address(),
                ShimEvents.socket(settings.address()),
                Path.of("morsel"),
                log.isDebugEnabled(),
                Map.of(),
                settings.startTimeout(),
                settings.deleteTimeout()),
            ShimLogLine::log);
  }

  /**
   * Finds the tasks that an earlier core left, and removes what is left of those whose shims died.
   *
   * @param root the core's directory of what outlives the machine's restart
   * @param state the core's directory of what does not
   * @param address the core's socket for clients
   * @param containers with which is kept how their tasks ended
   */
  public static TaskManager open(
      Path root, Path state, Path address, ContainerStore containers, Exchange events, Clock clock)
      throws IOException {
    TaskSettings settings = TaskSettings.of(root, state, address);
    TaskManager manager = new TaskManager(settings, containers, events, clock);
    FoundTasks found = new FoundTasks(manager, manager.shims, settings);
    found.load();
    manager.catchUp = Thread.ofVirtual().name("task-exits").unstarted(found::publishExits);
    return manager;
  }

  /** The core serves: what happened while none did is published once somebody subscribes. */
  public void serving() {
    serving = clock.instant();
    Thread thread = catchUp;
    if (thread != null) {
      thread.start();
    }
  }

  /**
   * Waits for a subscriber, and not for long, where a core was restarted and this happened before:
   * its clients need a moment to subscribe again.
   */
  void awaitSubscribers(Timestamp happened) throws InterruptedException {
    Instant since = serving;
    if (Instant.ofEpochSecond(happened.getSeconds(), happened.getNanos()).isBefore(since)) {
      awaitSubscribers();
    }
  }

  void awaitSubscribers() throws InterruptedException {
    events.awaitSubscriber(settings.subscriberPatience());
  }

  /**
   * The task of a container.
   *
   * @throws io.grpc.StatusRuntimeException with NOT_FOUND where there is none
   */
  Task get(String namespace, String id) {
    return find(namespace, id)
        .orElseThrow(() -> Answers.status(Status.Code.NOT_FOUND, "task " + id + " not found"));
  }

  /** The task of a container, if it has one. */
  Optional<Task> find(String namespace, String id) {
    return Optional.ofNullable(tasks.get(new TaskKey(namespace, id)));
  }

  /**
   * What a runtime says of itself.
   *
   * @param options as for a task; null for none
   */
  public RuntimeInfo runtimeInfo(String runtime, @Nullable Any options) throws ContainerdException {
    try {
      return shims.info(runtime, options);
    } catch (ShimException e) {
      throw new ContainerdException(ErrorClass.UNKNOWN, String.valueOf(e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContainerdException(ErrorClass.CANCELED, "asking runtime " + runtime, e);
    }
  }

  /** Who publishes how processes ended. */
  ExitPublisher exits() {
    return exits;
  }

  /** Who keeps how containers ended. */
  TaskEnds ends() {
    return ends;
  }

  /** How long a shim may take to tell what a process is doing. */
  Duration stateTimeout() {
    return settings.stateTimeout();
  }

  Clock clock() {
    return clock;
  }

  /** The tasks of a namespace, by their identifiers. */
  List<Task> list(String namespace) {
    return tasks.values().stream()
        .filter(task -> task.key().namespace().equals(namespace))
        .sorted(Comparator.comparing(Task::id))
        .toList();
  }

  /** All tasks. */
  List<Task> all() {
    return List.copyOf(tasks.values());
  }

  /** Waits until a process has exited; fails when the core stops. */
  WaitResponse waitFor(Task task, String exec) throws ContainerdException, InterruptedException {
    ContainerdException reason = stopping;
    if (reason != null) {
      throw reason;
    }
    return task.waitFor(exec);
  }

  /** Finds what a new task is to be restored from. */
  @FunctionalInterface
  interface Restore {
    /**
     * The directory to restore from; empty for none.
     *
     * @param directory may be made and filled
     */
    String into(Path directory) throws ContainerdException;
  }

  /**
   * Makes a task of a container: a bundle, a shim, and in it the first process, not yet started.
   *
   * @param restore finds what to restore from
   * @return the first process's id
   */
  int create(String namespace, Container container, CreateTaskRequest request, Restore restore)
      throws ContainerdException, InterruptedException {
    TaskKey key = new TaskKey(namespace, container.getId());
    boolean mine = creating.add(key);
    try {
      if (!mine || tasks.containsKey(key)) {
        throw new ContainerdException(ErrorClass.ALREADY_EXISTS, "task " + container.getId());
      }
      return launch(key, container, request, restore);
    } finally {
      if (mine) {
        creating.remove(key);
      }
    }
  }

  private int launch(TaskKey key, Container container, CreateTaskRequest request, Restore restore)
      throws ContainerdException, InterruptedException {
    String named = request.getRuntimePath();
    String runtime = named.isEmpty() ? container.getRuntime().getName() : named;
    Any given = request.hasOptions() ? request.getOptions() : null;
    Any options = container.getRuntime().hasOptions() ? container.getRuntime().getOptions() : null;
    Any effective = given == null ? options : given;
    Bundle bundle;
    try {
      bundle =
          Bundle.create(
              settings.bundles(),
              settings.work(),
              key.namespace(),
              key.id(),
              container.getSpec().getValue().toByteArray());
    } catch (ShimException e) {
      throw failure("failed to start shim", e);
    }
    Shim shim = null;
    ExitRecords processes = null;
    boolean created = false;
    try {
      processes = ExitRecords.of(bundle);
      processes.begin(ExitRecords.FIRST);
      exits.add(key, processes);
      // On the disk, and removed with the bundle.
      String checkpoint = restore.into(bundle.path().resolve("work/checkpoint"));
      shim = shims.start(bundle, runtime, effective);
      int pid = create(shim, shimRequest(bundle, request, checkpoint, effective));
      add(new Task(shim, processes));
      created = true;
      return pid;
    } catch (IOException e) {
      throw failure("failed to start shim", e);
    } finally {
      if (!created) {
        if (processes != null) {
          exits.remove(key, processes);
        }
        discard(bundle, shim);
      }
    }
  }

  private static int create(Shim shim, io.morsel.containerd.api.shim.CreateTaskRequest request)
      throws ContainerdException, InterruptedException {
    try {
      return shim.tasks().create(request).getPid();
    } catch (ContainerdException e) {
      throw e.during("failed to create shim task");
    }
  }

  private static io.morsel.containerd.api.shim.CreateTaskRequest shimRequest(
      Bundle bundle, CreateTaskRequest request, String checkpoint, @Nullable Any options) {
    io.morsel.containerd.api.shim.CreateTaskRequest.Builder builder =
        io.morsel.containerd.api.shim.CreateTaskRequest.newBuilder()
            .setId(bundle.id())
            .setBundle(bundle.path().toString())
            .addAllRootfs(request.getRootfsList())
            .setTerminal(request.getTerminal())
            .setStdin(request.getStdin())
            .setStdout(request.getStdout())
            .setStderr(request.getStderr())
            .setCheckpoint(checkpoint);
    if (options != null) {
      builder.setOptions(options);
    }
    return builder.build();
  }

  static ContainerdException failure(String what, IOException cause) {
    return new ContainerdException(ErrorClass.UNKNOWN, what + ": " + cause.getMessage(), cause);
  }

  /** Takes in a task, and notices when its shim ends. */
  void add(Task task) {
    exits.add(task.key(), task.exits());
    tasks.put(task.key(), task);
    var _ =
        task.shim()
            .ended()
            .thenRun(
                () ->
                    Thread.ofVirtual()
                        .name("shim-death-" + task.id())
                        .start(() -> cleanUpAfterDeadShim(task)));
  }

  /** Removes what there is of a task that never was, or no longer is, one. */
  void discard(Bundle bundle, @Nullable Shim shim) throws InterruptedException {
    if (shim != null) {
      try {
        var _ = shim.tasks().delete(DeleteRequest.newBuilder().setId(bundle.id()).build());
      } catch (ContainerdException e) {
        log.debug("task {} was not made: {}", bundle.id(), e.getMessage());
      }
      boolean shared = tasks.values().stream().anyMatch(other -> shares(other, shim));
      end(shim, shared);
    }
    var _ = deleteByProgram(bundle);
  }

  private static boolean shares(Task task, Shim shim) {
    return !task.isRemoving() && task.shim() != shim && task.shim().isSameProcessAs(shim);
  }

  private void end(Shim shim, boolean shared) throws InterruptedException {
    try {
      if (!shared && !shim.shutdown(settings.shutdownTimeout())) {
        log.warn(
            "the shim of container {} still runs after {}; it has lost its bundle",
            shim.bundle().id(),
            settings.shutdownTimeout());
      }
    } catch (ContainerdException e) {
      log.warn("the shim of container {} was asked to end: {}", shim.bundle().id(), e.getMessage());
    } finally {
      shim.close();
    }
  }

  /**
   * Runs the shim program's own {@code delete} and removes the bundle.
   *
   * @return how the first process ended; null where that is not known
   */
  @Nullable DeleteResponse deleteByProgram(Bundle bundle) throws InterruptedException {
    try {
      if (bundle.binary() != null) {
        return shims.delete(bundle);
      }
    } catch (ShimException e) {
      log.warn("cleaning up after the shim of container {}: {}", bundle.id(), e.getMessage());
    }
    remove(bundle);
    return null;
  }

  private static void remove(Bundle bundle) {
    try {
      bundle.remove();
    } catch (ShimException e) {
      log.error("{}; remove it by hand", e.getMessage());
    }
  }

  /**
   * Removes a task whose first process has exited.
   *
   * @return how it ended
   */
  DeleteResponse delete(Task task) throws ContainerdException, InterruptedException {
    DeleteResponse response = null;
    ContainerdException refusal = null;
    try {
      response = task.client().delete(DeleteRequest.newBuilder().setId(task.id()).build());
    } catch (ContainerdException e) {
      if (task.isLost(e)) {
        return task.awaitRemoval();
      }
      refusal = e.during("failed to delete task");
      if (e.errorClass() != ErrorClass.NOT_FOUND) {
        throw refusal;
      }
    }
    boolean mine;
    boolean shared;
    synchronized (this) {
      mine = task.beginRemoval();
      shared = tasks.values().stream().anyMatch(other -> shares(other, task.shim()));
    }
    if (!mine) {
      // Deleted twice at a time, or the shim died right after its answer.
      DeleteResponse end = task.awaitRemoval();
      if (refusal != null) {
        throw refusal;
      }
      return response == null ? end : response;
    }
    DeleteResponse end = response == null ? unknownEnd() : response;
    // While what is there still says that there was a task.
    ends.record(task.key(), task.exits(), end);
    end(task.shim(), shared);
    remove(task.shim().bundle());
    if (!shared) {
      // The shim has ended, and with it its chance to tell. The deletion is told after the exit.
      exits.firstExit(task.key(), task.exits(), end);
    }
    forget(task, end);
    if (refusal != null) {
      throw refusal;
    }
    return end;
  }

  private void forget(Task task, DeleteResponse end) {
    tasks.remove(task.key(), task);
    exits.remove(task.key(), task.exits());
    task.completeRemoval(end);
  }

  /** The end of a process of which nothing is known. */
  DeleteResponse unknownEnd() {
    return DeleteResponse.newBuilder()
        .setExitStatus(TaskEnds.UNKNOWN)
        .setExitedAt(Times.now(clock))
        .build();
  }

  private void cleanUpAfterDeadShim(Task task) {
    if (!task.beginRemoval()) {
      return;
    }
    log.warn(
        "the shim of container {} in namespace {} is dead: cleaning up after it",
        task.id(),
        task.key().namespace());
    DeleteResponse reported = null;
    try {
      reported = deleteByProgram(task.shim().bundle());
    } catch (InterruptedException e) {
      throw new AssertionError("nobody interrupts this thread", e);
    } finally {
      DeleteResponse end = reported == null ? unknownEnd() : reported;
      ends.record(task.key(), task.exits(), end);
      tasks.remove(task.key(), task);
      exits.end(task.key(), task.exits(), end);
      forget(task, end);
    }
  }

  /** Fails the calls that wait for exits, so that the server can stop. */
  public void endWaits() {
    ContainerdException reason =
        new ContainerdException(
            ErrorClass.UNAVAILABLE, "the core is stopping, and the task goes on: wait again");
    stopping = reason;
    tasks.values().forEach(task -> task.endWaits(reason));
  }

  /** Leaves the shims to themselves, to be found again by the next core. */
  @Override
  public void close() {
    Thread thread = catchUp;
    if (thread != null) {
      thread.interrupt();
    }
    tasks.values().forEach(task -> task.shim().close());
  }
}
