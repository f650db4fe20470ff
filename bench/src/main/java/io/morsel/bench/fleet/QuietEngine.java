package io.morsel.bench.fleet;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Keeps the engine's log off the terminal until closed: what goes wrong there ends as a node's
 * failure, and so as a void sample with its reason.
 */
final class QuietEngine implements AutoCloseable {
  private static final List<String> LOGGERS =
      List.of("io.morsel.prefetch", "io.morsel.registry", "io.morsel.stargz");

  private final Map<String, @Nullable Level> before = new HashMap<>();

  QuietEngine() {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      for (String name : LOGGERS) {
        before.put(name, context.getLogger(name).getLevel());
        context.getLogger(name).setLevel(Level.OFF);
      }
    }
  }

  @Override
  public void close() {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      before.forEach((name, level) -> context.getLogger(name).setLevel(level));
    }
  }
}
