package io.morsel.shim;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * What shims are told of who starts them.
 *
 * @param grpcAddress the socket of containerd's API
 * @param ttrpcAddress the socket that shims forward their events to, which must outlive this
 *     process's restarts by its name
 * @param publishBinary a program with containerd's command {@code publish}; shims since v2 are told
 *     of it and don't use it
 * @param debug whether shims log more
 * @param environment what is added to this process's environment, such as {@code SCHED_CORE=1}
 * @param startTimeout how long {@code start} may take
 * @param deleteTimeout how long {@code delete} may take
 */
public record ShimSettings(
    Path grpcAddress,
    Path ttrpcAddress,
    Path publishBinary,
    boolean debug,
    Map<String, String> environment,
    Duration startTimeout,
    Duration deleteTimeout) {
  /** Keeps its own copy of the environment. */
  public ShimSettings {
    environment = Map.copyOf(environment);
  }
}
