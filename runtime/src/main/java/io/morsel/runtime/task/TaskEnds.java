package io.morsel.runtime.task;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.shim.DeleteResponse;
import io.morsel.runtime.container.ContainerEnd;
import io.morsel.runtime.container.ContainerStore;
import java.time.Clock;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records with a container how its task ended, when that is about to be forgotten with the task:
 * while there is a task, its shim tells. Safe for use by many threads.
 */
final class TaskEnds {
  private static final Logger log = LoggerFactory.getLogger(TaskEnds.class);

  /** What containerd says of a process of whose end nothing is known. */
  static final int UNKNOWN = 255;

  private final ContainerStore containers;
  private final Clock clock;

  TaskEnds(ContainerStore containers, Clock clock) {
    this.containers = containers;
    this.clock = clock;
  }

  /**
   * A task is gone, or about to go.
   *
   * @param end what its shim, or the shim's program, says of the end; null where neither does. A
   *     program that cleans up after a shim knows nothing of an exit before that: what was
   *     published then goes first
   */
  void record(TaskKey key, ExitRecords exits, @Nullable DeleteResponse end) {
    ExitRecords.Exit exit =
        exits
            .exit(ExitRecords.FIRST)
            .orElseGet(
                () ->
                    end == null
                        ? new ExitRecords.Exit(0, UNKNOWN, Instant.EPOCH)
                        : ExitRecords.Exit.of(end));
    record(key, exit.status(), exit.at());
  }

  /** A task was lost with the machine that it ran on, and with it how it ended. */
  void recordLost(TaskKey key) {
    record(key, UNKNOWN, Instant.EPOCH);
  }

  /**
   * Records an end.
   *
   * @param at before the epoch, or then, for a time that is not known: it is noticed now
   */
  private void record(TaskKey key, int status, Instant at) {
    try {
      containers.recordEnd(
          key.namespace(),
          key.id(),
          new ContainerEnd(status, at.isAfter(Instant.EPOCH) ? at : clock.instant()));
    } catch (ContainerdException e) {
      log.warn(
          "how container {} in namespace {} ended is not kept: {}",
          key.id(),
          key.namespace(),
          e.getMessage());
    }
  }
}
