package io.morsel.runtime.task;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.shim.Bundle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Exits are claimed once, also over a restart. */
final class ExitRecordsTest {
  @TempDir private Path directory;
  private Bundle bundle = new Bundle("", "", Path.of("/"));

  @BeforeEach
  void makeBundle() throws Exception {
    bundle =
        Bundle.create(
            directory.resolve("state"),
            directory.resolve("work"),
            "ns",
            "a",
            "{}".getBytes(StandardCharsets.UTF_8));
  }

  private static ExitRecords.Exit exit(int pid) {
    return new ExitRecords.Exit(pid, 3, Instant.parse("2026-11-30T12:00:00.000000001Z"));
  }

  @Test
  void anExitIsClaimedOnceWhoeverAsks() throws Exception {
    ExitRecords records = ExitRecords.of(bundle);
    assertThat(records.begin(ExitRecords.FIRST)).isTrue();
    assertThat(records.begin("e")).isTrue();
    assertThat(records.begin("e")).isFalse();
    assertThat(records.unpublished()).containsExactlyInAnyOrder(ExitRecords.FIRST, "e");
    assertThat(records.claim("e", exit(7))).isTrue();
    assertThat(records.claim("e", exit(7))).isFalse();
    ExitRecords again = ExitRecords.of(bundle);
    assertThat(again.unpublished()).isEqualTo(List.of(ExitRecords.FIRST));
    assertThat(again.claim("e", exit(7))).isFalse();
    // Of a task whose shim died the core may know no process id, or another one.
    assertThat(again.claim(ExitRecords.FIRST, exit(8))).isTrue();
    assertThat(again.claim(ExitRecords.FIRST, exit(0))).isFalse();
    assertThat(ExitRecords.of(bundle).exit("e")).contains(exit(7));
    assertThat(ExitRecords.of(bundle).exit(ExitRecords.FIRST)).contains(exit(8));
    assertThat(again.exit("none")).isEmpty();
  }

  @Test
  void aNameThatIsFreeAgainIsAnotherProcess() throws Exception {
    ExitRecords records = ExitRecords.of(bundle);
    assertThat(records.begin("e")).isTrue();
    assertThat(records.claim("e", exit(7))).isTrue();
    records.forget("e");
    assertThat(records.knows("e")).isFalse();
    assertThat(ExitRecords.of(bundle).begin("e")).isTrue();
    assertThat(records.begin("e")).isTrue();
    assertThat(records.claim("e", exit(8))).isTrue();
  }

  @Test
  void whatNobodyKnowsOfIsNotHeldBack() throws Exception {
    ExitRecords records = ExitRecords.of(bundle);
    assertThat(records.claim("unknown", exit(7))).isTrue();
    assertThat(records.claim("unknown", exit(7))).isTrue();
    bundle.remove();
    assertThat(records.claim("unknown", exit(7))).isTrue();
  }
}
