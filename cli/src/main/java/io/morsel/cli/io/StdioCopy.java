package io.morsel.cli.io;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * Copies between the FIFOs of a process in a container and the streams of its client, on threads of
 * its own, until the process has closed its output.
 *
 * <p>The order of things: make {@link Fifos}, start this, let the core create and start the
 * process, call {@link Fifos#connected}, wait for the process's end, delete it, and then {@link
 * #awaitOutputEnd}. Safe for use by many threads.
 */
public final class StdioCopy {
  private static final int COPY_BYTES = 32 << 10;

  private final List<Thread> outputs;

  private StdioCopy(List<Thread> outputs) {
    this.outputs = outputs;
  }

  /**
   * The client's side.
   *
   * @param in what the process reads; not used where there is no FIFO for it
   * @param out what the process writes, all of it where it has a terminal
   * @param err what it writes to standard error
   */
  public record Streams(InputStream in, OutputStream out, OutputStream err) {
    /** This program's own standard streams, with nothing between that would hold bytes back. */
    public static Streams standard() {
      return new Streams(
          new FileInputStream(FileDescriptor.in),
          new FileOutputStream(FileDescriptor.out),
          new FileOutputStream(FileDescriptor.err));
    }
  }

  /** What a client does at the ends of its own streams. */
  public interface Listener {
    /**
     * All input has been passed on, and the shim has its ends of the FIFOs. It holds the process's
     * input open for other clients: the core has to be asked to close it (Tasks.CloseIO).
     */
    void inputEnded();

    /**
     * This program's output can't be written any more, as when it is piped into {@code head}. What
     * the process still writes is thrown away, so that it does not wait for ever.
     */
    void outputLost();
  }

  /** Opens this side of the FIFOs and begins to copy. */
  public static StdioCopy start(Fifos fifos, Streams streams, Listener listener)
      throws IOException {
    List<Thread> outputs = new ArrayList<>();
    outputs.add(output(fifos.stdoutPath(), streams.out(), listener));
    if (fifos.stderrPath().isPresent()) {
      outputs.add(output(fifos.stderrPath().get(), streams.err(), listener));
    }
    if (fifos.stdinPath().isPresent()) {
      OutputStream fifo = new FileOutputStream(fifos.stdinPath().get().toFile());
      start("stdin", () -> input(streams.in(), fifo, fifos, listener));
    }
    return new StdioCopy(List.copyOf(outputs));
  }

  private static Thread output(Path path, OutputStream to, Listener listener) throws IOException {
    InputStream fifo = new FileInputStream(path.toFile());
    return start(path.getFileName().toString(), () -> output(fifo, to, listener));
  }

  /**
   * A virtual thread would keep its carrier while it waits for a FIFO. Daemons, since nobody can
   * wake a thread that waits for the terminal.
   */
  private static Thread start(String name, Runnable copy) {
    return Thread.ofPlatform().daemon().name(name).start(copy);
  }

  private static void output(InputStream fifo, OutputStream to, Listener listener) {
    byte[] buffer = new byte[COPY_BYTES];
    boolean lost = false;
    try (fifo) {
      for (int count = fifo.read(buffer); count >= 0; count = fifo.read(buffer)) {
        if (!lost && !write(to, buffer, count)) {
          lost = true;
          listener.outputLost();
        }
      }
    } catch (IOException failure) {
      // A FIFO can't fail to be read but by a bug.
      throw new IllegalStateException(failure);
    }
  }

  private static boolean write(OutputStream to, byte[] buffer, int count) {
    try {
      to.write(buffer, 0, count);
      to.flush();
      return true;
    } catch (IOException gone) {
      return false;
    }
  }

  private static void input(InputStream in, OutputStream fifo, Fifos fifos, Listener listener) {
    byte[] buffer = new byte[COPY_BYTES];
    try (fifo) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        fifo.write(buffer, 0, count);
      }
    } catch (IOException ended) {
      // Nobody reads any more, or a terminal was hung up: either way there is no more input.
    }
    try {
      // Before the shim has opened its ends, it would take no notice.
      fifos.awaitConnected();
      listener.inputEnded();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Returns once all that the process has written is written here. It comes to this when the shim
   * has closed its ends, at the latest when the process is deleted there, if {@link
   * Fifos#connected} was called.
   */
  public void awaitOutputEnd() throws InterruptedException {
    for (Thread each : outputs) {
      each.join();
    }
  }

  /**
   * The same where others may hold the output open for longer than the process is there.
   *
   * @param longest how long it is waited for
   */
  public void awaitOutputEnd(Duration longest) throws InterruptedException {
    Instant end = Instant.now().plus(longest);
    for (Thread each : outputs) {
      Duration left = Duration.between(Instant.now(), end);
      if (!left.isPositive() || !each.join(left)) {
        return;
      }
    }
  }
}
