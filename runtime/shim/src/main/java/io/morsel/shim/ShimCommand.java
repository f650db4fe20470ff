package io.morsel.shim;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of a shim's program, {@code start}, {@code delete} or {@code -info}.
 *
 * <p>What it prints goes through files: the shim that {@code start} leaves behind may have
 * inherited its streams, and a pipe would not end before that shim does.
 */
final class ShimCommand {
  private static final Logger log = LoggerFactory.getLogger(ShimCommand.class);
  private static final int MAX_OUTPUT_BYTES = 64 << 10;

  /** What the service manager says to this process alone; runc takes it to be meant for it. */
  private static final List<String> PRIVATE =
      List.of("NOTIFY_SOCKET", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES");

  private ShimCommand() {}

  /**
   * Runs the program in the bundle and returns what it wrote to its standard output.
   *
   * @throws ShimException if it can't be run, fails, or takes too long, when it is killed
   */
  static byte[] run(
      List<String> command,
      Bundle bundle,
      Map<String, String> environment,
      byte[] stdin,
      Duration timeout)
      throws ShimException, InterruptedException {
    String what = command.getFirst() + " " + command.getLast() + " of container " + bundle.id();
    return run(what, command, bundle.path(), environment, stdin, timeout);
  }

  /** The same in any directory; {@code what} names the run in messages. */
  static byte[] run(
      String what,
      List<String> command,
      Path directory,
      Map<String, String> environment,
      byte[] stdin,
      Duration timeout)
      throws ShimException, InterruptedException {
    Path stdout = directory.resolve(".stdout");
    Path stderr = directory.resolve(".stderr");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectOutput(stdout.toFile())
              .redirectError(stderr.toFile());
      builder.environment().keySet().removeAll(PRIVATE);
      builder.environment().putAll(environment);
      Process process = builder.start();
      try (OutputStream stream = process.getOutputStream()) {
        stream.write(stdin);
      } catch (IOException e) {
        // It need not read its options: its exit code says whether it failed.
        log.debug("{} did not read its input: {}", what, e.toString());
      }
      try {
        if (!process.waitFor(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
          throw new ShimException(
              what + " did not end within " + timeout.toSeconds() + " s and was killed");
        }
      } finally {
        process.destroyForcibly();
      }
      if (process.exitValue() != 0) {
        String why = new String(read(stderr), StandardCharsets.UTF_8).strip();
        if (why.isEmpty()) {
          why = new String(read(stdout), StandardCharsets.UTF_8).strip();
        }
        throw new ShimException(
            what
                + " failed with exit code "
                + process.exitValue()
                + (why.isEmpty() ? "" : ": ")
                + why);
      }
      return read(stdout);
    } catch (ShimException e) {
      throw e;
    } catch (IOException e) {
      throw new ShimException("can't run " + what + ": " + e.getMessage(), e);
    } finally {
      delete(stdout);
      delete(stderr);
    }
  }

  private static byte[] read(Path file) throws IOException {
    try (InputStream stream = Files.newInputStream(file)) {
      return stream.readNBytes(MAX_OUTPUT_BYTES);
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      log.debug("{} stays until its bundle is removed: {}", file, e.toString());
    }
  }
}
