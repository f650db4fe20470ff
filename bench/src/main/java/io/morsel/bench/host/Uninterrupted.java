package io.morsel.bench.host;

/** Lets things be tidied up on a thread that was asked to stop. */
public final class Uninterrupted {
  private Uninterrupted() {}

  /**
   * Runs every step, whatever the others throw, with the thread's interrupt status put away
   * meanwhile: what was started must be ended.
   *
   * @throws RuntimeException the first failure, with the others attached
   */
  public static void run(Runnable... steps) {
    boolean interrupted = Thread.interrupted();
    RuntimeException failure = null;
    try {
      for (Runnable step : steps) {
        try {
          step.run();
        } catch (RuntimeException e) {
          if (failure == null) {
            failure = e;
          } else {
            failure.addSuppressed(e);
          }
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
