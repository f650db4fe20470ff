package io.morsel.bench.report;

import io.morsel.bench.result.Cell;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/** The part of a report that shows one group: a chart and a table for each net and metric. */
final class GroupSection {
  private static final Set<String> OVER_A_COUNT = Set.of("total", "scale", "fleet");

  private final Figures figures;
  private final Palette palette;
  private final Charts charts;
  private final FigureTable table;

  GroupSection(Figures figures, Palette palette) {
    this.figures = figures;
    this.palette = palette;
    charts = new Charts(figures, palette);
    table = new FigureTable(figures);
  }

  /** The section of a group, with this id to link to. */
  String html(String group, String id) {
    List<Cell> cells = figures.where(cell -> cell.group().equals(group));
    StringBuilder html = new StringBuilder();
    html.append("<section id=\"%s\"><h2>%s</h2>".formatted(id, Markup.html(Names.group(group))));
    if (!Names.about(group).isEmpty()) {
      html.append("<p>").append(Markup.html(Names.about(group))).append("</p>\n");
    }
    html.append(voids(cells));
    if (group.equals("cold")) {
      html.append(glance(cells));
    }
    for (String net : Figures.distinct(cells, Cell::net)) {
      List<Cell> ofNet = cells.stream().filter(cell -> cell.net().equals(net)).toList();
      html.append("<h3>Network: ").append(Markup.html(net)).append("</h3>\n");
      List<Cell> headlines =
          ofNet.stream().filter(cell -> Names.isHeadline(group, cell.metric())).toList();
      List<Cell> others =
          ofNet.stream().filter(cell -> !Names.isHeadline(group, cell.metric())).toList();
      html.append(figuresOf(headlines));
      if (!others.isEmpty()) {
        long metrics = others.stream().map(Cell::metric).distinct().count();
        html.append(
            "<details class=\"more\"><summary>%d more %s</summary>"
                .formatted(metrics, metrics == 1 ? "chart" : "charts"));
        html.append(figuresOf(others)).append("</details>\n");
      }
    }
    return html.append("</section>\n").toString();
  }

  /** A chart and a table for each metric. */
  private String figuresOf(List<Cell> cells) {
    Map<List<String>, List<Cell>> byMetric = new LinkedHashMap<>();
    cells.stream()
        .sorted(Comparator.comparingInt(cell -> Names.metricRank(cell.metric())))
        .forEach(
            cell ->
                byMetric
                    .computeIfAbsent(
                        List.of(subject(cell), cell.metric(), cell.unit()), _ -> new ArrayList<>())
                    .add(cell));
    StringBuilder html = new StringBuilder("<div class=\"charts\">\n");
    byMetric.values().forEach(same -> html.append(figure(same)));
    return html.append("</div>\n").toString();
  }

  /** What a chart over a count is about, apart from the metric. */
  private static String subject(Cell cell) {
    return OVER_A_COUNT.contains(cell.group()) && Charts.count(cell.workload()).isPresent()
        ? Charts.stem(cell.workload())
        : "";
  }

  private String figure(List<Cell> cells) {
    Cell first = cells.getFirst();
    String subject = subject(first);
    String title =
        subject.isEmpty()
            ? Names.metric(first.metric())
            : Names.metric(first.metric()) + ", " + subject;
    String label = "%s, network %s".formatted(title, first.net());
    boolean multiples =
        first.group().equals("steady")
            && cells.stream().allMatch(cell -> figures.timesOverlayfs(cell).isPresent());
    String better = first.key().largerIsBetter() ? "more is better" : "less is better";
    String chart;
    if (!subject.isEmpty() && Figures.distinct(cells, Cell::workload).size() > 1) {
      boolean share = first.group().equals("total");
      String along =
          switch (first.group()) {
            case "total" -> "% of the image's bytes read";
            case "fleet" -> "number of nodes";
            default -> "number of " + subject;
          };
      LineChart lines = charts.lines(label, cells, along, !share);
      chart = lines.lines().isEmpty() ? charts.bars(label, cells).svg() : lines.svg();
      if (lines.logarithmicValues()) {
        better += "; both axes are logarithmic";
      }
    } else {
      BarChart bars = multiples ? charts.multiples(label, cells) : charts.bars(label, cells);
      chart = bars.svg();
      if (bars.scaledByGroup()) {
        better += "; each workload has a scale of its own";
      }
    }
    return """
        <figure><figcaption><strong>%s</strong>%s<span class="hint">%s</span></figcaption>
        %s<details><summary>Exact figures</summary>%s</details></figure>
        """
        .formatted(
            Markup.html(title),
            multiples ? " as a multiple of overlayfs" : "",
            better,
            chart,
            table.html(cells));
  }

  /** Total times at a glance: a row for each net and workload, a column for each mode. */
  private String glance(List<Cell> cells) {
    List<Cell> totals =
        cells.stream().filter(cell -> cell.metric().equals("total_millis")).toList();
    if (totals.isEmpty()) {
      return "";
    }
    List<String> modes = figures.modesOf(totals);
    StringBuilder html = new StringBuilder();
    html.append("<p>Total times, as multiples of overlayfs and of the limit:</p>")
        .append("<div class=\"scroll glance\"><table><thead><tr><th scope=\"col\">Workload</th>");
    for (String mode : modes) {
      html.append(
          "<th scope=\"col\" class=\"n\"><span class=\"dot %s\"></span>%s</th>"
              .formatted(palette.style(mode), Markup.html(mode)));
    }
    html.append("</tr></thead><tbody>\n");
    for (List<String> row : rows(totals)) {
      html.append(
          "<tr><th scope=\"row\">%s<small>%s</small></th>"
              .formatted(Markup.html(row.getLast()), Markup.html(row.getFirst())));
      for (String mode : modes) {
        html.append("<td class=\"n\">");
        totals.stream()
            .filter(cell -> rowOf(cell).equals(row) && cell.mode().equals(mode))
            .forEach(cell -> html.append(total(cell)));
        html.append("</td>");
      }
      html.append("</tr>\n");
    }
    return html.append("</tbody></table></div>\n").toString();
  }

  private static List<List<String>> rows(List<Cell> totals) {
    return totals.stream().map(GroupSection::rowOf).distinct().toList();
  }

  private static List<String> rowOf(Cell cell) {
    return List.of(cell.net(), cell.workload());
  }

  private String total(Cell cell) {
    if (cell.median() == null) {
      return "<span class=\"void\">void</span>";
    }
    List<String> notes = new ArrayList<>();
    OptionalDouble overlayfs = figures.timesOverlayfs(cell);
    if (overlayfs.isPresent() && !cell.mode().equals(Figures.OVERLAYFS)) {
      notes.add(Amount.ratio(overlayfs.getAsDouble()));
    }
    OptionalDouble limit = figures.timesLimit(cell);
    if (limit.isPresent()) {
      notes.add(Amount.ratio(limit.getAsDouble()) + " limit");
    }
    StringBuilder html = new StringBuilder("<strong>");
    html.append(Markup.html(Amount.of(cell.median(), cell.unit()))).append("</strong>");
    notes.forEach(note -> html.append(" <small>").append(note).append("</small>"));
    return html.toString();
  }

  /**
   * The samples that do not count, each reason once for all metrics of the run that it is about.
   */
  private static String voids(List<Cell> cells) {
    Map<String, List<String>> metrics = new LinkedHashMap<>();
    for (Cell cell : cells) {
      for (String why : Figures.voids(cell)) {
        metrics
            .computeIfAbsent(
                "%s, %s, %s, %s".formatted(cell.net(), cell.workload(), cell.mode(), why),
                _ -> new ArrayList<>())
            .add(cell.metric());
      }
    }
    if (metrics.isEmpty()) {
      return "";
    }
    StringBuilder html =
        new StringBuilder("<div class=\"voids\"><strong>Samples that do not count</strong><ul>");
    metrics.forEach(
        (why, of) ->
            html.append(
                "<li>%s <small>(%s)</small></li>"
                    .formatted(Markup.html(why), Markup.html(String.join(", ", of)))));
    return html.append("</ul></div>\n").toString();
  }
}
