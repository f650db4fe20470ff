package io.morsel.bench.host;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * A program run to its end, with everything that it printed; immutable.
 *
 * <p>It runs in a session of its own: Ctrl-C at the terminal reaches whoever started it, who then
 * ends it by its pid, in the order that fits.
 */
public final class Command {
  /** How long a program may run where its caller says nothing else. */
  private static final Duration LIMIT = Duration.ofMinutes(4);

  private final List<String> words;
  private final Map<String, String> environment;
  private final Duration limit;

  private Command(List<String> words, Map<String, String> environment, Duration limit) {
    this.words = words;
    this.environment = environment;
    this.limit = limit;
  }

  /** The program and its arguments; lists among them are spread out. */
  public static Command of(Object... words) {
    List<String> list = new ArrayList<>();
    flatten(List.of(words), list);
    return new Command(List.copyOf(list), Map.of(), LIMIT);
  }

  private static void flatten(List<?> words, List<String> into) {
    for (Object word : words) {
      if (word instanceof List<?> several) {
        flatten(several, into);
      } else {
        into.add(word.toString());
      }
    }
  }

  /** The same with a variable of the environment set. */
  public Command with(String variable, Object value) {
    Map<String, String> more = new HashMap<>(environment);
    more.put(variable, value.toString());
    return new Command(words, Map.copyOf(more), limit);
  }

  /** The same with another limit on how long it may run. */
  public Command within(Duration longest) {
    return new Command(words, environment, longest);
  }

  /**
   * Starts it without input, its output in pipes that the caller must read; the caller must also
   * see to its end.
   */
  public Process start() {
    return start(words, environment, ProcessBuilder.Redirect.PIPE, ProcessBuilder.Redirect.PIPE);
  }

  static Process start(
      List<String> words,
      Map<String, String> environment,
      ProcessBuilder.Redirect output,
      ProcessBuilder.Redirect errors) {
    List<String> inOwnSession = new ArrayList<>(List.of("setsid"));
    inOwnSession.addAll(words);
    ProcessBuilder builder = new ProcessBuilder(inOwnSession);
    builder.environment().putAll(environment);
    builder.redirectInput(Path.of("/dev/null").toFile());
    builder.redirectOutput(output);
    builder.redirectError(errors);
    try {
      return builder.start();
    } catch (IOException e) {
      throw new HostException("can't start " + String.join(" ", words) + ": " + e.getMessage(), e);
    }
  }

  /**
   * Runs it, whatever its exit code.
   *
   * @throws HostException if it can't be started, does not end within its limit, or the calling
   *     thread is interrupted; the program is then ended, with all that it started
   */
  public Result run() {
    Process process = start();
    try {
      CompletableFuture<byte[]> out = drain(process.getInputStream());
      CompletableFuture<byte[]> err = drain(process.getErrorStream());
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new HostException("still running after " + limit.toSeconds() + " s: " + this);
      }
      return new Result(
          words,
          process.exitValue(),
          new String(out.get(), StandardCharsets.ISO_8859_1),
          new String(err.get(), StandardCharsets.UTF_8));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HostException("interrupted while running " + this, e);
    } catch (ExecutionException e) {
      throw new HostException("output of " + this + " was lost", e);
    } finally {
      end(process);
    }
  }

  /** Ends a process by its pid, with all that it started; a no-op where it has ended. */
  public static void end(Process process) {
    if (process.isAlive()) {
      List<ProcessHandle> descendants = process.descendants().toList();
      process.destroyForcibly();
      descendants.forEach(ProcessHandle::destroyForcibly);
    }
  }

  /**
   * Runs it and fails unless it succeeds.
   *
   * @return what it printed on standard output
   */
  public String succeed() {
    return run().expectSuccess().text();
  }

  /** Reads a pipe to its end. */
  public static CompletableFuture<byte[]> drain(InputStream stream) {
    return CompletableFuture.supplyAsync(
        () -> {
          try (stream) {
            return stream.readAllBytes();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        // A virtual thread that waits for a pipe keeps its carrier: two of them would stop every
        // other one on a machine with two processors.
        task -> Thread.ofPlatform().daemon().name("drain").start(task));
  }

  /** As a shell would show it. */
  @Override
  public String toString() {
    return String.join(" ", words);
  }

  /**
   * How a program ended.
   *
   * @param latin1 standard output, a byte a character
   * @param errors standard error
   */
  public record Result(List<String> words, int exitCode, String latin1, String errors) {
    /** Standard output as text. */
    public String text() {
      return new String(latin1.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    /** Fails unless it succeeded; the message has what it printed. */
    public Result expectSuccess() {
      if (exitCode != 0) {
        throw new HostException(
            "exit code %d of %s\n%s\n%s"
                .formatted(exitCode, String.join(" ", words), errors, text())
                .strip());
      }
      return this;
    }

    /** Fails if it succeeded. */
    public Result expectFailure() {
      if (exitCode == 0) {
        throw new HostException(
            "should have failed: %s\n%s\n%s".formatted(String.join(" ", words), errors, text()));
      }
      return this;
    }
  }
}
