package io.morsel.cli.io;

import io.morsel.cli.terminal.CommandException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * This program's terminal, set to pass every key on to a terminal in a container.
 *
 * <p>It gets its settings back when this is closed, and also when the virtual machine ends without
 * that. Safe for use by many threads.
 */
public final class RawTerminal implements AutoCloseable {
  /** Standard input: it is what keys are read from. */
  private static final int DESCRIPTOR = 0;

  private final MemorySegment before;
  private final Thread hook;
  private boolean restored;

  /**
   * A terminal's size in characters.
   *
   * @param columns its width
   * @param rows its height
   */
  public record Size(int columns, int rows) {}

  private RawTerminal(MemorySegment before) {
    this.before = before;
    this.hook = Thread.ofPlatform().name("terminal").unstarted(this::restore);
  }

  /**
   * Sets the terminal.
   *
   * @throws CommandException with exit code 2 if standard input is no terminal
   */
  public static RawTerminal open() throws CommandException {
    // Of the garbage collector, so that a hook may use it whenever it runs.
    Arena arena = Arena.ofAuto();
    MemorySegment before = arena.allocate(Libc.TERMIOS_BYTES, Long.BYTES);
    try {
      Libc.tcgetattr(DESCRIPTOR, before);
      RawTerminal terminal = new RawTerminal(before);
      MemorySegment raw = arena.allocate(Libc.TERMIOS_BYTES, Long.BYTES);
      raw.copyFrom(before);
      Libc.cfmakeraw(raw);
      Runtime.getRuntime().addShutdownHook(terminal.hook);
      Libc.tcsetattr(DESCRIPTOR, raw);
      return terminal;
    } catch (IOException failure) {
      throw CommandException.usage(
          "--tty needs a terminal as standard input (" + failure.getMessage() + "); leave it out");
    }
  }

  /** Its size now. */
  public Size size() throws IOException {
    return Libc.windowSize(DESCRIPTOR);
  }

  private synchronized void restore() {
    if (restored) {
      return;
    }
    restored = true;
    try {
      Libc.tcsetattr(DESCRIPTOR, before);
    } catch (IOException gone) {
      // The terminal was closed: there is nothing left to set.
      restored = true;
    }
  }

  /** Gives the terminal its settings back. */
  @Override
  public void close() {
    restore();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The virtual machine is ending already; the hook finds nothing to do.
      restore();
    }
  }
}
