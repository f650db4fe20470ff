package io.morsel.cli.source;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Runs tasks side by side; the first failure ends all of them. */
public final class ParallelTasks {
  /** Something that may fail. */
  public interface Task<T> {
    /** Runs it. */
    T run() throws IOException;
  }

  private ParallelTasks() {}

  /**
   * Runs the tasks, {@code parallel} at a time, in their order; on threads of the platform, since
   * they take the processor as much as they wait.
   *
   * @return the results, in the order of the tasks
   * @throws IOException the first failure, when no task runs any more
   */
  public static <T> List<T> run(List<Task<T>> tasks, int parallel) throws IOException {
    try (ExecutorService executor =
        Executors.newFixedThreadPool(
            parallel, Thread.ofPlatform().name("task-", 0).daemon().factory())) {
      try {
        CompletionService<T> completion = new ExecutorCompletionService<>(executor);
        List<Future<T>> futures = new ArrayList<>();
        for (Task<T> task : tasks) {
          futures.add(completion.submit(task::run));
        }
        for (int i = 0; i < tasks.size(); i++) {
          completion.take().get();
        }
        List<T> results = new ArrayList<>();
        for (Future<T> future : futures) {
          results.add(future.resultNow());
        }
        return results;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted");
      } catch (ExecutionException e) {
        throw failure(e.getCause());
      } finally {
        // Nothing is left to do, or nothing that makes sense any more.
        executor.shutdownNow();
      }
    }
  }

  private static IOException failure(@Nullable Throwable cause) {
    return switch (cause) {
      case IOException io -> io;
      case RuntimeException bug -> throw bug;
      case Error error -> throw error;
      case null -> new IOException("a task failed for no known reason");
      default -> new IOException(cause);
    };
  }
}
