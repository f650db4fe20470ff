package io.morsel.bench.report;

import static io.morsel.bench.report.SmallResults.cell;
import static io.morsel.bench.report.SmallResults.cold;
import static io.morsel.bench.report.SmallResults.voided;
import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.result.Cell;
import io.morsel.bench.result.CellKey;
import io.morsel.bench.result.Machine;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ComparisonTest {
  private static final CellKey HELLO = cold("hello", "morsel");
  private static final CellKey RATE =
      new CellKey("steady", "local", "sequential-read", "morsel", "MB/s", "MB/s");

  @Test
  void aSlowerRunIsARegressionAndAFasterOneIsNot() {
    Cell fast = cell(HELLO, 100, 101, 102, 103, 104);
    Cell slow = cell(HELLO, 120, 121, 122, 123, 124);

    Comparison slower = Comparison.of(SmallResults.of(fast), SmallResults.of(slow));
    Comparison faster = Comparison.of(SmallResults.of(slow), SmallResults.of(fast));

    assertThat(slower.changes()).containsExactly(new Change(HELLO, 102, 122, true));
    assertThat(slower.changes().getFirst().percent()).isBetween(19.6, 19.7);
    assertThat(slower.regressionsOver(10)).containsExactly(HELLO);
    assertThat(slower.regressionsOver(20)).isEmpty();
    assertThat(faster.regressionsOver(0)).isEmpty();
  }

  @Test
  void aRateThatFallsIsARegressionAndOneThatGrowsIsNot() {
    Cell low = cell(RATE, 800, 810, 820, 830, 840);
    Cell high = cell(RATE, 1000, 1010, 1020, 1030, 1040);

    assertThat(Comparison.of(SmallResults.of(high), SmallResults.of(low)).regressionsOver(10))
        .containsExactly(RATE);
    assertThat(Comparison.of(SmallResults.of(low), SmallResults.of(high)).regressionsOver(0))
        .isEmpty();
  }

  @Test
  void aChangeWithinNoiseIsNone() {
    Comparison comparison =
        Comparison.of(
            SmallResults.of(cell(HELLO, 100, 110, 150, 160, 200)),
            SmallResults.of(cell(HELLO, 120, 150, 180, 190, 210)));

    assertThat(comparison.changes().getFirst().percent()).isEqualTo(20);
    assertThat(comparison.regressionsOver(0)).isEmpty();
    assertThat(ComparisonText.render(comparison, false))
        .contains("0 of 1 figures changed beyond noise")
        .doesNotContain("hello");
    assertThat(ComparisonText.render(comparison, true)).contains("hello").contains("+20.0 %");
  }

  @Test
  void aFigureThatBecameVoidIsLostAndARegression() {
    Comparison comparison =
        Comparison.of(
            SmallResults.of(cell(HELLO, 100, 101)), SmallResults.of(voided(HELLO, "wrong output")));

    assertThat(comparison.changes()).isEmpty();
    assertThat(comparison.lost()).containsExactly(HELLO);
    assertThat(comparison.regressionsOver(1000)).containsExactly(HELLO);
  }

  @Test
  void aFigureThatWasVoidIsGained() {
    Comparison comparison =
        Comparison.of(
            SmallResults.of(voided(HELLO, "wrong output")), SmallResults.of(cell(HELLO, 100, 101)));

    assertThat(comparison.gained()).containsExactly(HELLO);
    assertThat(comparison.regressionsOver(0)).isEmpty();
  }

  @Test
  void voidOnBothSidesIsNothingNew() {
    Cell none = voided(HELLO, "wrong output");
    Comparison comparison = Comparison.of(SmallResults.of(none), SmallResults.of(none));

    assertThat(comparison.changes()).isEmpty();
    assertThat(comparison.lost()).isEmpty();
    assertThat(comparison.gained()).isEmpty();
  }

  @Test
  void figuresOfOneSideOnlyAreListedAndNoRegression() {
    Comparison comparison =
        Comparison.of(SmallResults.of(cell(HELLO, 1, 2)), SmallResults.of(cell(RATE, 1, 2)));

    assertThat(comparison.onlyBefore()).containsExactly(HELLO);
    assertThat(comparison.onlyAfter()).containsExactly(RATE);
    assertThat(comparison.regressionsOver(0)).isEmpty();
    assertThat(ComparisonText.render(comparison, false))
        .contains("1 only in the first result:\n  cold local hello morsel total_millis\n")
        .contains("1 only in the second result:");
  }

  @Test
  void fromZeroOnAnyGrowthIsInfinite() {
    CellKey requests = new CellKey("cold", "local", "w", "morsel", "requests", "requests");
    Comparison comparison =
        Comparison.of(
            SmallResults.of(cell(requests, 0, 0, 0, 0, 0)),
            SmallResults.of(cell(requests, 3, 3, 3, 3, 3)));

    assertThat(comparison.changes().getFirst().percent()).isInfinite();
    assertThat(comparison.regressionsOver(100)).containsExactly(requests);
    assertThat(ComparisonText.render(comparison, false)).contains("from 0").contains("worse");
  }

  @Test
  void otherMachinesAndSettingsAreWarnedOf() {
    Machine other = new Machine("cpu", 4, 25_000_000_001L, "6.1", "Debian", Map.of("java", "26"));
    Comparison comparison =
        Comparison.of(
            SmallResults.on(SmallResults.MACHINE, Map.of("--rounds", "5")),
            SmallResults.on(other, Map.of("--rounds", "3", "--quick", "true")));

    assertThat(comparison.warnings())
        .containsExactly(
            "the number of processors differs: 2, then 4",
            "the kernel differs: 6.18, then 6.1",
            "the version of java differs: 25, then 26",
            "the setting --quick differs: none, then true",
            "the setting --rounds differs: 5, then 3");
    assertThat(ComparisonText.render(comparison, false)).startsWith("warning: the number of");
    assertThat(Comparison.of(SmallResults.of(), SmallResults.of()).warnings()).isEmpty();
  }

  @Test
  void theTextIsAlignedAndHarmlessForATerminal() {
    CellKey hostile = cold("red\u001b[31m\nline", "morsel");
    Comparison comparison =
        Comparison.of(
            SmallResults.of(cell(HELLO, 1, 1, 1, 1, 1), cell(hostile, 1, 1, 1, 1, 1)),
            SmallResults.of(
                cell(HELLO, 2, 2, 2, 2, 2), cell(hostile, 3000, 3000, 3000, 3000, 3000)));
    String text = ComparisonText.render(comparison, false);

    assertThat(text).doesNotContain("\u001b").contains("red\\x1b[31m line");
    assertThat(text.lines().limit(3).map(line -> line.indexOf("total_millis")).skip(1).distinct())
        .hasSize(1);
  }
}
