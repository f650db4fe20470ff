package io.morsel.integration;

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

/** A program run to its end, with everything that it printed; immutable. */
final class Command {
  /** How long any one program may run before the test fails. */
  private static final Duration LIMIT = Duration.ofMinutes(4);

  private final List<String> words;
  private final Map<String, String> environment;

  private Command(List<String> words, Map<String, String> environment) {
    this.words = words;
    this.environment = environment;
  }

  static Command of(Object... words) {
    List<String> list = new ArrayList<>();
    flatten(List.of(words), list);
    return new Command(List.copyOf(list), Map.of());
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

  Command with(String variable, Object value) {
    Map<String, String> more = new HashMap<>(environment);
    more.put(variable, value.toString());
    return new Command(words, Map.copyOf(more));
  }

  /** Runs it, whatever its exit code. */
  Result run() {
    try {
      ProcessBuilder builder = new ProcessBuilder(words);
      builder.environment().putAll(environment);
      builder.redirectInput(Path.of("/dev/null").toFile());
      Process process = builder.start();
      CompletableFuture<byte[]> out = drain(process.getInputStream());
      CompletableFuture<byte[]> err = drain(process.getErrorStream());
      if (!process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        throw new AssertionError("still running after " + LIMIT + ": " + words);
      }
      return new Result(
          words,
          process.exitValue(),
          new String(out.get(), StandardCharsets.ISO_8859_1),
          new String(err.get(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException("can't run " + words, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while running " + words, e);
    } catch (ExecutionException e) {
      throw new AssertionError("output of " + words + " was lost", e);
    }
  }

  /** Runs it and fails unless it succeeds; what it printed on standard output. */
  String succeed() {
    return run().expectSuccess().text();
  }

  private static CompletableFuture<byte[]> drain(InputStream stream) {
    return CompletableFuture.supplyAsync(
        () -> {
          try (stream) {
            return stream.readAllBytes();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        // A virtual thread that waits for a pipe keeps its carrier: two of them would stop every
        // other one on a machine with two processors, CountingProxy's among them.
        task -> Thread.ofPlatform().daemon().name("drain").start(task));
  }

  /** How a program ended. */
  record Result(List<String> words, int exitCode, String latin1, String errors) {
    /** Standard output; {@code latin1} has its bytes, one a character. */
    String text() {
      return new String(latin1.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    Result expectSuccess() {
      if (exitCode != 0) {
        throw new AssertionError(
            "exit code " + exitCode + " of " + words + "\n" + errors + "\n" + text());
      }
      return this;
    }

    Result expectFailure() {
      if (exitCode == 0) {
        throw new AssertionError("should have failed: " + words + "\n" + errors + "\n" + text());
      }
      return this;
    }
  }
}
