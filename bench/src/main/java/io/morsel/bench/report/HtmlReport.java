package io.morsel.bench.report;

import io.morsel.bench.result.BenchResult;
import io.morsel.bench.result.Machine;
import io.morsel.cli.terminal.Quantity;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * A result as one HTML file that needs nothing else: it opens offline and without scripts, in light
 * and in dark, on a phone and on a desk. It is XML as well.
 */
public final class HtmlReport {
  private HtmlReport() {}

  /** The whole file. */
  public static String render(BenchResult result) {
    Figures figures = new Figures(result);
    GroupSection section = new GroupSection(figures, new Palette(figures.modes()));
    List<String> groups = figures.groups();
    StringBuilder nav = new StringBuilder();
    StringBuilder sections = new StringBuilder();
    for (int i = 0; i < groups.size(); i++) {
      String id = "group-" + (i + 1);
      nav.append(
          "<a href=\"#%s\">%s</a>"
              .formatted(id, Markup.html(Names.group(groups.get(i)).replaceFirst(":.*", ""))));
      sections.append(section.html(groups.get(i), id));
    }
    return """
        <!DOCTYPE html>
        <html lang="en" xmlns="http://www.w3.org/1999/xhtml">
        <head>
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <meta name="color-scheme" content="light dark"/>
        <title>Morsel bench, %s</title>
        <style>
        %s</style>
        </head>
        <body>
        <header>
        <h1>Morsel bench</h1>
        <p class="lead">%s</p>
        <details><summary>Versions, settings, and the command that does it again</summary>
        %s</details>
        </header>
        %s<nav>%s</nav>
        <p class="lead">Bars and points are medians; whiskers go from the least to the greatest
        sample. A multiple such as 0.16× is that figure over overlayfs’ figure of the same row.</p>
        <main>
        %s</main>
        </body>
        </html>
        """
        .formatted(
            Markup.html(day(result)),
            style(),
            Markup.html(lead(result)),
            facts(result),
            remarks(result, figures),
            nav,
            sections);
  }

  private static String lead(BenchResult result) {
    Machine machine = result.machine();
    return "Cold start, total time, steady state and cost, side by side: %s, %d processors, %s,"
            .formatted(machine.cpu(), machine.processors(), Quantity.bytes(machine.memoryBytes()))
        + " %s, kernel %s. Commit %s, %s."
            .formatted(machine.os(), machine.kernel(), result.commit(), day(result));
  }

  private static String day(BenchResult result) {
    return result.began().replaceFirst("T.*", "");
  }

  /** What the figures can't carry comes before the figures. */
  private static String remarks(BenchResult result, Figures figures) {
    StringBuilder items = new StringBuilder();
    for (String remark : result.remarks()) {
      items.append("<li>").append(Markup.html(remark)).append("</li>");
    }
    if (result.commit().endsWith("-dirty")) {
      items.append("<li>The checkout had changes that are not in the commit.</li>");
    }
    long voids = figures.where(cell -> !Figures.voids(cell).isEmpty()).size();
    if (voids > 0) {
      items.append(
          "<li>%d of %d figures have samples that are void and count nowhere; their group's section says why.</li>"
              .formatted(voids, result.cells().size()));
    }
    if (items.isEmpty()) {
      return "";
    }
    return """
        <aside><h2>What these figures can’t carry</h2><ul>%s</ul></aside>
        """
        .formatted(items);
  }

  private static String facts(BenchResult result) {
    Machine machine = result.machine();
    return """
        <dl>
        <dt>Machine</dt><dd>%s, %d processors, %s of memory</dd>
        <dt>System</dt><dd>%s, kernel %s</dd>
        <dt>Versions</dt><dd>%s</dd>
        <dt>Commit</dt><dd><code>%s</code></dd>
        <dt>Began</dt><dd>%s, took %s</dd>
        <dt>Settings</dt><dd>%s</dd>
        <dt>Command</dt><dd><code>%s</code></dd>
        </dl>
        """
        .formatted(
            Markup.html(machine.cpu()),
            machine.processors(),
            Quantity.bytes(machine.memoryBytes()),
            Markup.html(machine.os()),
            Markup.html(machine.kernel()),
            pairs(machine.versions()),
            Markup.html(result.commit()),
            Markup.html(result.began()),
            Quantity.millis(result.durationMillis()),
            pairs(result.settings()),
            Markup.html(result.command()));
  }

  private static String pairs(Map<String, String> pairs) {
    return pairs.entrySet().stream()
        .map(pair -> Markup.html(pair.getKey() + " " + pair.getValue()))
        .collect(Collectors.joining(", "));
  }

  private static String style() {
    try (InputStream css = HtmlReport.class.getResourceAsStream("report.css")) {
      return new String(
          Objects.requireNonNull(css, "report.css lies beside this class").readAllBytes(),
          StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
