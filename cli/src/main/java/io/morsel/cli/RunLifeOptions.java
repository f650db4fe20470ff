package io.morsel.cli;

import io.morsel.cli.run.RunRequest;
import io.morsel.cli.terminal.CommandException;
import io.morsel.runtime.restart.RestartPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code morsel run} that say what this command is to a container until its end. */
final class RunLifeOptions {
  private static final int MAX_STOP_SECONDS = 86_400;

  @Option(names = "--rm", description = "Leave nothing of the container in the end.")
  boolean remove;

  @Option(
      names = {"-d", "--detach"},
      description = "Leave once the container runs, and print its name. Needs a running core.")
  boolean detach;

  @Option(
      names = "--restart",
      paramLabel = "POLICY",
      description =
          "With --detach: when the container is started again after it has ended: no, always,"
              + " on-failure[:RETRIES] or unless-stopped (${DEFAULT-VALUE}). 'morsel stop' ends it"
              + " for good.",
      defaultValue = "no")
  String restart = "no";

  @Option(
      names = "--log-uri",
      paramLabel = "URI",
      description =
          "Where a detached container's output goes, file:///PATH or binary:///PROGRAM;"
              + " /var/lib/morsel/logs/NAMESPACE/NAME.log by default.")
  @Nullable String logUri;

  @Option(
      names = "--pid-file",
      paramLabel = "FILE",
      description = "Write the process id of the container's first process there.")
  @Nullable Path pidFile;

  @Option(
      names = "--stop-timeout",
      paramLabel = "SECONDS",
      description =
          "Without a running core: how long the container may take to end after this command got"
              + " SIGTERM or SIGHUP (${DEFAULT-VALUE}).",
      defaultValue = "10")
  int stopTimeout = 10;

  /**
   * What was chosen.
   *
   * @param interactive whether standard input goes to the container
   */
  RunRequest.Attachment attachment(boolean interactive) throws CommandException {
    if (remove && detach) {
      throw CommandException.usage(
          "--rm and --detach exclude each other: nobody would be there to remove the container");
    }
    if (stopTimeout < 0 || stopTimeout > MAX_STOP_SECONDS) {
      throw CommandException.usage(
          "--stop-timeout " + stopTimeout + ": 0 to " + MAX_STOP_SECONDS + " are possible");
    }
    return new RunRequest.Attachment(
        detach,
        remove,
        interactive,
        Optional.ofNullable(logUri),
        Optional.ofNullable(pidFile),
        Duration.ofSeconds(stopTimeout));
  }

  /**
   * When the container is started again.
   *
   * @param terminal whether it has one
   */
  RestartPolicy restartPolicy(boolean terminal) throws CommandException {
    RestartPolicy policy;
    try {
      policy = RestartPolicy.parse(restart);
    } catch (IllegalArgumentException malformed) {
      throw CommandException.usage("--restart: " + malformed.getMessage());
    }
    if (policy.kind() != RestartPolicy.Kind.NO) {
      if (!detach) {
        throw CommandException.usage(
            "--restart needs --detach: what this command shows ends with the container");
      }
      if (terminal && logUri == null) {
        throw CommandException.usage(
            "--restart and --tty need --log-uri binary:///PROGRAM: nobody would read the terminal of"
                + " a container that was started again");
      }
    }
    return policy;
  }
}
