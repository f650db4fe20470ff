package io.morsel.bench.report;

import io.morsel.cli.terminal.Printable;

/**
 * Makes any text fit to stand in HTML, SVG or Markdown: what a peer is called must not be markup.
 */
final class Markup {
  private static final int REPLACEMENT = 0xFFFD;

  private Markup() {}

  /** The text as content or as a quoted attribute's value in HTML that is XML, too. */
  static String html(String text) {
    StringBuilder html = new StringBuilder(text.length());
    oneLine(text)
        .codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '<' -> html.append("&lt;");
                case '>' -> html.append("&gt;");
                case '&' -> html.append("&amp;");
                case '"' -> html.append("&quot;");
                case '\'' -> html.append("&#39;");
                default -> html.appendCodePoint(isXml(c) ? c : REPLACEMENT);
              }
            });
    return html.toString();
  }

  /** The text as inline Markdown, in a table's cell or elsewhere. */
  static String markdown(String text) {
    StringBuilder markdown = new StringBuilder(text.length());
    oneLine(text)
        .codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '<' -> markdown.append("&lt;");
                case '&' -> markdown.append("&amp;");
                case '\\', '`', '*', '_', '[', ']', '|', '~' ->
                    markdown.append('\\').appendCodePoint(c);
                default -> markdown.appendCodePoint(c);
              }
            });
    return markdown.toString();
  }

  /** The text as a code span of Markdown, whatever backticks it has. */
  static String markdownCode(String text) {
    String line = oneLine(text);
    String fence = "`";
    while (line.contains(fence)) {
      fence += "`";
    }
    String space = line.startsWith("`") || line.endsWith("`") ? " " : "";
    return fence + space + line + space + fence;
  }

  /** The text without line breaks and control characters. */
  static String oneLine(String text) {
    return Printable.text(text.replaceAll("\\s+", " ").strip());
  }

  private static boolean isXml(int c) {
    return c >= 0x20
        && !(c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)
        && c != 0xFFFE
        && c != 0xFFFF;
  }
}
