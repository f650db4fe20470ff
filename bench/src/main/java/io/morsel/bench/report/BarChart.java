package io.morsel.bench.report;

import java.util.List;

/**
 * Horizontal bars in groups, from zero on, with whiskers from min to max.
 *
 * @param label what the chart shows, for who can't see it
 * @param marked a value that all bars are held against, with a line through the chart; 0 for none
 */
record BarChart(String label, List<Group> groups, double marked) {
  private static final double GROUP_HEAD = 20;
  private static final double ROW = 18;
  private static final double BAR = 11;
  private static final double GROUP_GAP = 8;
  private static final double MAX_LABEL = 106;
  private static final double GAP = SvgChart.GAP;

  /** Beyond this, the small bars of one scale would vanish: each group gets its own. */
  private static final double MAX_SPREAD = 100;

  /** Bars under one heading. */
  record Group(String label, List<Bar> bars) {
    double max() {
      return bars.stream().mapToDouble(Bar::end).max().orElse(0);
    }
  }

  /**
   * One bar.
   *
   * @param label names it
   * @param style its class in the style sheet
   * @param value where it ends; NaN where nothing was measured
   * @param text the value as people read it
   * @param note what else to say of it; may be empty
   * @param title the whole of it, for who points at it
   */
  record Bar(
      String label,
      String style,
      double value,
      double min,
      double max,
      String text,
      String note,
      String title) {
    double end() {
      return Double.isNaN(value) ? 0 : Math.max(0, Math.max(value, max));
    }

    double textWidth() {
      return SvgChart.widthOf(text, note);
    }
  }

  /** Whether each group has a scale of its own. */
  boolean scaledByGroup() {
    double largest = groups.stream().mapToDouble(Group::max).max().orElse(0);
    double smallest =
        groups.stream().mapToDouble(Group::max).filter(max -> max > 0).min().orElse(largest);
    return marked == 0 && largest > smallest * MAX_SPREAD;
  }

  /** The chart as an SVG element. */
  String svg() {
    List<Bar> bars = groups.stream().flatMap(group -> group.bars().stream()).toList();
    double left =
        GAP
            + Math.min(
                MAX_LABEL,
                bars.stream().mapToDouble(bar -> SvgChart.widthOf(bar.label())).max().orElse(0));
    double scaleOfAll = scale(groups, left);
    boolean byGroup = scaledByGroup();

    SvgChart chart = new SvgChart();
    double y = 0;
    for (Group group : groups) {
      double scale = byGroup ? scale(List.of(group), left) : scaleOfAll;
      chart.text(0, y + 14, "head", "start", SvgChart.fit(group.label(), SvgChart.WIDTH));
      y += GROUP_HEAD;
      double bottom = y + ROW * group.bars().size();
      if (marked > 0) {
        double x = left + marked * scale;
        chart.line(x, y, x, bottom, "mark");
      }
      for (Bar bar : group.bars()) {
        draw(chart, bar, left, y, scale);
        y += ROW;
      }
      chart.line(left, bottom - ROW * group.bars().size(), left, bottom, "axis");
      y += GROUP_GAP;
    }
    return chart.svg(Math.max(y - GROUP_GAP, 1), label);
  }

  /** The most units a value of 1 can have so that every bar has place for what stands behind it. */
  private double scale(List<Group> together, double left) {
    double scale = marked > 0 ? (SvgChart.WIDTH - left) / marked : Double.MAX_VALUE;
    for (Group group : together) {
      for (Bar bar : group.bars()) {
        if (bar.end() > 0) {
          double room = SvgChart.WIDTH - left - GAP - bar.textWidth();
          scale = Math.min(scale, Math.max(0, room) / bar.end());
        }
      }
    }
    return scale == Double.MAX_VALUE ? 0 : scale;
  }

  private static void draw(SvgChart chart, Bar bar, double left, double y, double scale) {
    double middle = y + ROW / 2;
    double baseline = middle + 4;
    chart.text(left - GAP, baseline, "label", "end", SvgChart.fit(bar.label(), left - GAP));
    if (Double.isNaN(bar.value())) {
      chart.text(left + GAP, baseline, "void", "start", bar.text());
      return;
    }
    chart.rect(left, middle - BAR / 2, bar.value() * scale, BAR, "bar " + bar.style(), bar.title());
    if (bar.max() > bar.min()) {
      double from = left + Math.max(0, bar.min()) * scale;
      double to = left + Math.max(0, bar.max()) * scale;
      chart
          .line(from, middle, to, middle, "whisker")
          .line(from, middle - 3, from, middle + 3, "whisker")
          .line(to, middle - 3, to, middle + 3, "whisker");
    }
    chart.value(left + bar.end() * scale + GAP, baseline, bar.text(), bar.note());
  }
}
