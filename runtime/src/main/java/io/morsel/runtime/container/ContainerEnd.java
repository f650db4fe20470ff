package io.morsel.runtime.container;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * How a container's first process ended. containerd forgets that with the task, which goes when
 * somebody deletes it, its shim dies or the machine is restarted; so it is kept in the container's
 * labels, where every client of containerd's API finds it and none minds it.
 *
 * @param status the exit status; 255 where nothing is known of the end
 * @param at when that was, or was noticed
 */
public record ContainerEnd(int status, Instant at) {
  /** The label with the exit status, in decimal digits. */
  public static final String STATUS_LABEL = "io.morsel.exit-code";

  /** The label with the time, as RFC 3339 has it. */
  public static final String TIME_LABEL = "io.morsel.exited-at";

  /** What a container's labels tell; empty where none has been recorded, or somebody wrote both. */
  public static Optional<ContainerEnd> of(Map<String, String> labels) {
    try {
      String status = labels.getOrDefault(STATUS_LABEL, "");
      String time = labels.getOrDefault(TIME_LABEL, "");
      return status.isEmpty() || time.isEmpty()
          ? Optional.empty()
          : Optional.of(new ContainerEnd(Integer.parseInt(status), Instant.parse(time)));
    } catch (NumberFormatException | DateTimeException foreign) {
      return Optional.empty();
    }
  }

  /** The labels that {@link #of} reads. */
  public Map<String, String> labels() {
    return Map.of(STATUS_LABEL, Integer.toString(status), TIME_LABEL, at.toString());
  }
}
