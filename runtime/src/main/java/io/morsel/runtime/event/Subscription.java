package io.morsel.runtime.event;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.types.Envelope;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** The events that one subscriber has not taken yet. Safe for use by many threads. */
public final class Subscription implements AutoCloseable {
  /** Some hundred bytes each; a subscriber that lies so far behind does not come back. */
  static final int MAX_WAITING = 65_536;

  private final Predicate<Envelope> wanted;
  private final Consumer<Subscription> end;
  private final Deque<Envelope> waiting = new ArrayDeque<>();
  private boolean closed;
  private boolean overrun;

  Subscription(Predicate<Envelope> wanted, Consumer<Subscription> end) {
    this.wanted = wanted;
    this.end = end;
  }

  void offer(Envelope envelope) {
    if (!wanted.test(envelope)) {
      return;
    }
    synchronized (this) {
      if (closed || overrun) {
        return;
      }
      if (waiting.size() < MAX_WAITING) {
        waiting.add(envelope);
      } else {
        overrun = true;
        waiting.clear();
      }
      notifyAll();
    }
  }

  /**
   * Waits for the next event.
   *
   * @return empty once the subscription is closed
   * @throws ContainerdException of class UNAVAILABLE where so many events waited that some were
   *     lost
   */
  public synchronized Optional<Envelope> next() throws ContainerdException, InterruptedException {
    while (true) {
      if (closed) {
        return Optional.empty();
      }
      if (overrun) {
        throw new ContainerdException(
            ErrorClass.UNAVAILABLE,
            "subscription error: the subscriber took no event while "
                + MAX_WAITING
                + " others came; subscribe again");
      }
      Envelope envelope = waiting.poll();
      if (envelope != null) {
        return Optional.of(envelope);
      }
      wait();
    }
  }

  /** Ends it, and whoever waits for an event. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      waiting.clear();
      notifyAll();
    }
    end.accept(this);
  }
}
