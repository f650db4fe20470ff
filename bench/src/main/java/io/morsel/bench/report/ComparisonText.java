package io.morsel.bench.report;

import io.morsel.bench.result.CellKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A comparison as text for a terminal. */
public final class ComparisonText {
  private static final int MAX_LISTED = 10;
  private static final List<String> HEAD =
      List.of("GROUP", "NET", "WORKLOAD", "MODE", "METRIC", "BEFORE", "AFTER", "CHANGE", "");

  /** From here on, columns are numbers. */
  private static final int FIRST_NUMBER = 5;

  private static final int LAST_NUMBER = 7;

  private ComparisonText() {}

  /**
   * The changes beyond noise as an aligned table, and what can't be compared.
   *
   * @param all whether the changes within noise are shown, too
   * @return whole lines
   */
  public static String render(Comparison comparison, boolean all) {
    StringBuilder text = new StringBuilder();
    for (String warning : comparison.warnings()) {
      text.append("warning: ").append(Markup.oneLine(warning)).append('\n');
    }
    if (!comparison.warnings().isEmpty()) {
      text.append('\n');
    }
    List<List<String>> rows =
        comparison.changes().stream()
            .filter(change -> all || change.beyondNoise())
            .map(ComparisonText::row)
            .toList();
    if (!rows.isEmpty()) {
      text.append(aligned(rows)).append('\n');
    }
    text.append(summary(comparison.changes())).append('\n');
    list(text, "no longer measured, all samples are void", comparison.lost());
    list(text, "measured now, all samples were void", comparison.gained());
    list(text, "only in the first result", comparison.onlyBefore());
    list(text, "only in the second result", comparison.onlyAfter());
    return text.toString();
  }

  private static List<String> row(Change change) {
    CellKey key = change.key();
    String verdict = !change.beyondNoise() ? "noise" : change.isWorse() ? "worse" : "better";
    return List.of(
        Markup.oneLine(key.group()),
        Markup.oneLine(key.net()),
        Markup.oneLine(key.workload()),
        Markup.oneLine(key.mode()),
        Markup.oneLine(key.metric()),
        Amount.of(change.before(), key.unit()),
        Amount.of(change.after(), key.unit()),
        percent(change.percent()),
        verdict);
  }

  /** A change in percent, with its sign: {@code +12.3 %}. */
  static String percent(double percent) {
    return Double.isInfinite(percent) ? "from 0" : String.format(Locale.ROOT, "%+.1f %%", percent);
  }

  private static String aligned(List<List<String>> rows) {
    List<List<String>> lines = new ArrayList<>(rows);
    lines.addFirst(HEAD);
    int[] widths = new int[HEAD.size()];
    for (List<String> line : lines) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], line.get(i).length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> line : lines) {
      StringBuilder row = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        String blank = " ".repeat(widths[i] - line.get(i).length());
        boolean number = i >= FIRST_NUMBER && i <= LAST_NUMBER;
        row.append(number ? blank + line.get(i) : line.get(i) + blank).append("  ");
      }
      text.append(row.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  private static String summary(List<Change> changes) {
    long beyond = changes.stream().filter(Change::beyondNoise).count();
    long worse =
        changes.stream().filter(change -> change.beyondNoise() && change.isWorse()).count();
    return "%d of %d figures changed beyond noise: %d worse, %d better"
        .formatted(beyond, changes.size(), worse, beyond - worse);
  }

  private static void list(StringBuilder text, String what, List<CellKey> keys) {
    if (keys.isEmpty()) {
      return;
    }
    text.append("%d %s:\n".formatted(keys.size(), what));
    keys.stream()
        .limit(MAX_LISTED)
        .forEach(key -> text.append("  ").append(describe(key)).append('\n'));
    if (keys.size() > MAX_LISTED) {
      text.append("  and %d more\n".formatted(keys.size() - MAX_LISTED));
    }
  }

  /** A figure's name on one line. */
  public static String describe(CellKey key) {
    return Markup.oneLine(
        String.join(" ", key.group(), key.net(), key.workload(), key.mode(), key.metric()));
  }
}
