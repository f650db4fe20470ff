package io.morsel.cli.convert;

import io.morsel.cli.convert.ConvertListener.Phase;
import io.morsel.cli.terminal.Quantity;
import io.morsel.registry.Descriptor;

/** How far work at one layer has come, as a line; safe for use by many threads. */
final class LayerLine {
  /** Enough of a digest to tell the layers of an image apart. */
  private static final int DIGITS = 12;

  private final String name;
  private final long startNanos = System.nanoTime();
  private volatile State state = new State(Phase.READING, 0, 0);

  private record State(Phase phase, long doneBytes, long totalBytes) {}

  LayerLine(Descriptor layer) {
    name = shortName(layer);
  }

  static String shortName(Descriptor layer) {
    return layer.digest().hex().substring(0, DIGITS);
  }

  void set(Phase phase, long doneBytes, long totalBytes) {
    state = new State(phase, doneBytes, totalBytes);
  }

  long elapsedMillis() {
    return (System.nanoTime() - startNanos) / 1_000_000;
  }

  /** The line while the work is under way. */
  String current() {
    State now = state;
    return switch (now.phase) {
      case READING -> counted("reading", now);
      case COMPRESSING -> counted("compressing", now);
      case WRITING -> "%s  writing %s".formatted(name, Quantity.bytes(now.totalBytes));
    };
  }

  private String counted(String what, State now) {
    return "%s  %-11s %s of %s"
        .formatted(name, what, Quantity.bytes(now.doneBytes), Quantity.bytes(now.totalBytes));
  }
}
