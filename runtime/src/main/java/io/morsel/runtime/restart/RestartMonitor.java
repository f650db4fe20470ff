package io.morsel.runtime.restart;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.types.Process;
import io.morsel.containerd.api.types.Status;
import io.morsel.runtime.container.ContainerEnd;
import io.morsel.runtime.container.ContainerStore;
import io.morsel.runtime.container.ContainerUpdates;
import io.morsel.runtime.store.MessageTable;
import io.morsel.runtime.task.OwnTasks;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts containers again that have ended, and ends those that are to be stopped, as their {@link
 * RestartLabels} say. It looks at them from time to time and at nothing else, so that it is the
 * same whether a container has ended just now, or while no core ran.
 *
 * <p>The semantics are those of containerd's plugin of this name, but for two: what was stopped on
 * purpose stays so by every policy, and how a container ended counts also when its task is deleted.
 */
public final class RestartMonitor implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RestartMonitor.class);

  /** How many containers are started or ended at a time, as after a restart of the machine. */
  private static final int PARALLEL = 4;

  /** How long a start that is under way may take to end when the core stops. */
  private static final Duration STOP_GRACE = Duration.ofSeconds(10);

  private final ContainerStore containers;
  private final ContainerUpdates updates;
  private final OwnTasks tasks;
  private final Provisions provisions;
  private final Duration interval;
  private final Clock clock;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread = Thread.ofVirtual().name("restarts").unstarted(this::watch);
  private final ExecutorService workers =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("restart-", 0).factory());
  private final Semaphore places = new Semaphore(PARALLEL);
  private final Set<Key> busy = ConcurrentHashMap.newKeySet();

  /** What was last said of a container that can't be started: once is enough. */
  private final Map<Key, String> complaints = new ConcurrentHashMap<>();

  private record Key(String namespace, String id) {}

  private RestartMonitor(
      ContainerStore containers,
      ContainerUpdates updates,
      OwnTasks tasks,
      Provisions provisions,
      Duration interval,
      Clock clock) {
    this.containers = containers;
    this.updates = updates;
    this.tasks = tasks;
    this.provisions = provisions;
    this.interval = interval;
    this.clock = clock;
  }

  /**
   * Begins to look, at once and then every {@code interval}.
   *
   * @param provisions what containers need for their start
   */
  public static RestartMonitor start(
      ContainerStore containers,
      ContainerUpdates updates,
      OwnTasks tasks,
      Provisions provisions,
      Duration interval,
      Clock clock) {
    RestartMonitor monitor =
        new RestartMonitor(containers, updates, tasks, provisions, interval, clock);
    monitor.thread.start();
    return monitor;
  }

  private void watch() {
    try {
      do {
        look();
      } while (!closed.await(interval.toMillis(), TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError("nobody interrupts this thread", e);
    }
  }

  private void look() {
    List<MessageTable.Entry<Container>> found;
    try {
      found = containers.labelled(RestartLabels.STATUS);
    } catch (ContainerdException e) {
      log.warn("which containers are to be started again is not known: {}", e.getMessage());
      return;
    }
    for (MessageTable.Entry<Container> each : found) {
      Key key = new Key(each.namespace(), each.id());
      // One that is still being started, or whose shim is slow, is left for the next time.
      if (busy.add(key)) {
        workers.execute(() -> reconcile(key, each.value()));
      }
    }
  }

  private void reconcile(Key key, Container container) {
    try {
      places.acquire();
      try {
        switch (container.getLabelsOrDefault(RestartLabels.STATUS, "")) {
          case RestartLabels.RUNNING -> keepRunning(key, container);
          case RestartLabels.STOPPED -> keepStopped(key);
          default -> log.trace("container {} is left alone", key.id());
        }
        complaints.remove(key);
      } finally {
        places.release();
      }
    } catch (ContainerdException | IOException | IllegalArgumentException e) {
      complain(key, String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      log.debug("the core stops before container {} is started again", key.id());
    } finally {
      busy.remove(key);
    }
  }

  private void complain(Key key, String why) {
    String before = complaints.put(key, why);
    if (!why.equals(before)) {
      log.warn(
          "container {} in namespace {} is not kept as its labels say, and tried again every {}: {}",
          key.id(),
          key.namespace(),
          interval,
          why);
    }
  }

  private void keepStopped(Key key) throws ContainerdException, InterruptedException {
    Optional<Process> process = tasks.find(key.namespace(), key.id());
    if (process.isPresent() && process.get().getStatus() != Status.STOPPED) {
      log.info("container {} in namespace {} is ended", key.id(), key.namespace());
      tasks.end(key.namespace(), key.id());
    }
  }

  private void keepRunning(Key key, Container container)
      throws ContainerdException, IOException, InterruptedException {
    Optional<Process> process = tasks.find(key.namespace(), key.id());
    if (process.isPresent() && process.get().getStatus() != Status.STOPPED) {
      return;
    }
    Map<String, String> labels = container.getLabelsMap();
    Optional<Integer> end =
        process
            .map(Process::getExitStatus)
            .or(() -> ContainerEnd.of(labels).map(ContainerEnd::status));
    if (end.isEmpty() && isNew(container)) {
      return;
    }
    int status = end.orElse(0);
    int count = RestartLabels.count(labels);
    if (isWanted(labels) && RestartPolicy.of(labels).restarts(status, count)) {
      restart(key, status, count + 1);
    }
  }

  /** Whether it has just been made: whoever has made it is about to start it. */
  private boolean isNew(Container container) {
    Instant created =
        Instant.ofEpochSecond(
            container.getCreatedAt().getSeconds(), container.getCreatedAt().getNanos());
    return clock.instant().isBefore(created.plus(interval));
  }

  private static boolean isWanted(Map<String, String> labels) {
    return labels.getOrDefault(RestartLabels.STATUS, "").equals(RestartLabels.RUNNING)
        && !RestartLabels.isExplicitlyStopped(labels);
  }

  private void restart(Key key, int status, int count)
      throws ContainerdException, IOException, InterruptedException {
    // Somebody may have stopped or removed it since.
    if (!isStillWanted(key)) {
      return;
    }
    Container container =
        updates.apply(
            key.namespace(),
            Container.newBuilder()
                .setId(key.id())
                .putLabels(RestartLabels.COUNT, Integer.toString(count))
                .build(),
            List.of("labels." + RestartLabels.COUNT));
    tasks.delete(key.namespace(), key.id());
    provisions.connect(key.namespace(), container);
    tasks.start(
        key.namespace(),
        container,
        provisions.rootfs(key.namespace(), container),
        RestartLabels.logUri(container.getLabelsMap()),
        Provisions.hasTerminal(container));
    log.info(
        "container {} in namespace {} had ended with status {}: it is started again, restart {}",
        key.id(),
        key.namespace(),
        status,
        count);
    // Who has stopped or removed it meanwhile has seen no task, and will not come again.
    if (!isStillWanted(key)) {
      tasks.end(key.namespace(), key.id());
    }
  }

  private boolean isStillWanted(Key key) throws ContainerdException {
    try {
      return isWanted(containers.get(key.namespace(), key.id()).getLabelsMap());
    } catch (ContainerdException e) {
      if (e.errorClass() == ErrorClass.NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  /** Starts nothing more; what is being started is waited for. */
  @Override
  public void close() {
    closed.countDown();
    try {
      thread.join();
      workers.shutdown();
      if (!workers.awaitTermination(STOP_GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
        workers.shutdownNow();
      }
    } catch (InterruptedException e) {
      workers.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
