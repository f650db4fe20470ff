package io.morsel.integration;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A server process of a test, with its log; stopped by its own pid. */
final class Daemon implements AutoCloseable {
  private static final Duration READY = Duration.ofSeconds(60);

  private final String name;
  private final Process process;
  private final Path log;

  private Daemon(String name, Process process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
  }

  /** Starts a server and waits until it is ready; its log goes on in {@code log}. */
  static Daemon start(
      String name,
      Path log,
      Map<String, String> environment,
      List<String> words,
      BooleanSupplier ready) {
    try {
      ProcessBuilder builder = new ProcessBuilder(words);
      builder.environment().putAll(environment);
      builder.redirectInput(Path.of("/dev/null").toFile());
      builder.redirectErrorStream(true);
      builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
      Daemon daemon = new Daemon(name, builder.start(), log);
      try {
        Await.until(
            name + " is ready",
            READY,
            () -> {
              if (!daemon.process.isAlive()) {
                throw new AssertionError(name + " ended at once:\n" + daemon.log());
              }
              return ready.getAsBoolean();
            });
      } catch (AssertionError e) {
        daemon.close();
        throw new AssertionError(e.getMessage() + "\n" + daemon.log(), e);
      }
      return daemon;
    } catch (IOException e) {
      throw new UncheckedIOException("can't start " + words, e);
    }
  }

  String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** As by {@code kill -9}: the process gets no chance to tidy up. */
  void kill() {
    process.destroyForcibly();
    await(Duration.ofSeconds(20));
  }

  @Override
  public void close() {
    process.destroy();
    if (!await(Duration.ofSeconds(30))) {
      process.destroyForcibly();
      await(Duration.ofSeconds(20));
      throw new AssertionError(name + " did not stop on SIGTERM within 30 s:\n" + log());
    }
  }

  private boolean await(Duration limit) {
    try {
      return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
