package io.morsel.bench.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A server process with its log; stopped by its own pid. Safe for use by many threads. */
public final class Daemon implements AutoCloseable {
  private static final Duration READY = Duration.ofSeconds(60);

  private final String name;
  private final Process process;
  private final Path log;
  private final long startNanos;
  private long readyNanos;

  private Daemon(String name, Process process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
    this.startNanos = System.nanoTime();
  }

  /**
   * Starts a server and waits until it is ready; its log goes on in {@code log}.
   *
   * @throws HostException if it ends, or is not ready within a minute; its log is in the message
   */
  public static Daemon start(
      String name,
      Path log,
      Map<String, String> environment,
      List<String> words,
      BooleanSupplier ready) {
    ProcessBuilder.Redirect output = ProcessBuilder.Redirect.appendTo(log.toFile());
    Daemon daemon = new Daemon(name, Command.start(words, environment, output, output), log);
    try {
      Await.until(
          name + " is ready",
          READY,
          () -> {
            if (!daemon.process.isAlive()) {
              throw new HostException(name + " ended at once");
            }
            return ready.getAsBoolean();
          });
    } catch (HostException e) {
      daemon.kill();
      throw new HostException(e.getMessage() + "\n" + daemon.log(), e);
    }
    daemon.readyNanos = System.nanoTime();
    return daemon;
  }

  /** All that it has logged, also in earlier runs on the same log. */
  public String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Its process id. */
  public long pid() {
    return process.pid();
  }

  /** From its start until it was ready, polled every 20 ms. */
  public long readyMillis() {
    return TimeUnit.NANOSECONDS.toMillis(readyNanos - startNanos);
  }

  /** Whether it still runs. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** As by {@code kill -9}: the process gets no chance to tidy up. */
  public void kill() {
    process.destroyForcibly();
    await(Duration.ofSeconds(20));
  }

  /**
   * Ends it by SIGTERM, and by SIGKILL where that does not help.
   *
   * @throws HostException if SIGKILL was needed
   */
  @Override
  public void close() {
    process.destroy();
    if (!await(Duration.ofSeconds(30))) {
      process.destroyForcibly();
      await(Duration.ofSeconds(20));
      throw new HostException(name + " did not stop on SIGTERM within 30 s:\n" + log());
    }
  }

  /** Waits also on an interrupted thread: what was started must be ended. */
  private boolean await(Duration limit) {
    boolean interrupted = Thread.interrupted();
    try {
      return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
      return false;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
