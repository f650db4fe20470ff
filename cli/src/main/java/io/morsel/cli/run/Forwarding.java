package io.morsel.cli.run;

import io.morsel.cli.core.CoreClient;
import io.morsel.cli.io.ProcessCalls;
import io.morsel.cli.io.SignalNumber;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;

/**
 * Where signals go: to the container once it runs; before that they end this command.
 *
 * <p>A process that is a container's first is spared by every signal that it does not handle, but
 * for SIGKILL. So what asks it to end for the third time becomes one; and where the container can't
 * outlive this process, so does the first SIGTERM or SIGHUP, after a while. Safe for use by many
 * threads.
 */
final class Forwarding implements IntConsumer {
  private static final int SIGHUP = 1;
  private static final int SIGINT = 2;
  private static final int IMPATIENT = 3;

  private final CoreClient client;
  private final Thread worker;
  private final Optional<Duration> stopTimeout;
  private final CountDownLatch ended = new CountDownLatch(1);
  private String task = "";
  private int interruption;
  private int lastRequest;
  private int requests;

  /**
   * For one container.
   *
   * @param worker who is interrupted while there is none yet
   * @param stopTimeout how long it may take to end where it can't outlive this process
   */
  Forwarding(CoreClient client, Thread worker, Optional<Duration> stopTimeout) {
    this.client = client;
    this.worker = worker;
    this.stopTimeout = stopTimeout;
  }

  @Override
  public void accept(int signal) {
    boolean kill = false;
    boolean killLater = false;
    synchronized (this) {
      if (task.isEmpty()) {
        interruption = interruption == 0 ? signal : interruption;
        worker.interrupt();
        return;
      }
      if (signal == SIGINT || signal == SignalNumber.TERM || signal == SIGHUP) {
        requests = signal == lastRequest ? requests + 1 : 1;
        lastRequest = signal;
        kill = requests == IMPATIENT;
        killLater = signal != SIGINT && stopTimeout.isPresent();
      }
    }
    kill(kill ? SignalNumber.KILL : signal);
    if (killLater) {
      Thread.ofVirtual().name("stop-timeout").start(this::killUnlessEnded);
    }
  }

  private void killUnlessEnded() {
    try {
      if (!ended.await(stopTimeout.orElseThrow().toMillis(), TimeUnit.MILLISECONDS)) {
        kill(SignalNumber.KILL);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** From now on signals go to this container. */
  synchronized void to(String id) throws InterruptedException {
    if (interruption != 0) {
      throw new InterruptedException();
    }
    task = id;
  }

  /** The container has ended. */
  void ended() {
    ended.countDown();
  }

  /** The signal that ended this command before the container ran; 0 for none. */
  synchronized int interruption() {
    return interruption;
  }

  /** Sends a signal to the container's first process. */
  void kill(int signal) {
    String id;
    synchronized (this) {
      id = task;
    }
    new ProcessCalls(client, id, "").kill(signal);
  }
}
