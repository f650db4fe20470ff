package io.morsel.runtime.transfer;

import io.grpc.StatusRuntimeException;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;

/**
 * The threads of one transfer that talk to registries, so that they can be stopped at any time.
 *
 * <p>The thread that runs the transfer itself is never interrupted: it works on files that others
 * use as well, and an interrupt closes those. It asks {@link #check} between two steps.
 */
final class Workers implements AutoCloseable {
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Runnable> hooks = new ArrayList<>();
  private volatile boolean cancelled;

  /** Has {@code hook} run when the transfer is cancelled, at once where it has been. */
  void onCancel(Runnable hook) {
    boolean late;
    synchronized (this) {
      hooks.add(hook);
      late = cancelled;
    }
    if (late) {
      hook.run();
    }
  }

  /** Stops everything; the transfer fails. */
  void cancel() {
    List<Runnable> told;
    synchronized (this) {
      cancelled = true;
      told = List.copyOf(hooks);
    }
    executor.shutdownNow();
    told.forEach(Runnable::run);
  }

  /**
   * Goes on only where nobody has cancelled the transfer.
   *
   * @throws ContainerdException of class CANCELED otherwise
   */
  void check() throws ContainerdException {
    if (cancelled) {
      throw canceled();
    }
  }

  /** Whether somebody has cancelled the transfer. */
  boolean isCancelled() {
    return cancelled;
  }

  private static ContainerdException canceled() {
    return new ContainerdException(ErrorClass.CANCELED, "the transfer was given up");
  }

  /** Starts a task on a thread of its own; one that comes too late has failed. */
  <T> Future<T> start(Callable<T> task) {
    try {
      return executor.submit(task);
    } catch (RejectedExecutionException e) {
      return CompletableFuture.failedFuture(canceled());
    }
  }

  /** Runs a task on a thread of its own, to its end. */
  <T> T run(Callable<T> task) throws ContainerdException {
    return await(start(task));
  }

  /** Waits for a task; what it failed with is what this fails with. */
  <T> T await(Future<T> task) throws ContainerdException {
    try {
      return task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw canceled();
    } catch (CancellationException e) {
      throw canceled();
    } catch (ExecutionException e) {
      check();
      switch (e.getCause()) {
        case ContainerdException failure -> throw failure;
        case IOException failure -> throw Failures.of(failure);
        case InterruptedException _ -> throw canceled();
        case StatusRuntimeException failure -> throw failure;
        case RuntimeException failure -> throw failure;
        case null, default -> throw new IllegalStateException(e);
      }
    }
  }

  /** Stops what is still under way, and waits until it has ended. */
  @Override
  public void close() {
    executor.shutdownNow();
    executor.close();
  }
}
