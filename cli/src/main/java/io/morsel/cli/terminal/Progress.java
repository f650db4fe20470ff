package io.morsel.cli.terminal;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Progress that a person can read. Work under way is shown on lines that change, where stderr is a
 * terminal; what is done becomes a line that stays, everywhere.
 *
 * <p>Safe for use by many threads.
 */
public final class Progress implements AutoCloseable {
  private static final long REDRAW_MILLIS = 100;
  private static final int MAX_LIVE_LINES = 8;
  private static final String ERASE_BELOW = "\u001b[J";
  private static final String WRAP_OFF = "\u001b[?7l";
  private static final String WRAP_ON = "\u001b[?7h";

  private final PrintWriter err;
  private final boolean quiet;
  private final boolean live;
  private final Map<String, Supplier<String>> running = new LinkedHashMap<>();
  private int drawnLines;
  private boolean closed;

  private Progress(PrintWriter err, boolean quiet, boolean live) {
    this.err = err;
    this.quiet = quiet;
    this.live = live && !quiet;
  }

  /** Progress on {@code err}; none at all where {@code quiet}. */
  public static Progress start(PrintWriter err, boolean quiet) {
    return start(err, quiet, Terminal.isLive());
  }

  static Progress start(PrintWriter err, boolean quiet, boolean live) {
    Progress progress = new Progress(err, quiet, live);
    if (progress.live) {
      Thread.ofVirtual().name("progress").start(progress::redrawUntilClosed);
    }
    return progress;
  }

  /**
   * Shows work under way.
   *
   * @param key names the work
   * @param line says how far it is, asked for again and again; must be quick
   */
  public synchronized void running(String key, Supplier<String> line) {
    running.put(key, line);
  }

  /** The work is over, and there is nothing to say about it. */
  public synchronized void ended(String key) {
    running.remove(key);
  }

  /** The work is over, and this line says how it ended. */
  public synchronized void ended(String key, String line) {
    running.remove(key);
    if (quiet || closed) {
      return;
    }
    erase();
    err.println(line);
    draw();
    err.flush();
  }

  /** Shows no more work under way. */
  @Override
  public synchronized void close() {
    closed = true;
    running.clear();
    erase();
    err.flush();
    notifyAll();
  }

  private synchronized void redrawUntilClosed() {
    try {
      while (!closed) {
        erase();
        draw();
        err.flush();
        wait(REDRAW_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void erase() {
    if (drawnLines > 0) {
      err.print("\u001b[" + drawnLines + "A\r" + ERASE_BELOW);
      drawnLines = 0;
    }
  }

  private void draw() {
    if (!live) {
      return;
    }
    List<Supplier<String>> lines = new ArrayList<>(running.values());
    err.print(WRAP_OFF);
    for (Supplier<String> line : lines.subList(0, Math.min(lines.size(), MAX_LIVE_LINES))) {
      err.print(line.get() + "\r\n");
      drawnLines++;
    }
    err.print(WRAP_ON);
  }
}
