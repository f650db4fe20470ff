package io.morsel.cli.run;

import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.containerd.ErrorClass;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/**
 * What has been made so far and how it is taken away again, the newest first. Used by one thread.
 */
final class Undo implements AutoCloseable {
  private final Consumer<String> failures;
  private final Deque<Step> steps = new ArrayDeque<>();

  /** What takes something away. */
  interface Action {
    /** Takes it away. */
    void run() throws StatusException, IOException, InterruptedException;
  }

  private record Step(String what, Action action, boolean temporary) {}

  /**
   * Nothing yet.
   *
   * @param failures is told what could not be taken away, and why; the rest is all the same
   */
  Undo(Consumer<String> failures) {
    this.failures = failures;
  }

  /** Something has been made that stays if all goes well and it is asked to. */
  void add(String what, Action action) {
    steps.push(new Step(what, action, false));
  }

  /** Something has been made that does not outlive this command in any case. */
  void addTemporary(String what, Action action) {
    steps.push(new Step(what, action, true));
  }

  /** What has been made stays, but for what is temporary. */
  void keep() {
    steps.removeIf(step -> !step.temporary());
  }

  /** Everything that has been made stays. */
  void forget() {
    steps.clear();
  }

  /** Takes everything away, also on a thread that has been interrupted. */
  @Override
  public void close() {
    boolean interrupted = Thread.interrupted();
    while (!steps.isEmpty()) {
      Step step = steps.pop();
      try {
        step.action().run();
      } catch (StatusException failure) {
        if (!CoreClient.is(failure, ErrorClass.NOT_FOUND)) {
          tell(step, CoreClient.message(failure));
        }
      } catch (IOException failure) {
        tell(step, String.valueOf(failure.getMessage()));
      } catch (InterruptedException e) {
        interrupted = true;
        tell(step, "interrupted");
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void tell(Step step, String why) {
    failures.accept("can't " + step.what() + ": " + why);
  }
}
