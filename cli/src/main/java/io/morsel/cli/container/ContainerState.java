package io.morsel.cli.container;

import io.morsel.cli.core.Anys;
import io.morsel.cli.terminal.Quantity;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.types.Process;
import io.morsel.runtime.container.ContainerEnd;
import java.time.Instant;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a container is doing: what its task says or, once that is deleted, what was recorded of its
 * end.
 *
 * @param name {@code created}, {@code running}, {@code paused}, {@code exited} or {@code unknown}
 * @param end how it ended; empty where it has not
 */
public record ContainerState(String name, Optional<ContainerEnd> end) {
  private static final String RUNNING = "running";
  private static final String PAUSED = "paused";
  private static final String EXITED = "exited";
  private static final String CREATED = "created";

  /**
   * The state of a container.
   *
   * @param task its first process, if it has one
   */
  public static ContainerState of(Container container, Optional<Process> task) {
    if (task.isEmpty()) {
      Optional<ContainerEnd> end = ContainerEnd.of(container.getLabelsMap());
      return new ContainerState(end.isPresent() ? EXITED : CREATED, end);
    }
    Process process = task.get();
    return switch (process.getStatus()) {
      case RUNNING -> new ContainerState(RUNNING, Optional.empty());
      case PAUSED, PAUSING -> new ContainerState(PAUSED, Optional.empty());
      case CREATED -> new ContainerState(CREATED, Optional.empty());
      case STOPPED ->
          new ContainerState(
              EXITED,
              Optional.of(
                  new ContainerEnd(process.getExitStatus(), Anys.instant(process.getExitedAt()))));
      default -> new ContainerState("unknown", Optional.empty());
    };
  }

  /** What a list says of it, as {@code Exited (3) 2 minutes ago}. */
  String shown(Instant now) {
    return switch (name) {
      case RUNNING -> "Up";
      case PAUSED -> "Up (paused)";
      case CREATED -> "Created";
      case EXITED -> shown(end.orElseThrow(), now);
      default -> "Unknown";
    };
  }

  private static String shown(ContainerEnd end, Instant now) {
    String text = "Exited (" + end.status() + ")";
    return hasTime(end) ? text + " " + Quantity.ago(end.at(), now) : text;
  }

  /** A shim that knows no time says nothing, or Go's time of nothing. */
  private static boolean hasTime(ContainerEnd end) {
    return end.at().isAfter(Instant.EPOCH);
  }

  /** Puts it into a document, as {@code status}, {@code exit_code} and {@code exited}. */
  public void write(ObjectNode node) {
    node.put("status", name);
    end.ifPresent(
        each -> {
          node.put("exit_code", each.status());
          if (hasTime(each)) {
            node.put("exited", each.at().toString());
          } else {
            node.putNull("exited");
          }
        });
  }
}
