package io.morsel.integration;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.HostException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * What systemd is to one service: it keeps descriptors from one run to the next. For one thread.
 */
final class ServiceManager implements AutoCloseable {
  private static final Path SCRIPT =
      Node.CHECKOUT.resolve("integration/src/test/resources/service-manager.py");

  private final Process process;
  private final Writer commands;
  private final BufferedReader answers;
  private final Path log;
  private long pid;

  /**
   * A manager of a service that does not run yet.
   *
   * @param directory for its socket and the service's log
   * @param words the service's command line
   */
  ServiceManager(Path directory, List<String> words) {
    log = directory.resolve("service.log");
    List<String> command =
        new ArrayList<>(
            List.of(
                "/usr/bin/python3",
                SCRIPT.toString(),
                directory.resolve("notify").toString(),
                log.toString()));
    command.addAll(words);
    try {
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    commands = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8);
    answers =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /** Starts the service with all that is stored, and waits until it is ready. */
  void start(BooleanSupplier ready) {
    pid = Long.parseLong(ask("start", "started"));
    try {
      Await.until(
          "the service is ready",
          Node.SOON,
          () -> {
            if (ProcessHandle.of(pid).isEmpty()) {
              throw new HostException("the service ended at once");
            }
            return ready.getAsBoolean();
          });
    } catch (HostException e) {
      throw new HostException(e.getMessage() + "\n" + log(), e);
    }
  }

  /** Ends the service by a signal, and waits for its end. */
  void kill(int signal) {
    ask("kill " + signal, "ended");
  }

  /** The names of what is stored. */
  List<String> stored() {
    return Arrays.stream(ask("stored", "stored").split(" ", -1))
        .filter(name -> !name.isEmpty())
        .toList();
  }

  /** The process of the service. */
  long pid() {
    return pid;
  }

  /** All that its runs have logged. */
  String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String ask(String command, String expected) {
    try {
      commands.write(command + "\n");
      commands.flush();
      String answer = answers.readLine();
      if (answer == null || !answer.startsWith(expected)) {
        throw new HostException("\"" + command + "\" was answered by \"" + answer + "\"");
      }
      return answer.substring(expected.length()).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      commands.close();
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
