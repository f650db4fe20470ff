package io.morsel.integration;

import io.morsel.bench.host.Await;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** What a process on a terminal has printed until now. */
final class Transcript implements AutoCloseable {
  private final InputStream stream;
  private final StringBuilder text = new StringBuilder();

  private Transcript(InputStream stream) {
    this.stream = stream;
  }

  static Transcript of(Process process) {
    Transcript transcript = new Transcript(process.getInputStream());
    Thread.ofPlatform().daemon().name("transcript").start(transcript::read);
    return transcript;
  }

  private void read() {
    byte[] bytes = new byte[4096];
    try {
      for (int n = stream.read(bytes); n >= 0; n = stream.read(bytes)) {
        synchronized (text) {
          text.append(new String(bytes, 0, n, StandardCharsets.UTF_8));
        }
      }
    } catch (IOException e) {
      synchronized (text) {
        text.append(e);
      }
    }
  }

  /** Waits until {@code wanted} was printed. */
  void await(String wanted) {
    try {
      Await.until("it prints " + wanted, Node.SOON, () -> text().contains(wanted));
    } catch (RuntimeException e) {
      throw new AssertionError(e.getMessage() + ", but only:\n" + text(), e);
    }
  }

  private String text() {
    synchronized (text) {
      return text.toString();
    }
  }

  @Override
  public void close() throws IOException {
    stream.close();
  }
}
