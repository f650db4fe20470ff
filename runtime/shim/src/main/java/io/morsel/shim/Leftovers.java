package io.morsel.shim;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Processes of a shim's program that work in a bundle and that nobody knows how to reach: a core
 * that is killed leaves its {@code start} running, and the shim that this goes on to start.
 */
final class Leftovers {
  private static final Logger log = LoggerFactory.getLogger(Leftovers.class);

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private Leftovers() {}

  /**
   * Kills those that run the bundle's program in the bundle, until there are none.
   *
   * @throws IOException also if one does not end
   */
  static void kill(Bundle bundle, Path binary) throws IOException, InterruptedException {
    if (!Files.exists(bundle.path())) {
      return;
    }
    Path directory = bundle.path().toRealPath();
    Path program = binary.toRealPath();
    List<ProcessHandle> found = processes(directory, program);
    while (!found.isEmpty()) {
      for (ProcessHandle process : found) {
        log.info("process {} of an earlier core's shim in {} is ended", process.pid(), directory);
        process.destroyForcibly();
      }
      for (ProcessHandle process : found) {
        awaitEnd(process);
      }
      found = processes(directory, program);
    }
  }

  private static void awaitEnd(ProcessHandle process) throws IOException, InterruptedException {
    try {
      var _ = process.onExit().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException(
          "process " + process.pid() + " is killed and does not end within " + PATIENCE, e);
    }
  }

  private static List<ProcessHandle> processes(Path directory, Path program) {
    return ProcessHandle.allProcesses()
        .filter(process -> leadsTo(process, "cwd", directory))
        .filter(process -> leadsTo(process, "exe", program))
        .toList();
  }

  private static boolean leadsTo(ProcessHandle process, String link, Path target) {
    try {
      return Files.readSymbolicLink(Path.of("/proc/" + process.pid(), link)).equals(target);
    } catch (IOException e) {
      // It has ended meanwhile, or is the kernel's.
      return false;
    }
  }
}
