package io.morsel.cli.terminal;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Lets work end in order when the program gets SIGINT or SIGTERM. */
public final class Interruption {
  private Interruption() {}

  /**
   * Runs {@code work} on the calling thread. When the virtual machine is asked to end meanwhile,
   * the thread is interrupted, and the virtual machine waits until the work has cleaned up.
   *
   * @param grace the longest that the end waits for
   */
  public static <T> T guard(Duration grace, Callable<T> work) throws Exception {
    Thread worker = Thread.currentThread();
    CountDownLatch done = new CountDownLatch(1);
    Thread hook =
        Thread.ofPlatform()
            .name("interruption")
            .unstarted(
                () -> {
                  worker.interrupt();
                  try {
                    if (!done.await(grace.toMillis(), TimeUnit.MILLISECONDS)) {
                      System.err.println("morsel: ended without having cleaned up in time");
                    }
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      return work.call();
    } finally {
      done.countDown();
      unhook(hook);
    }
  }

  private static void unhook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The end has begun: the hook runs and has just been released.
      Thread.currentThread().interrupt();
    }
  }
}
