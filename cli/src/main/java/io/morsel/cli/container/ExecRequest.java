package io.morsel.cli.container;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A process to start in a running container.
 *
 * @param container the container, as a person names it
 * @param command the program and its arguments
 * @param interactive whether it gets this program's standard input
 * @param terminal whether it gets a terminal
 * @param detached whether to leave it alone once it runs
 * @param environment variables as {@code NAME=VALUE}, or {@code NAME} for this program's own value
 * @param directory where it starts; null for where the container's first process did
 * @param user who it is: {@code USER[:GROUP]}, by number or name; null for the container's user
 */
public record ExecRequest(
    String container,
    List<String> command,
    boolean interactive,
    boolean terminal,
    boolean detached,
    List<String> environment,
    @Nullable String directory,
    @Nullable String user) {
  /** Copies the lists. */
  public ExecRequest {
    command = List.copyOf(command);
    environment = List.copyOf(environment);
  }
}
