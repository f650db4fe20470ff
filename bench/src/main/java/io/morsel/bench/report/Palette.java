package io.morsel.bench.report;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which colour and mark a mode has, the same in every chart of a report. The style sheet has the
 * colours, for light and for dark.
 */
final class Palette {
  private static final int COLOURS = 9;

  private final Map<String, Integer> slots = new HashMap<>();

  /** Gives the modes their colours in this order; a model has that of what it extends. */
  Palette(List<String> modes) {
    for (String mode : modes) {
      if (!mode.equals(Figures.LIMIT)) {
        slots.putIfAbsent(Figures.measured(mode), slots.size());
      }
    }
  }

  /** The class of a mode's bars and lines in the style sheet. */
  String style(String mode) {
    return mode.equals(Figures.LIMIT) ? "limit" : "m" + slot(mode) % COLOURS;
  }

  /** Which of the marks {@link LineChart} draws at a mode's points. */
  int mark(String mode) {
    return slot(mode);
  }

  private int slot(String mode) {
    return slots.getOrDefault(Figures.measured(mode), 0);
  }
}
