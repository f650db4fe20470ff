package io.morsel.cli.terminal;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How much is logged by commands that have no configuration file. */
public final class Verbosity {
  private Verbosity() {}

  /** Logs from this level on; libraries never below info, since they log every frame. */
  public static void set(LogLevel level) {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      Level wanted =
          switch (level) {
            case ERROR -> Level.ERROR;
            case WARN -> Level.WARN;
            case INFO -> Level.INFO;
            case DEBUG -> Level.DEBUG;
            case TRACE -> Level.TRACE;
          };
      context.getLogger("io.morsel").setLevel(wanted);
      context
          .getLogger(Logger.ROOT_LOGGER_NAME)
          .setLevel(wanted.isGreaterOrEqual(Level.INFO) ? wanted : Level.INFO);
    }
  }
}
