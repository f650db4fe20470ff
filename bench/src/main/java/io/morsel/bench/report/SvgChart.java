package io.morsel.bench.report;

import java.util.Locale;

/**
 * What bar and line charts share: an SVG that scales with its place on the page. One unit is about
 * one pixel on a phone, so that text stays legible there.
 */
final class SvgChart {
  /** The width of every chart, in units. */
  static final double WIDTH = 340;

  /** Of the widest among the usual fonts, so that nothing is cut off with it either. */
  private static final double CHARACTER_WIDTH = 7.3;

  private static final double BOLD_CHARACTER_WIDTH = 8;

  /** Between things that stand beside each other, in units. */
  static final double GAP = 6;

  private final StringBuilder body = new StringBuilder();

  /** Adds a text; {@code anchor} is {@code start}, {@code middle} or {@code end}. */
  SvgChart text(double x, double y, String style, String anchor, String text) {
    body.append(
        "<text x=\"%s\" y=\"%s\" class=\"%s\" text-anchor=\"%s\">%s</text>"
            .formatted(n(x), n(y), style, anchor, Markup.html(text)));
    return this;
  }

  /** Adds a value, and behind it what else there is to say. */
  SvgChart value(double x, double y, String value, String note) {
    body.append(
        "<text x=\"%s\" y=\"%s\" class=\"value\">%s<tspan dx=\"%s\" class=\"note\">%s</tspan></text>"
            .formatted(n(x), n(y), Markup.html(value), n(GAP), Markup.html(note)));
    return this;
  }

  /** Adds a line. */
  SvgChart line(double x1, double y1, double x2, double y2, String style) {
    body.append(
        "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" class=\"%s\"/>"
            .formatted(n(x1), n(y1), n(x2), n(y2), style));
    return this;
  }

  /** Adds a path with what it says when it is pointed at; {@code d} in SVG's notation. */
  SvgChart path(String d, String style, String title) {
    body.append("<path d=\"%s\" class=\"%s\">".formatted(d, style));
    if (!title.isEmpty()) {
      body.append("<title>").append(Markup.html(title)).append("</title>");
    }
    body.append("</path>");
    return this;
  }

  /** Adds a bar with what it says when it is pointed at. */
  SvgChart rect(double x, double y, double width, double height, String style, String title) {
    body.append(
        "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"1.5\" class=\"%s\"><title>%s</title></rect>"
            .formatted(n(x), n(y), n(Math.max(0, width)), n(height), style, Markup.html(title)));
    return this;
  }

  /** The whole SVG element. */
  String svg(double height, String label) {
    return """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" role="img" aria-label="%s">%s</svg>
        """
        .formatted(n(WIDTH), n(height), Markup.html(label), body);
  }

  /** A number in SVG's notation. */
  static String n(double number) {
    String text = String.format(Locale.ROOT, "%.1f", number);
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }

  /** About how wide a text is, in units; rather too wide than too narrow. */
  static double widthOf(String text) {
    return text.codePointCount(0, text.length()) * CHARACTER_WIDTH;
  }

  /** How wide {@link #value} is at most, in units. */
  static double widthOf(String value, String note) {
    return value.codePointCount(0, value.length()) * BOLD_CHARACTER_WIDTH
        + (note.isEmpty() ? 0 : GAP + widthOf(note));
  }

  /** The text, cut where it would be wider than this many units. */
  static String fit(String text, double width) {
    int fits = (int) (width / CHARACTER_WIDTH + 0.01);
    int[] points = text.codePoints().toArray();
    return points.length <= fits
        ? text
        : new String(points, 0, Math.max(1, fits - 1)).strip() + "…";
  }

  /** A round number, at which about {@code count} ticks lie up to {@code max}. */
  static double tickStep(double max, int count) {
    double raw = max / count;
    double power = Math.pow(10, Math.floor(Math.log10(raw)));
    double lead = raw / power;
    return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
  }
}
