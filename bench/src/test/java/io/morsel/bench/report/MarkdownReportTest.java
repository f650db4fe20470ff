package io.morsel.bench.report;

import static io.morsel.bench.report.SmallResults.cell;
import static io.morsel.bench.report.SmallResults.cold;
import static io.morsel.bench.report.SmallResults.voided;
import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.result.Cell;
import io.morsel.bench.result.CellKey;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class MarkdownReportTest {
  @Test
  void coldStartsInSecondsWithTheRatioAndTheBytes() {
    CellKey bytes = new CellKey("cold", "local", "hello", "morsel", "total_bytes", "bytes");
    String markdown =
        MarkdownReport.render(
            SmallResults.of(
                cell(cold("hello", "morsel"), 860),
                cell(cold("hello", "overlayfs"), 5510),
                cell(bytes, 5_700_000),
                voided(cold("hello", "peer"), "it does not answer")));

    assertThat(markdown)
        .contains(
            """
            | network | workload | overlayfs | morsel | peer |
            |---|---|--:|--:|--:|
            | local | hello | 5.51 s | 0.86 s (0.16×), 5.70 MB | void |
            """)
        .contains("- 1 of 4 figures have void samples, which count nowhere.");
  }

  @Test
  void saysWhatItWasMeasuredOnAndHowToDoItAgain() {
    assertThat(MarkdownReport.render(SampleResult.of(1)))
        .contains("2 processors, 25.2 GB of memory")
        .contains("on 2026-11-24, commit `43c7af0b1c2d-dirty`, by:\n\n    ./bench/run --net local")
        .contains("- The network is a shaper in user space");
  }

  @Test
  void steadyRowsThatAreLeftOutAreCounted() {
    Cell[] cells =
        IntStream.range(0, 15)
            .mapToObj(
                i -> cell(new CellKey("steady", "local", "w" + i, "overlayfs", "rate", "MB/s"), 9))
            .toArray(Cell[]::new);

    assertThat(MarkdownReport.render(SmallResults.of(cells)))
        .contains("| w11 |")
        .doesNotContain("| w12 |")
        .contains("3 more rows are in the result.");
  }

  @Test
  void hostileTextStaysInItsCell() {
    String markdown =
        MarkdownReport.render(SmallResults.of(cell(cold("a|b\n# c`<b>*", "overlayfs"), 1000)));
    List<String> rows = markdown.lines().filter(line -> line.startsWith("| local")).toList();

    assertThat(rows).containsExactly("| local | a\\|b # c\\`&lt;b>\\* | 1.00 s |");
  }

  @Test
  void codeSpansEndWhereTheyShould() {
    assertThat(Markup.markdownCode("a")).isEqualTo("`a`");
    assertThat(Markup.markdownCode("a`b``c")).isEqualTo("```a`b``c```");
    assertThat(Markup.markdownCode("`a")).isEqualTo("`` `a ``");
  }
}
