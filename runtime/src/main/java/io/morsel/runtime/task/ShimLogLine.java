package io.morsel.runtime.task;

import io.morsel.shim.Bundle;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Puts what shims log into the core's log. */
final class ShimLogLine {
  private static final Logger log = LoggerFactory.getLogger("io.morsel.shim.log");

  /** As runc's shim writes it; other shims may write anything. */
  private static final Pattern LEVEL = Pattern.compile("\\blevel\"?[=:] ?\"?(\\w+)");

  private ShimLogLine() {}

  /** Logs a line at the level that it names; what it says at length is for who looks for it. */
  static void log(Bundle bundle, String line) {
    log.atLevel(level(line)).log("{}/{}: {}", bundle.namespace(), bundle.id(), line);
  }

  private static Level level(String line) {
    Matcher matcher = LEVEL.matcher(line);
    String name = matcher.find() ? matcher.group(1) : "";
    return switch (name) {
      case "warning", "warn" -> Level.WARN;
      case "error", "fatal", "panic" -> Level.ERROR;
      case "debug", "trace" -> Level.TRACE;
      default -> Level.DEBUG;
    };
  }
}
