package io.morsel.registry;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import okhttp3.Call;
import org.jspecify.annotations.Nullable;

/** Stops one operation from another thread, whether it is in a request or in a pause. */
final class Cancellation {
  private final CountDownLatch canceled = new CountDownLatch(1);
  private volatile @Nullable Call call;

  void cancel() {
    canceled.countDown();
    Call running = call;
    if (running != null) {
      running.cancel();
    }
  }

  boolean isCanceled() {
    return canceled.getCount() == 0;
  }

  /** Makes this the call that is canceled; it is canceled at once if it comes too late. */
  void attach(Call newCall) {
    call = newCall;
    if (isCanceled()) {
      newCall.cancel();
    }
  }

  /** Fails if the operation was canceled or its thread interrupted. */
  void check() throws IOException {
    if (Thread.currentThread().isInterrupted()) {
      cancel();
      throw new InterruptedIOException("interrupted");
    }
    if (isCanceled()) {
      throw new IOException("closed");
    }
  }

  /** Waits, and fails early if the operation is canceled or its thread interrupted. */
  void pause(Duration duration) throws IOException {
    try {
      if (canceled.await(duration.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new IOException("closed");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }
}
