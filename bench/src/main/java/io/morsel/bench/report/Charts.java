package io.morsel.bench.report;

import io.morsel.bench.result.Cell;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Makes charts of cells that share a net, a metric and a unit. */
final class Charts {
  private static final Pattern COUNTED = Pattern.compile("(.+)-([0-9]{1,9})");

  private final Figures figures;
  private final Palette palette;

  Charts(Figures figures, Palette palette) {
    this.figures = figures;
    this.palette = palette;
  }

  /** How many there were, by the workload's name, such as 50 in {@code starts-50}. */
  static OptionalInt count(String workload) {
    Matcher counted = COUNTED.matcher(workload);
    return counted.matches()
        ? OptionalInt.of(Integer.parseInt(counted.group(2)))
        : OptionalInt.empty();
  }

  /** The workload's name without how many there were. */
  static String stem(String workload) {
    Matcher counted = COUNTED.matcher(workload);
    return counted.matches() ? counted.group(1) : workload;
  }

  /** Bars: workloads as groups, modes as bars. */
  BarChart bars(String label, List<Cell> cells) {
    return new BarChart(label, groups(cells, this::bar), 0);
  }

  /** Bars of the multiples of overlayfs; only for cells that have one. */
  BarChart multiples(String label, List<Cell> cells) {
    return new BarChart(label, groups(cells, this::multiple), 1);
  }

  private List<BarChart.Group> groups(List<Cell> cells, Function<Cell, BarChart.Bar> bar) {
    List<BarChart.Group> groups = new ArrayList<>();
    for (String workload : Figures.distinct(cells, Cell::workload)) {
      List<BarChart.Bar> bars = new ArrayList<>();
      for (String mode : figures.modesOf(cells)) {
        cells.stream()
            .filter(cell -> cell.workload().equals(workload) && cell.mode().equals(mode))
            .map(bar)
            .forEach(bars::add);
      }
      groups.add(new BarChart.Group(workload, bars));
    }
    return groups;
  }

  private BarChart.Bar bar(Cell cell) {
    if (cell.median() == null || !Double.isFinite(cell.median())) {
      return voidBar(cell);
    }
    OptionalDouble times = figures.timesOverlayfs(cell);
    boolean base = cell.mode().equals(Figures.OVERLAYFS) || cell.unit().equals("ratio");
    return new BarChart.Bar(
        cell.mode(),
        palette.style(cell.mode()),
        cell.median(),
        finite(cell.min(), cell.median()),
        finite(cell.max(), cell.median()),
        Amount.of(cell.median(), cell.unit()),
        times.isPresent() && !base ? Amount.ratio(times.getAsDouble()) : "",
        title(cell));
  }

  private BarChart.Bar multiple(Cell cell) {
    OptionalDouble times = figures.timesOverlayfs(cell);
    if (cell.median() == null || times.isEmpty()) {
      return voidBar(cell);
    }
    // Zero over zero has no multiple, so the median is not zero where there is one.
    double base = cell.median() == 0 ? 1 : cell.median() / times.getAsDouble();
    return new BarChart.Bar(
        cell.mode(),
        palette.style(cell.mode()),
        times.getAsDouble(),
        finite(cell.min(), cell.median()) / base,
        finite(cell.max(), cell.median()) / base,
        Amount.ratio(times.getAsDouble()),
        Amount.of(cell.median(), cell.unit()),
        title(cell));
  }

  private static BarChart.Bar voidBar(Cell cell) {
    return new BarChart.Bar(
        cell.mode(), "", Double.NaN, Double.NaN, Double.NaN, "no figure", "", title(cell));
  }

  /** Lines: modes as lines, over how many there were. */
  LineChart lines(String label, List<Cell> cells, String along, boolean logarithmic) {
    List<LineChart.Series> lines = new ArrayList<>();
    for (String mode : figures.modesOf(cells)) {
      List<LineChart.Point> points =
          cells.stream()
              .filter(cell -> cell.mode().equals(mode))
              .filter(cell -> cell.median() != null && Double.isFinite(cell.median()))
              .map(Charts::point)
              .sorted(Comparator.comparingDouble(LineChart.Point::x))
              .toList();
      if (!points.isEmpty()) {
        lines.add(
            new LineChart.Series(
                mode, palette.style(mode), palette.mark(mode), Figures.isModel(mode), points));
      }
    }
    return new LineChart(label, cells.getFirst().unit(), along, logarithmic, lines);
  }

  private static LineChart.Point point(Cell cell) {
    double median = Objects.requireNonNull(cell.median(), "only cells with one become points");
    return new LineChart.Point(
        count(cell.workload()).orElse(0),
        median,
        finite(cell.min(), median),
        finite(cell.max(), median),
        title(cell));
  }

  /** A whisker's end; without one there is no whisker. */
  private static double finite(@Nullable Double end, double median) {
    return end == null || !Double.isFinite(end) ? median : end;
  }

  private static String title(Cell cell) {
    String what = cell.workload() + ", " + cell.mode() + ": ";
    if (cell.median() == null || cell.min() == null || cell.max() == null) {
      return what + "no sample counts";
    }
    long counted = Figures.counted(cell);
    return "%s%s (%s to %s, %d %s)"
        .formatted(
            what,
            Amount.of(cell.median(), cell.unit()),
            Amount.of(cell.min(), cell.unit()),
            Amount.of(cell.max(), cell.unit()),
            counted,
            counted == 1 ? "sample" : "samples");
  }
}
