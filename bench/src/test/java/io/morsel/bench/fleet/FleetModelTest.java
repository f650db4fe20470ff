package io.morsel.bench.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the model makes of points whose law is known. */
final class FleetModelTest {
  private static final double NODE_BYTES = 20e6;

  /** 100 Mbit/s. */
  private static final double LINK = 12_500;

  @Test
  void findsTheLawOfALinkThatAllNodesShare() {
    List<FleetPoint> points = new ArrayList<>();
    for (int n : List.of(1, 2, 4, 8)) {
      points.add(
          new FleetPoint(n, 400 + n * 1_600, n * NODE_BYTES, n * NODE_BYTES, 0.1 + n * 0.02, 0));
    }

    FleetModel model = FleetModel.fit(points, LINK, null).orElseThrow();

    assertThat(model.lastUpMillis(1_000)).isCloseTo(1_600_400, within(1.0));
    assertThat(model.registryBytes(10_000)).isCloseTo(10_000 * NODE_BYTES, within(1.0));
    assertThat(model.worstError(points)).hasValueCloseTo(0.0, within(1e-9));
  }

  @Test
  void isNeverFasterThanOneNode() {
    // Round trips fill the time: the link is idle for most of it.
    List<FleetPoint> points =
        List.of(
            new FleetPoint(1, 5_000, 1e6, 1e6, 0.1, 0), new FleetPoint(2, 5_000, 2e6, 2e6, 0.2, 0));

    FleetModel model = FleetModel.fit(points, LINK, null).orElseThrow();

    assertThat(model.lastUpMillis(10)).isCloseTo(5_640, within(1e-6));
    assertThat(model.lastUpMillis(1)).isEqualTo(5_000);
  }

  @Test
  void doesNotFitToPointsThatThisMachineSlowedDown() {
    List<FleetPoint> points =
        List.of(
            new FleetPoint(1, 2_000, NODE_BYTES, NODE_BYTES, 0.2, 0),
            new FleetPoint(2, 3_600, 2 * NODE_BYTES, 2 * NODE_BYTES, 0.3, 0),
            new FleetPoint(16, 99_000, 16 * NODE_BYTES, 16 * NODE_BYTES, 0.97, 0));

    FleetModel model = FleetModel.fit(points, LINK, null).orElseThrow();

    assertThat(model.large().nodes()).isEqualTo(2);
    assertThat(model.lastUpMillis(16)).isCloseTo(26_000, within(1e-6));
    assertThat(model.worstError(points)).hasValueCloseTo(73.0 / 99, within(1e-9));
  }

  @Test
  void aCachesProcessorsAreItsLimit() {
    // 40 ms of the cache's two processors for each node. That the larger fleet missed more by
    // chance does not go on: a further node costs the registry a manifest at most.
    List<FleetPoint> points =
        List.of(
            new FleetPoint(1, 2_000, 30e6, NODE_BYTES, 0.2, 40),
            new FleetPoint(4, 2_100, 33e6, 4 * NODE_BYTES, 0.6, 160));

    FleetModel model = FleetModel.fit(points, LINK, new FleetModel.Cache(2, 50_000)).orElseThrow();

    assertThat(model.demandMillis()).isCloseTo(20, within(1e-9));
    assertThat(model.lastUpMillis(1_000)).isCloseTo(2_020 + 20_000, within(1e-6));
    assertThat(model.registryBytes(1_001)).isCloseTo(33e6 + 997 * 50_000, within(1.0));
  }

  @Test
  void onePointIsNoModel() {
    assertThat(FleetModel.fit(List.of(new FleetPoint(1, 1, 1, 1, 0, 0)), LINK, null)).isEmpty();
  }
}
