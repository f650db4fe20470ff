package io.morsel.bench.report;

import io.morsel.bench.result.Cell;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The exact figures below a chart, as an HTML table. */
final class FigureTable {
  private final Figures figures;

  FigureTable(Figures figures) {
    this.figures = figures;
  }

  /** A row for each cell; the cells share a net, a metric and a unit. */
  String html(List<Cell> cells) {
    Cell first = cells.getFirst();
    List<Column> columns = columns(cells);
    StringBuilder html = new StringBuilder("<div class=\"scroll\"><table><caption>");
    html.append(Markup.html("%s, %s, %s".formatted(first.group(), first.net(), first.metric())));
    html.append(first.unit().isEmpty() ? "" : ", in " + Markup.html(first.unit()));
    html.append("</caption><thead><tr>");
    for (Column column : columns) {
      html.append(column.number() ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
      html.append(column.head()).append("</th>");
    }
    html.append("</tr></thead><tbody>");
    for (Cell cell : inOrder(cells)) {
      html.append("<tr>");
      for (Column column : columns) {
        html.append(column.number() ? "<td class=\"n\">" : "<td>");
        html.append(Markup.html(column.text().apply(cell))).append("</td>");
      }
      html.append("</tr>\n");
    }
    return html.append("</tbody></table></div>").toString();
  }

  private List<Cell> inOrder(List<Cell> cells) {
    List<String> workloads = Figures.distinct(cells, Cell::workload);
    return cells.stream()
        .sorted(
            Comparator.comparingInt((Cell cell) -> workloads.indexOf(cell.workload()))
                .thenComparingInt(cell -> figures.modes().indexOf(cell.mode())))
        .toList();
  }

  private List<Column> columns(List<Cell> cells) {
    List<Column> columns = new ArrayList<>();
    columns.add(new Column("Workload", false, Cell::workload));
    columns.add(new Column("Mode", false, Cell::mode));
    columns.add(new Column("Median", true, cell -> exact(cell.median())));
    columns.add(new Column("Min", true, cell -> exact(cell.min())));
    columns.add(new Column("Max", true, cell -> exact(cell.max())));
    columns.add(new Column("Samples", true, cell -> String.valueOf(Figures.counted(cell))));
    addMultiple(columns, cells, "× overlayfs", figures::timesOverlayfs);
    addMultiple(columns, cells, "× limit", figures::timesLimit);
    if (cells.stream().anyMatch(cell -> !Figures.voids(cell).isEmpty())) {
      columns.add(
          new Column("Void samples", false, cell -> String.join("; ", Figures.voids(cell))));
    }
    return columns;
  }

  private static void addMultiple(
      List<Column> columns, List<Cell> cells, String head, Function<Cell, OptionalDouble> of) {
    boolean ratios = cells.getFirst().unit().equals("ratio");
    if (!ratios && cells.stream().anyMatch(cell -> of.apply(cell).isPresent())) {
      columns.add(
          new Column(
              head,
              true,
              cell -> {
                OptionalDouble times = of.apply(cell);
                return times.isPresent() ? Amount.ratio(times.getAsDouble()) : "";
              }));
    }
  }

  private static String exact(@Nullable Double value) {
    return value == null ? "–" : Amount.exact(value);
  }

  private record Column(String head, boolean number, Function<Cell, String> text) {}
}
