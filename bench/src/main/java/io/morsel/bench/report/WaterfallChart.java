package io.morsel.bench.report;

import io.morsel.bench.result.Waterfall;
import io.morsel.cli.terminal.Quantity;
import java.util.Locale;

/**
 * A start as a picture: its phases on top, and below a line for each request, hollow while it waits
 * for its answer and filled while that comes. One SVG file that needs nothing else, in light and in
 * dark.
 */
public final class WaterfallChart {
  private static final double WIDTH = 900;
  private static final double LEFT = 190;
  private static final double RIGHT = 90;
  private static final double TOP = 92;
  private static final double ROW = 14;
  private static final double BAR = 9;
  private static final int TICKS = 8;
  private static final int COLOURS = 6;

  private static final String STYLE =
      """
      svg { --paper: #ffffff; --ink: #1b1f24; --soft: #57606a; --rule: #d8dee4;
        --c0: #6e7781; --c1: #0969da; --c2: #bc4c00; --c3: #7a3fc9; --c4: #0f7b6c; --c5: #bf3989; }
      @media (prefers-color-scheme: dark) {
        svg { --paper: #0f1318; --ink: #e6ebf0; --soft: #9aa5b1; --rule: #2f3741;
          --c0: #8d97a3; --c1: #4aa3ff; --c2: #f28b3c; --c3: #b794f6; --c4: #3fc4ae; --c5: #f07bb8; }
      }
      .paper { fill: var(--paper); } .rule { stroke: var(--rule); } .end { stroke: var(--soft); }
      text { font: 11px system-ui, "Segoe UI", Roboto, sans-serif; fill: var(--ink); }
      .head { font-size: 15px; font-weight: 600; } .soft { fill: var(--soft); }
      .phase { fill: var(--rule); } .wait { fill: none; stroke: var(--c); } .come { fill: var(--c); }
      .l0 { --c: var(--c0); } .l1 { --c: var(--c1); } .l2 { --c: var(--c2); }
      .l3 { --c: var(--c3); } .l4 { --c: var(--c4); } .l5 { --c: var(--c5); }
      """;

  private final Waterfall waterfall;
  private final double scale;
  private final double height;
  private final StringBuilder body = new StringBuilder();

  private WaterfallChart(Waterfall waterfall) {
    this.waterfall = waterfall;
    double end =
        waterfall.requests().stream()
            .mapToDouble(Waterfall.Request::endMillis)
            .reduce(waterfall.totalMillis(), Math::max);
    this.scale = (WIDTH - LEFT - RIGHT) / Math.max(1, end);
    this.height = TOP + ROW * waterfall.requests().size() + 8;
  }

  /** The whole file. */
  public static String svg(Waterfall waterfall) {
    WaterfallChart chart = new WaterfallChart(waterfall);
    chart.axis();
    chart.phases();
    chart.requests();
    return """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" role="img" aria-label="%s">
        <style>
        %s</style>
        <rect class="paper" width="100%%" height="100%%"/>
        %s</svg>
        """
        .formatted(
            SvgChart.n(WIDTH),
            SvgChart.n(chart.height),
            Markup.html(waterfall.title()),
            STYLE,
            chart.body);
  }

  private double x(double millis) {
    return LEFT + millis * scale;
  }

  private void axis() {
    text(8, 22, "head", "start", waterfall.title());
    double end = (WIDTH - LEFT - RIGHT) / scale;
    double step = SvgChart.tickStep(end, TICKS);
    for (double tick = 0; tick <= end; tick += step) {
      line(x(tick), TOP - 8, x(tick), height, "rule");
      text(x(tick), TOP - 12, "soft", "middle", Quantity.millis(Math.round(tick)));
    }
  }

  private void phases() {
    double from = 0;
    for (Waterfall.Phase phase : waterfall.phases()) {
      double width = phase.millis() * scale;
      rect(x(from), 36, Math.max(1, width - 1), 18, "phase", "");
      String label = "%s, %s".formatted(phase.name(), Quantity.millis(Math.round(phase.millis())));
      if (SvgChart.widthOf(label) < width) {
        text(x(from) + 4, 49, "", "start", label);
      }
      from += phase.millis();
    }
    line(x(from), 36, x(from), height, "end");
    text(x(from) + 4, 49, "soft", "start", "first output");
  }

  private void requests() {
    double y = TOP;
    for (Waterfall.Request request : waterfall.requests()) {
      String style = "l" + request.layer() % COLOURS;
      String size = Quantity.bytes(request.receivedBytes());
      String title =
          String.format(
              Locale.ROOT,
              "%s, %s: sent at %.0f ms, answered from %.0f to %.0f ms",
              request.what(),
              size,
              request.sentMillis(),
              request.firstMillis(),
              request.endMillis());
      text(LEFT - 6, y + BAR, "soft", "end", SvgChart.fit(request.what(), LEFT));
      double wait = Math.max(0.5, (request.firstMillis() - request.sentMillis()) * scale);
      double come = Math.max(1, (request.endMillis() - request.firstMillis()) * scale);
      rect(x(request.sentMillis()), y + 0.5, wait, BAR - 1, "wait " + style, title);
      rect(x(request.firstMillis()), y, come, BAR, "come " + style, title);
      text(x(request.firstMillis()) + come + 4, y + BAR, "soft", "start", size);
      y += ROW;
    }
  }

  private void text(double x, double y, String style, String anchor, String text) {
    body.append(
        "<text x=\"%s\" y=\"%s\" class=\"%s\" text-anchor=\"%s\">%s</text>\n"
            .formatted(SvgChart.n(x), SvgChart.n(y), style, anchor, Markup.html(text)));
  }

  private void line(double x1, double y1, double x2, double y2, String style) {
    body.append(
        "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" class=\"%s\"/>\n"
            .formatted(SvgChart.n(x1), SvgChart.n(y1), SvgChart.n(x2), SvgChart.n(y2), style));
  }

  private void rect(
      double x, double y, double width, double rectHeight, String style, String title) {
    body.append(
        "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" class=\"%s\"><title>%s</title></rect>\n"
            .formatted(
                SvgChart.n(x),
                SvgChart.n(y),
                SvgChart.n(width),
                SvgChart.n(rectHeight),
                style,
                Markup.html(title)));
  }
}
