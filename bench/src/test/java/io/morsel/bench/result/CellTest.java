package io.morsel.bench.result;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class CellTest {
  private static final CellKey KEY =
      new CellKey("cold", "local", "python-hello", "morsel", "total_millis", "ms");

  @Test
  void medianIsTheMiddleOneOrTheMeanOfTheMiddleTwo() {
    assertThat(Cell.median(3)).isEqualTo(3);
    assertThat(Cell.median(9, 1, 5)).isEqualTo(5);
    assertThat(Cell.median(4, 1, 3, 100)).isEqualTo(3.5);
  }

  @Test
  void medianLeavesItsArgumentsAsTheyAre() {
    double[] values = {9, 1, 5};
    assertThat(Cell.median(values)).isEqualTo(5);
    assertThat(values).containsExactly(9, 1, 5);
  }

  @Test
  void voidSamplesAreKeptAndCountNowhere() {
    List<Sample> samples =
        List.of(Sample.of(1, 30), Sample.voided(2, "wrong output"), Sample.of(3, 10));

    Cell cell = Cell.of(KEY, samples);

    assertThat(cell.median()).isEqualTo(20);
    assertThat(cell.min()).isEqualTo(10);
    assertThat(cell.max()).isEqualTo(30);
    assertThat(cell.samples()).isEqualTo(samples);
    assertThat(cell.key()).isEqualTo(KEY);
  }

  @Test
  void withVoidSamplesOnlyThereIsNoFigure() {
    Cell cell = Cell.of(KEY, List.of(Sample.voided(1, "wrong output")));

    assertThat(cell.median()).isNull();
    assertThat(cell.min()).isNull();
    assertThat(cell.max()).isNull();
  }

  @Test
  void recorderKeepsTheOrderInWhichFiguresCame() {
    CellKey other = new CellKey("cold", "local", "a", "overlayfs", "total_millis", "ms");
    Recorder recorder = new Recorder();
    recorder.add(KEY, 1, 5);
    recorder.add(other, 1, 7);
    recorder.addVoid(KEY, 2, "wrong output");

    assertThat(recorder.cells())
        .containsExactly(
            Cell.of(KEY, List.of(Sample.of(1, 5), Sample.voided(2, "wrong output"))),
            Cell.of(other, List.of(Sample.of(1, 7))));
    assertThat(recorder.samples(other)).containsExactly(Sample.of(1, 7));
  }

  @Test
  void ratesAreBetterTheLargerTheyAre() {
    assertThat(KEY.largerIsBetter()).isFalse();
    assertThat(new CellKey("steady", "local", "w", "m", "rate", "MB/s").largerIsBetter()).isTrue();
    assertThat(new CellKey("steady", "local", "w", "m", "rate", "op/s").largerIsBetter()).isTrue();
  }
}
