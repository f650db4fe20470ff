package io.morsel.bench.report;

import io.morsel.bench.result.BenchResult;
import io.morsel.bench.result.Cell;
import io.morsel.bench.result.Machine;
import io.morsel.cli.terminal.Quantity;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** A result as short Markdown tables, for a README. */
public final class MarkdownReport {
  private static final String TOTAL = "total_millis";
  private static final int MAX_STEADY_ROWS = 12;

  private final Figures figures;

  private MarkdownReport(Figures figures) {
    this.figures = figures;
  }

  /** The tables, and what they were measured on; ends in a line break. */
  public static String render(BenchResult result) {
    MarkdownReport report = new MarkdownReport(new Figures(result));
    List<String> parts = new ArrayList<>();
    parts.add(
        report.table(
            "Cold start until first output, and bytes fetched; in brackets the multiple of"
                + " overlayfs:",
            report.totals("cold"),
            Integer.MAX_VALUE));
    parts.add(
        report.table(
            "Pulling and reading a share of the image; in brackets the multiple of overlayfs:",
            report.totals("total"),
            Integer.MAX_VALUE));
    parts.add(
        report.table(
            "A layer that is all there; in brackets the multiple of overlayfs:",
            report.figures.where(
                cell ->
                    cell.group().equals("steady")
                        && report.figures.timesOverlayfs(cell).isPresent()),
            MAX_STEADY_ROWS));
    parts.add(measuredOn(result));
    parts.add(remarks(result));
    parts.removeIf(String::isEmpty);
    return String.join("\n", parts);
  }

  private List<Cell> totals(String group) {
    return figures.where(cell -> cell.group().equals(group) && cell.metric().equals(TOTAL));
  }

  /** A row for each net and workload, a column for each mode; empty where there are no cells. */
  private String table(String title, List<Cell> cells, int maxRows) {
    if (cells.isEmpty()) {
      return "";
    }
    List<String> modes = figures.modesOf(cells);
    StringBuilder markdown = new StringBuilder(title).append("\n\n| network | workload |");
    modes.forEach(mode -> markdown.append(' ').append(Markup.markdown(mode)).append(" |"));
    markdown.append("\n|---|---|").append("--:|".repeat(modes.size())).append('\n');
    List<List<String>> rows = cells.stream().map(MarkdownReport::row).distinct().toList();
    for (List<String> row : rows.subList(0, Math.min(rows.size(), maxRows))) {
      markdown
          .append("| ")
          .append(Markup.markdown(row.get(0)))
          .append(" | ")
          .append(Markup.markdown(row.get(1)))
          .append(isOnly(row, rows) ? "" : ", " + Markup.markdown(Names.metric(row.get(2))))
          .append(" |");
      for (String mode : modes) {
        List<String> entries =
            cells.stream()
                .filter(cell -> row(cell).equals(row) && cell.mode().equals(mode))
                .map(this::entry)
                .toList();
        markdown.append(' ').append(String.join(", ", entries)).append(" |");
      }
      markdown.append('\n');
    }
    if (rows.size() > maxRows) {
      markdown.append("\n%d more rows are in the result.\n".formatted(rows.size() - maxRows));
    }
    return markdown.toString();
  }

  private static boolean isOnly(List<String> row, List<List<String>> rows) {
    return rows.stream().filter(other -> other.subList(0, 2).equals(row.subList(0, 2))).count()
        == 1;
  }

  /** Figures of other metrics stand in rows of their own. */
  private static List<String> row(Cell cell) {
    return List.of(cell.net(), cell.workload(), cell.metric(), cell.unit());
  }

  private String entry(Cell cell) {
    if (cell.median() == null) {
      return "void";
    }
    String text =
        cell.metric().equals(TOTAL) && cell.unit().equals("ms")
            ? "%.2f s".formatted(cell.median() / 1000)
            : Amount.of(cell.median(), cell.unit());
    OptionalDouble times = figures.timesOverlayfs(cell);
    if (times.isPresent() && !cell.mode().equals(Figures.OVERLAYFS)) {
      text += " (%s)".formatted(Amount.ratio(times.getAsDouble()));
    }
    Double bytes = cell.metric().equals(TOTAL) ? fetched(cell) : null;
    return Markup.markdown(bytes == null ? text : text + ", " + Quantity.bytes(Math.round(bytes)));
  }

  /** The bytes that the run of a total time fetched; null where they are not known. */
  private @Nullable Double fetched(Cell cell) {
    for (String metric : List.of("total_bytes", "received_bytes", "first_output_bytes")) {
      Cell bytes = figures.inMetric(cell, metric, "bytes");
      if (bytes != null && bytes.median() != null) {
        return bytes.median();
      }
    }
    return null;
  }

  private static String measuredOn(BenchResult result) {
    Machine machine = result.machine();
    return "Medians, measured on %s, %d processors, %s of memory, %s, kernel %s, on %s, commit %s, by:\n\n    %s\n"
        .formatted(
            Markup.markdown(machine.cpu()),
            machine.processors(),
            Quantity.bytes(machine.memoryBytes()),
            Markup.markdown(machine.os()),
            Markup.markdown(machine.kernel()),
            Markup.markdown(result.began().replaceFirst("T.*", "")),
            Markup.markdownCode(result.commit()),
            Markup.oneLine(result.command()));
  }

  /** What the figures can't carry goes wherever the figures go. */
  private static String remarks(BenchResult result) {
    StringBuilder markdown = new StringBuilder();
    long voids = result.cells().stream().filter(cell -> !Figures.voids(cell).isEmpty()).count();
    for (String remark : result.remarks()) {
      markdown.append("- ").append(Markup.markdown(remark)).append('\n');
    }
    if (voids > 0) {
      markdown.append(
          "- %d of %d figures have void samples, which count nowhere.\n"
              .formatted(voids, result.cells().size()));
    }
    return markdown.isEmpty() ? "" : "What these figures can't carry:\n\n" + markdown;
  }
}
