package io.morsel.cli.terminal;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.spi.ContextAwareBase;
import org.slf4j.LoggerFactory;

/**
 * Where the log goes: to stderr, one line an event, from the level on that the command line or the
 * configuration names.
 *
 * <p>Logback finds this class as a service and asks it to configure the log when the first logger
 * is needed; a command that logs nothing never loads it.
 */
public final class Logging extends ContextAwareBase implements Configurator {
  // Kept, since java.util.logging forgets the level of a logger that nobody holds.
  private static final java.util.logging.Logger GRPC =
      java.util.logging.Logger.getLogger("io.grpc");

  /** For logback's service loader. */
  public Logging() {}

  /** Logs from this level on. */
  public static void setLevel(LogLevel level) {
    if (LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME) instanceof Logger root) {
      root.setLevel(
          switch (level) {
            case ERROR -> Level.ERROR;
            case WARN -> Level.WARN;
            case INFO -> Level.INFO;
            case DEBUG -> Level.DEBUG;
            case TRACE -> Level.TRACE;
          });
    }
    // What fails in a call reaches its caller as a status; gRPC's own log would show it twice.
    GRPC.setLevel(
        level == LogLevel.TRACE
            ? java.util.logging.Level.ALL
            : level == LogLevel.DEBUG
                ? java.util.logging.Level.WARNING
                : java.util.logging.Level.OFF);
  }

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    // No stack traces but at trace level: what a person needs stands in the message.
    encoder.setPattern(
        "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX, UTC} %-5level %logger{0}: %msg%n%nopexception");
    encoder.start();
    ConsoleAppender<ILoggingEvent> stderr = new ConsoleAppender<>();
    stderr.setContext(context);
    stderr.setName("stderr");
    stderr.setTarget("System.err");
    stderr.setEncoder(encoder);
    stderr.start();
    Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.setLevel(Level.WARN);
    root.addAppender(stderr);
    // Netty's start-up chatter at debug level hides everything else.
    context.getLogger("io.netty").setLevel(Level.INFO);
    // gRPC sets an option that Unix sockets don't have, and Netty warns of it at every connection.
    context.getLogger("io.netty.bootstrap").setLevel(Level.ERROR);
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }
}
