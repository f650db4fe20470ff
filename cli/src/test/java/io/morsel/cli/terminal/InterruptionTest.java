package io.morsel.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

final class InterruptionTest {
  private static final Duration GRACE = Duration.ofSeconds(10);

  @Test
  void resultAndFailureAreTheWorks() throws Exception {
    assertThat(Interruption.guard(GRACE, () -> "done")).isEqualTo("done");
    assertThatThrownBy(
            () ->
                Interruption.guard(
                    GRACE,
                    () -> {
                      throw new IOException("it broke");
                    }))
        .isInstanceOf(IOException.class)
        .hasMessage("it broke");
  }

  /** A read from a peer that says nothing is what an interrupt must end. */
  @Test
  void interruptEndsNetworkReadAndWaitsForCleanUp() throws Exception {
    interruptEndsRead(work -> Interruption.guard(GRACE, work));
  }

  @Test
  void soItDoesFromAPlatformThread() throws Exception {
    interruptEndsRead(
        work -> Interruption.guardLocal(GRACE, () -> Interruption.onVirtualThread(work)));
  }

  private interface Guard {
    Object run(Callable<Integer> work) throws Exception;
  }

  private static void interruptEndsRead(Guard guard) throws Exception {
    AtomicBoolean cleanedUp = new AtomicBoolean();
    CountDownLatch reading = new CountDownLatch(1);
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread caller =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      guard.run(
                          () -> {
                            try (Socket socket =
                                    new Socket(silent.getInetAddress(), silent.getLocalPort());
                                InputStream in = socket.getInputStream()) {
                              reading.countDown();
                              return in.read();
                            } finally {
                              cleanedUp.set(true);
                            }
                          });
                    } catch (Exception expected) {
                      Thread.currentThread().interrupt();
                    }
                  });
      reading.await();
      caller.interrupt();
      assertThat(caller.join(GRACE)).isTrue();
      assertThat(cleanedUp).isTrue();
    }
  }
}
