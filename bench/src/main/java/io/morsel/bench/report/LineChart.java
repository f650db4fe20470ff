package io.morsel.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * Lines over a number, such as how many nodes there are, with whiskers from min to max.
 *
 * @param label what the chart shows, for who can't see it
 * @param unit of the values
 * @param along what stands on the horizontal axis
 * @param logarithmic whether the horizontal axis is; the vertical one becomes so by itself, where a
 *     linear one would hide most of the points
 */
record LineChart(String label, String unit, String along, boolean logarithmic, List<Series> lines) {
  private static final double TOP = 10;
  private static final double PLOT = 160;
  private static final double FOOT = 38;
  private static final double LEGEND_ROW = 17;
  private static final double SWATCH = 24;
  private static final double GAP = SvgChart.GAP;
  private static final double RIGHT = SvgChart.WIDTH - 12;
  private static final int TICKS = 4;

  /** Where the largest value is more than this many times the smallest, the axis is logarithmic. */
  private static final double MAX_LINEAR_SPREAD = 40;

  /**
   * One line.
   *
   * @param style its class in the style sheet
   * @param mark which mark its points have, from 0
   * @param dashed drawn so, with hollow marks: computed, not measured
   */
  record Series(String label, String style, int mark, boolean dashed, List<Point> points) {}

  /**
   * One point.
   *
   * @param title the whole of it, for who points at it
   */
  record Point(double x, double y, double min, double max, String title) {}

  /** Whether the values' axis is logarithmic. */
  boolean logarithmicValues() {
    double largest = values().max().orElse(0);
    double smallest = values().min().orElse(0);
    return logarithmic && smallest > 0 && largest > smallest * MAX_LINEAR_SPREAD;
  }

  /** The chart as an SVG element. */
  String svg() {
    SvgChart chart = new SvgChart();
    double top = legend(chart) + TOP;
    double bottom = top + PLOT;
    List<Tick> ticks = logarithmicValues() ? powers() : multiples();
    Axis up =
        new Axis(
            ticks.getFirst().value(), ticks.getLast().value(), bottom, top, logarithmicValues());
    double left =
        GAP + ticks.stream().mapToDouble(tick -> SvgChart.widthOf(tick.text())).max().orElse(0);
    double[] xs =
        lines.stream()
            .flatMap(line -> line.points().stream())
            .mapToDouble(Point::x)
            .distinct()
            .sorted()
            .toArray();
    boolean logX = logarithmic && xs.length > 0 && xs[0] > 0;
    Axis across =
        new Axis(
            xs.length == 0 ? 0 : xs[0],
            xs.length == 0 ? 1 : xs[xs.length - 1],
            left + GAP,
            RIGHT,
            logX);

    for (Tick tick : ticks) {
      double y = up.at(tick.value());
      chart.line(left, y, RIGHT, y, "grid");
      chart.text(left - GAP, y + 4, "note", "end", tick.text());
    }
    chart.line(left, bottom, RIGHT, bottom, "axis");
    xLabels(chart, across, xs, bottom);
    chart.text(
        (left + RIGHT) / 2, bottom + FOOT - 5, "note", "middle", along + (logX ? " (log)" : ""));
    for (Series line : lines) {
      draw(chart, line, across, up);
    }
    return chart.svg(bottom + FOOT, label);
  }

  private static void draw(SvgChart chart, Series line, Axis across, Axis up) {
    StringBuilder d = new StringBuilder();
    for (Point point : line.points()) {
      d.append(d.isEmpty() ? "M" : "L").append(at(across.at(point.x()), up.at(point.y())));
    }
    String dashed = line.dashed() ? " dashed" : "";
    if (line.points().size() > 1) {
      chart.path(d.toString(), "line " + line.style() + dashed, line.label());
    }
    for (Point point : line.points()) {
      double x = across.at(point.x());
      if (point.max() > point.min()) {
        double from = up.at(point.min());
        double to = up.at(point.max());
        chart
            .line(x, from, x, to, "whisker")
            .line(x - 3, from, x + 3, from, "whisker")
            .line(x - 3, to, x + 3, to, "whisker");
      }
      String style = "point " + line.style() + (line.dashed() ? " hollow" : "");
      chart.path(mark(line.mark(), x, up.at(point.y())), style, point.title());
    }
  }

  /** Draws one label a line of the chart, in rows. Returns the height. */
  private double legend(SvgChart chart) {
    double x = 0;
    double y = LEGEND_ROW / 2;
    for (Series line : lines) {
      String text = SvgChart.fit(line.label(), SvgChart.WIDTH - SWATCH - GAP);
      double width = SWATCH + GAP + SvgChart.widthOf(text);
      if (x > 0 && x + width > SvgChart.WIDTH) {
        x = 0;
        y += LEGEND_ROW;
      }
      chart.path(
          "M" + at(x, y) + "L" + at(x + SWATCH, y),
          "line " + line.style() + (line.dashed() ? " dashed" : ""),
          "");
      chart.path(
          mark(line.mark(), x + SWATCH / 2, y),
          "point " + line.style() + (line.dashed() ? " hollow" : ""),
          "");
      chart.text(x + SWATCH + GAP, y + 4, "label", "start", text);
      x += width + 2 * GAP;
    }
    return y + LEGEND_ROW / 2;
  }

  private static void xLabels(SvgChart chart, Axis across, double[] xs, double bottom) {
    double free = 0;
    for (int i = 0; i < xs.length; i++) {
      double x = across.at(xs[i]);
      chart.line(x, bottom, x, bottom + 4, "axis");
      String text = Amount.count(xs[i]);
      double half = SvgChart.widthOf(text) / 2;
      double middle = Math.min(x, SvgChart.WIDTH - half);
      boolean last = i == xs.length - 1;
      double end = across.at(xs[xs.length - 1]) - SvgChart.widthOf(Amount.count(xs[xs.length - 1]));
      if (middle - half >= free && (last || middle + half + GAP <= end)) {
        chart.text(middle, bottom + 17, "note", "middle", text);
        free = middle + half + GAP;
      }
    }
  }

  private List<Tick> multiples() {
    double max = values().max().orElse(0);
    if (max <= 0) {
      return List.of(new Tick(0, "0"), new Tick(1, Amount.tick(1, unit)));
    }
    double step = SvgChart.tickStep(max, TICKS);
    List<Tick> ticks = new ArrayList<>();
    for (int i = 0; i == 0 || (i - 1) * step < max; i++) {
      ticks.add(new Tick(i * step, i == 0 ? "0" : Amount.tick(i * step, unit)));
    }
    return ticks;
  }

  private List<Tick> powers() {
    int first = (int) Math.floor(Math.log10(values().min().orElse(1)));
    int last = (int) Math.ceil(Math.log10(values().max().orElse(10)));
    // A label on every second or third line is enough where there are many.
    int every = Math.ceilDiv(last - first, TICKS + 1);
    List<Tick> ticks = new ArrayList<>();
    for (int power = first; power < last + every; power += every) {
      double value = Math.pow(10, power);
      ticks.add(new Tick(value, Amount.tick(value, unit)));
    }
    return ticks;
  }

  private DoubleStream values() {
    return lines.stream()
        .flatMap(line -> line.points().stream())
        .flatMapToDouble(point -> DoubleStream.of(point.y(), point.max()));
  }

  private static String mark(int mark, double x, double y) {
    double r = 3.6;
    return switch (mark % 4) {
      case 0 -> // a circle
          "M%sa3.6,3.6 0 1 0 7.2,0a3.6,3.6 0 1 0 -7.2,0z".formatted(at(x - r, y));
      case 1 -> // a square
          "M%sh6.4v6.4h-6.4z".formatted(at(x - 3.2, y - 3.2));
      case 2 -> // a triangle
          "M%sl4.2,7.4h-8.4z".formatted(at(x, y - 4.6));
      default -> // a diamond
          "M%sl4.4,4.4l-4.4,4.4l-4.4,-4.4z".formatted(at(x, y - 4.4));
    };
  }

  private static String at(double x, double y) {
    return SvgChart.n(x) + "," + SvgChart.n(y);
  }

  private record Tick(double value, String text) {}

  /** Where values lie between two ends, in units of the chart. */
  private record Axis(double low, double high, double from, double to, boolean logarithmic) {
    double at(double value) {
      if (high <= low) {
        return (from + to) / 2;
      }
      double bounded = Math.clamp(value, low, high);
      double share =
          logarithmic
              ? Math.log(bounded / low) / Math.log(high / low)
              : (bounded - low) / (high - low);
      return from + share * (to - from);
    }
  }
}
