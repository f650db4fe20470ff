package io.morsel.cli.terminal;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Lets work end in order when the program gets SIGINT or SIGTERM. */
public final class Interruption {
  private Interruption() {}

  /**
   * Runs {@code work} on a virtual thread, whose network I/O can be interrupted, and waits for it.
   * When the virtual machine is asked to end meanwhile, or the calling thread is interrupted, so is
   * the work, and its clean-up is waited for.
   *
   * @param grace the longest that the virtual machine's end waits for
   * @throws Exception what the work throws
   */
  public static <T> T guard(Duration grace, Callable<T> work) throws Exception {
    FutureTask<T> task = new FutureTask<>(work);
    return guard(grace, task, Thread.ofVirtual().name("command").unstarted(task));
  }

  /**
   * The same for work whose network I/O is none, or is done {@linkplain #onVirtualThread on a
   * virtual thread}: to have the first one of those takes as long as many a command.
   */
  public static <T> T guardLocal(Duration grace, Callable<T> work) throws Exception {
    FutureTask<T> task = new FutureTask<>(work);
    return guard(grace, task, Thread.ofPlatform().daemon().name("command").unstarted(task));
  }

  private static <T> T guard(Duration grace, FutureTask<T> task, Thread worker) throws Exception {
    Thread hook =
        Thread.ofPlatform().name("interruption").unstarted(() -> interrupt(worker, grace));
    Runtime.getRuntime().addShutdownHook(hook);
    worker.start();
    try {
      return task.get();
    } catch (InterruptedException interrupted) {
      interrupt(worker, grace);
      throw interrupted;
    } catch (ExecutionException failed) {
      throw cause(failed);
    } finally {
      unhook(hook);
    }
  }

  /**
   * Runs {@code work}, whose network I/O can be interrupted, and waits for it. When the calling
   * thread is interrupted, so is the work, and its end is waited for.
   *
   * @throws Exception what the work throws
   */
  public static <T> T onVirtualThread(Callable<T> work) throws Exception {
    FutureTask<T> task = new FutureTask<>(work);
    Thread worker = Thread.ofVirtual().name("network").start(task);
    try {
      return task.get();
    } catch (InterruptedException interrupted) {
      worker.interrupt();
      worker.join();
      throw interrupted;
    } catch (ExecutionException failed) {
      throw cause(failed);
    }
  }

  private static Exception cause(ExecutionException failed) {
    return switch (failed.getCause()) {
      case Exception failure -> failure;
      case Error error -> throw error;
      case null, default -> failed;
    };
  }

  private static void interrupt(Thread worker, Duration grace) {
    worker.interrupt();
    try {
      if (!worker.join(grace)) {
        System.err.println(
            "morsel: ended without having cleaned up within " + grace.toSeconds() + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void unhook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The virtual machine is ending already, and the hook runs.
      Thread.currentThread().interrupt();
    }
  }
}
