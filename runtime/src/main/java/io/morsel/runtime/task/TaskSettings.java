package io.morsel.runtime.task;

import io.morsel.shim.Bundle;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Where tasks are kept, and how long things may take.
 *
 * @param bundles the directory of bundles, which does not outlive the machine
 * @param work the directory of what shims keep beyond that
 * @param address the core's socket for clients; shims are told of it and of {@link
 *     ShimEvents#socket}
 * @param startTimeout how long a shim's {@code start} may take
 * @param deleteTimeout how long a shim's {@code delete} may take
 * @param shutdownTimeout how long a shim may take to end that has no tasks left
 * @param stateTimeout how long a shim may take to tell what a process is doing
 * @param subscriberPatience how long, after a restart, events from before it wait for a subscriber;
 *     shims wait 5 s for an answer
 */
record TaskSettings(
    Path bundles,
    Path work,
    Path address,
    Duration startTimeout,
    Duration deleteTimeout,
    Duration shutdownTimeout,
    Duration stateTimeout,
    Duration subscriberPatience) {
  /** Those of a core, below its directories. */
  static TaskSettings of(Path root, Path state, Path address) {
    return new TaskSettings(
        state.resolve(Bundle.RUNTIME_DIRECTORY),
        root.resolve(Bundle.RUNTIME_DIRECTORY),
        address,
        Duration.ofMinutes(1),
        Duration.ofMinutes(1),
        Duration.ofSeconds(10),
        Duration.ofSeconds(10),
        Duration.ofSeconds(4));
  }
}
