package io.morsel.bench.report;

import io.morsel.bench.result.ResultFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The part of a Markdown file that is generated from a result: what stands between two markers. */
public final class ReadmeSection {
  /** The line before the section. */
  public static final String BEGIN = "<!-- bench:begin -->";

  /** The line behind the section. */
  public static final String END = "<!-- bench:end -->";

  private ReadmeSection() {}

  /**
   * Replaces the section in a file, which then has all of it or is as before.
   *
   * @param section the new section's Markdown
   * @return whether the file changed
   * @throws IOException if the file can't be read or written, or does not have each marker once on
   *     a line of its own; the message names the file
   */
  public static boolean update(Path file, String section) throws IOException {
    // A link to the file must stay one.
    Path real = file.toRealPath();
    String before = Files.readString(real);
    String after;
    try {
      after = replace(before, section);
    } catch (IllegalArgumentException wrong) {
      throw new IOException(file + ": " + wrong.getMessage(), wrong);
    }
    if (after.equals(before)) {
      return false;
    }
    ResultFile.replace(real, after);
    return true;
  }

  /**
   * Replaces the section in a text.
   *
   * @throws IllegalArgumentException if the text does not have each marker once on a line of its
   *     own, or the section has one
   */
  public static String replace(String markdown, String section) {
    if (!lines(section, BEGIN).isEmpty() || !lines(section, END).isEmpty()) {
      throw new IllegalArgumentException("the new section has a marker of the old one in it");
    }
    Line begin = only(markdown, BEGIN);
    Line end = only(markdown, END);
    if (end.start() < begin.end()) {
      throw new IllegalArgumentException(
          "'%s' stands before '%s': put it behind".formatted(END, BEGIN));
    }
    return markdown.substring(0, begin.end())
        + "\n"
        + section.strip()
        + "\n\n"
        + markdown.substring(end.start());
  }

  private static Line only(String text, String marker) {
    List<Line> found = lines(text, marker);
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          "there is no line '%s': put '%s' and '%s' where the figures are to stand"
              .formatted(marker, BEGIN, END));
    }
    if (found.size() > 1) {
      throw new IllegalArgumentException(
          "there are %d lines '%s': leave one".formatted(found.size(), marker));
    }
    return found.getFirst();
  }

  private static List<Line> lines(String text, String wanted) {
    List<Line> found = new ArrayList<>();
    int start = 0;
    while (start < text.length()) {
      int newline = text.indexOf('\n', start);
      int end = newline < 0 ? text.length() : newline + 1;
      if (text.substring(start, end).strip().equals(wanted)) {
        found.add(new Line(start, end));
      }
      start = end;
    }
    return found;
  }

  /** Where a line starts, and where the next one does. */
  private record Line(int start, int end) {}
}
