package io.morsel.cli.terminal;

import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A logger that is made when there is something to log: to set logging up takes longer than what a
 * small command does, and most have nothing to say. Safe for use by many threads.
 */
public final class LateLogger {
  private final Class<?> owner;

  /** A logger named like its owner. */
  public LateLogger(Class<?> owner) {
    this.owner = owner;
  }

  /** Logs what {@code message} tells the logger. */
  public void log(Consumer<Logger> message) {
    message.accept(LoggerFactory.getLogger(owner));
  }
}
