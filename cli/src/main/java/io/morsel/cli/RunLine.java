package io.morsel.cli;

import io.morsel.cli.run.RunRequest.PullPolicy;
import io.morsel.cli.terminal.LogLevel;
import io.morsel.cli.terminal.Verbosity;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a command line of {@code morsel run} asks for, and how it is done; a {@link PlainLine} where
 * it can be: picocli takes longer to look through the command's options than a core to run a
 * container.
 *
 * @param command what was filled in
 * @param logLevel null for the usual one
 */
record RunLine(RunCommand command, @Nullable LogLevel logLevel) {
  private static final String LOG_LEVEL = "--log-level";

  /** Those that may be given again; what may not is refused by picocli. */
  private static final Set<String> REPEATED =
      Set.of(
          "-e",
          "--env",
          "--env-file",
          "-l",
          "--label",
          "-p",
          "--publish",
          "--mount",
          "-v",
          "--volume",
          "--cap-add",
          "--cap-drop",
          "--annotation");

  /**
   * Reads {@code run}, options that are spelled out and have plain values, an image, and a command.
   *
   * @return empty for any other line, be it right or wrong: picocli is to judge it
   */
  static Optional<RunLine> of(String... arguments) {
    return read(System.getenv("CONTAINERD_NAMESPACE"), arguments);
  }

  /** The same with what the environment says of the namespace. */
  static Optional<RunLine> read(@Nullable String namespace, String... arguments) {
    if (arguments.length == 0
        || !arguments[0].equals("run")
        || (namespace != null && namespace.isEmpty())) {
      return Optional.empty();
    }
    RunCommand run = new RunCommand();
    if (namespace != null) {
      run.core.namespace = namespace;
    }
    LogLevel level = null;
    Set<String> seen = new HashSet<>();
    int i = 1;
    while (i < arguments.length && arguments[i].startsWith("-")) {
      String name = arguments[i++];
      if (!REPEATED.contains(name) && !seen.add(name)) {
        return Optional.empty();
      }
      if (setFlag(run, name)) {
        continue;
      }
      if (i == arguments.length || !PlainLine.isPlain(arguments[i])) {
        return Optional.empty();
      }
      String value = arguments[i++];
      try {
        if (name.equals(LOG_LEVEL)) {
          level = ServeLine.level(value);
        } else if (!set(run, name, value)) {
          return Optional.empty();
        }
      } catch (IllegalArgumentException e) { // Not one of an option's values.
        return Optional.empty();
      }
    }
    if (i == arguments.length || !PlainLine.isPlain(arguments[i])) {
      return Optional.empty();
    }
    run.reference = arguments[i++];
    for (; i < arguments.length; i++) {
      // Files of arguments, and the end of options.
      if (arguments[i].startsWith("@") || arguments[i].equals("--")) {
        return Optional.empty();
      }
      run.command.add(arguments[i]);
    }
    return Optional.of(new RunLine(run, level));
  }

  private static boolean setFlag(RunCommand run, String name) {
    switch (name) {
      case "--rm" -> run.life.remove = true;
      case "--detach", "-d" -> run.life.detach = true;
      case "--net-host" -> run.network.netHost = true;
      case "--plain-http" -> run.image.plainHttp = true;
      case "--tty", "-t" -> run.process.terminal = true;
      case "--interactive", "-i" -> run.process.interactive = true;
      case "-it", "-ti" -> {
        run.process.interactive = true;
        run.process.terminal = true;
      }
      case "--read-only" -> run.isolation.readOnly = true;
      case "--privileged" -> run.isolation.privileged = true;
      default -> {
        return false;
      }
    }
    return true;
  }

  private static boolean set(RunCommand run, String name, String value) {
    switch (name) {
      case "--name" -> run.name = value;
      case "--restart" -> run.life.restart = value;
      case "--label", "-l" -> put(run.labels, value);
      case "--net", "--network" -> run.network.net = RunNetworkOptions.Net.valueOf(constant(value));
      case "--publish", "-p" -> run.network.ports.add(value);
      case "--log-uri" -> run.life.logUri = value;
      case "--pid-file" -> run.life.pidFile = Path.of(value);
      case "--stop-signal" -> run.stopSignal = value;
      case "--stop-timeout" -> run.life.stopTimeout = number(value);
      case "--runtime" -> run.runtime = value;
      case "--runc-binary" -> run.runcBinary = value;
      case "--address", "-a" -> run.core.address = Path.of(value);
      case "--namespace", "-n" -> run.core.namespace = value;
      case "--root" -> run.core.root = Path.of(value);
      case "--state" -> run.core.state = Path.of(value);
      case "--config" -> run.core.config = Path.of(value);
      case "--pull" -> run.image.pull = PullPolicy.valueOf(constant(value));
      case "--platform" -> run.image.platform = value;
      case "--snapshotter" -> run.image.snapshotter = value;
      case "--hosts-dir" -> run.image.hostsDirectory = Path.of(value);
      case "--env", "-e" -> run.process.env.add(value);
      case "--env-file" -> run.process.envFiles.add(Path.of(value));
      case "--user", "-u" -> run.process.user = value;
      case "--workdir", "--cwd", "-w" -> run.process.workingDir = value;
      case "--entrypoint" -> run.process.entrypoint = value;
      default -> {
        return setIsolation(run.isolation, name, value);
      }
    }
    return true;
  }

  private static boolean setIsolation(RunIsolationOptions isolation, String name, String value) {
    switch (name) {
      case "--mount" -> isolation.mounts.add(value);
      case "--volume", "-v" -> isolation.volumes.add(value);
      case "--cap-add" -> isolation.capAdd.add(value);
      case "--cap-drop" -> isolation.capDrop.add(value);
      case "--seccomp" -> isolation.seccomp = value;
      case "--memory", "--memory-limit", "-m" -> isolation.memory = value;
      case "--cpus" -> isolation.cpus = Double.parseDouble(value);
      case "--hostname" -> isolation.hostname = value;
      case "--annotation" -> put(isolation.annotations, value);
      default -> {
        return false;
      }
    }
    return true;
  }

  private static String constant(String value) {
    return value.toUpperCase(Locale.ROOT);
  }

  private static int number(String value) {
    if (value.startsWith("0") && value.length() > 1) {
      throw new IllegalArgumentException("maybe octal");
    }
    return Integer.parseInt(value);
  }

  private static void put(Map<String, String> map, String pair) {
    List<String> parts = List.of(pair.split("=", -1));
    if (parts.size() != 2 || parts.getLast().isEmpty()) {
      throw new IllegalArgumentException("not one plain pair");
    }
    map.put(parts.getFirst(), parts.getLast());
  }

  /**
   * Runs it.
   *
   * @return the exit code
   */
  int run(PrintWriter out, PrintWriter err) throws Exception {
    if (logLevel != null) {
      Verbosity.set(logLevel);
    }
    return command.run(out, err, logLevel);
  }
}
