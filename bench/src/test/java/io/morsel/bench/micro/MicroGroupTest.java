package io.morsel.bench.micro;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.result.Recorder;
import io.morsel.cli.terminal.Progress;
import java.io.PrintWriter;
import java.io.Writer;
import org.junit.jupiter.api.Test;

final class MicroGroupTest {
  @Test
  void everyPieceRunsAndGetsWhatItHasTo() {
    Recorder recorder = new Recorder();

    MicroGroup.run(true, recorder, Progress.start(new PrintWriter(Writer.nullWriter()), true));

    assertThat(recorder.cells())
        .hasSize(9)
        .allSatisfy(
            cell -> {
              assertThat(cell.samples())
                  .as(cell.workload())
                  .singleElement()
                  .satisfies(sample -> assertThat(sample.voidReason()).isNull());
              assertThat(cell.median()).as(cell.workload()).isPositive();
            });
  }
}
