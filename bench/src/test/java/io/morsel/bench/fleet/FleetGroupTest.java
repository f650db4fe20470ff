package io.morsel.bench.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.bench.host.HostException;
import io.morsel.bench.net.ExchangeLog;
import io.morsel.bench.net.Link;
import io.morsel.bench.net.Net;
import io.morsel.bench.net.Traffic;
import io.morsel.bench.result.Cell;
import io.morsel.bench.result.Recorder;
import io.morsel.cli.terminal.Progress;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real engines over real HTTP on loopback. */
final class FleetGroupTest {
  @TempDir Path scratch = Path.of("");
  @TempDir Path work = Path.of("");

  private final Recorder recorder = new Recorder();

  @Test
  void everyNodeGetsAllThatAStartTouches() throws Exception {
    try (HttpRegistry registry = new HttpRegistry(3, scratch)) {
      List<String> remarks = run(registry, List.of(3, 1), 1);

      assertThat(cell("sample-1", "direct", "last_up_millis").median()).isPositive();
      Cell three = cell("sample-3", "direct", "registry_bytes");
      assertThat(three.median()).isNotNull();
      double one = median("sample-1", "direct", "registry_bytes");
      assertThat(median("sample-3", "direct", "registry_bytes")).isBetween(2.7 * one, 3.3 * one);
      assertThat(median("sample-3", "direct", "registry_requests"))
          .isGreaterThan(median("sample-1", "direct", "registry_requests"));
      assertThat(median("sample-3", "direct", "median_up_millis"))
          .isLessThanOrEqualTo(median("sample-3", "direct", "last_up_millis"));
      assertThat(median("sample-10000", "direct (model)", "registry_bytes"))
          .isBetween(9_000 * one, 11_000 * one);
      assertThat(remarks).anyMatch(remark -> remark.contains("measured up to 3 nodes"));
    }
    assertThat(work).isEmptyDirectory();
  }

  @Test
  void voidsAStartWhoseBytesFailTheirDigest() throws Exception {
    try (HttpRegistry registry = new HttpRegistry(1, scratch);
        CorruptAfter link = new CorruptAfter(registry)) {
      run(link, List.of(2), 0.5);
    }
    Cell cell = cell("sample-2", "direct", "last_up_millis");
    assertThat(cell.median()).isNull();
    assertThat(cell.samples())
        .singleElement()
        .satisfies(sample -> assertThat(sample.voidReason()).contains("digest"));
    assertThat(work).isEmptyDirectory();
  }

  @Test
  void voidsAStartWhoseBytesWentPastTheLink() throws Exception {
    try (HttpRegistry registry = new HttpRegistry(1, scratch);
        Uncounted link = new Uncounted(registry)) {
      run(link, List.of(2), 1);
    }
    assertThat(cell("sample-2", "direct", "registry_bytes").samples())
        .singleElement()
        .satisfies(sample -> assertThat(sample.voidReason()).contains("the registry sent 0 bytes"));
  }

  @Test
  void saysWhatImageCannotBeStarted() throws Exception {
    try (HttpRegistry registry = new HttpRegistry(1, scratch)) {
      FleetPlan plan =
          new FleetPlan(
              Net.LOCAL, registry, "sample:no", "x", List.of(1), List.of(Site.DIRECT), 1, 1, work);
      assertThatThrownBy(() -> FleetGroup.run(plan, recorder, quiet()))
          .isInstanceOf(HostException.class)
          .hasMessageContaining("sample:no");
    }
    assertThat(work).isEmptyDirectory();
  }

  private List<String> run(Link link, List<Integer> nodes, double share) {
    Net net = new Net("1g", OptionalLong.of(1_000_000_000), 0, 0, false);
    return FleetGroup.run(
        new FleetPlan(
            net, link, HttpRegistry.IMAGE, "sample", nodes, List.of(Site.DIRECT), share, 1, work),
        recorder,
        quiet());
  }

  private static Progress quiet() {
    return Progress.start(new PrintWriter(Writer.nullWriter()), true);
  }

  private double median(String workload, String mode, String metric) {
    Double median = cell(workload, mode, metric).median();
    assertThat(median).isNotNull();
    return median == null ? Double.NaN : median;
  }

  private Cell cell(String workload, String mode, String metric) {
    return recorder.cells().stream()
        .filter(
            each ->
                each.group().equals("fleet")
                    && each.workload().equals(workload)
                    && each.mode().equals(mode)
                    && each.metric().equals(metric))
        .findFirst()
        .orElseThrow();
  }

  /** From the first reading of the counters on, the registry's data is not what it was. */
  private record CorruptAfter(HttpRegistry registry) implements Link {
    @Override
    public int port() {
      return registry.port();
    }

    @Override
    public Traffic traffic() {
      registry.corruptRangesFrom(8_000);
      return registry.traffic();
    }

    @Override
    public void watch(ExchangeLog log) {}

    @Override
    public void close() {}
  }

  /** Sees nothing of what passes. */
  private record Uncounted(HttpRegistry registry) implements Link {
    @Override
    public int port() {
      return registry.port();
    }

    @Override
    public Traffic traffic() {
      return new Traffic(0, 0, 0);
    }

    @Override
    public void watch(ExchangeLog log) {}

    @Override
    public void close() {}
  }
}
