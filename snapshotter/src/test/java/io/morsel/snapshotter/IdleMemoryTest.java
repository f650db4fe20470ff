package io.morsel.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** When memory is given back, and that it is. */
final class IdleMemoryTest {
  private static final long LEFT = 12 << 20;

  @Test
  void whatAStartLeavesIsNoReason() {
    assertThat(IdleMemory.isDue(LEFT, LEFT, true)).isFalse();
    assertThat(IdleMemory.isDue(LEFT + IdleMemory.LEAST_BYTES - 1, LEFT, true)).isFalse();
  }

  @Test
  void idleDaemonCollectsWhatManyHaveLeft() {
    assertThat(IdleMemory.isDue(LEFT + IdleMemory.LEAST_BYTES, LEFT, true)).isTrue();
    assertThat(IdleMemory.isDue(LEFT + IdleMemory.LEAST_BYTES, LEFT, false)).isFalse();
  }

  @Test
  void busyDaemonCollectsBeforeItHasTwiceWhatItNeeds() {
    assertThat(IdleMemory.isDue(LEFT + IdleMemory.MOST_BYTES, LEFT, false)).isTrue();
    long large = 100 << 20;
    assertThat(IdleMemory.isDue(large + IdleMemory.MOST_BYTES, large, false)).isFalse();
    assertThat(IdleMemory.isDue(2 * large, large, false)).isTrue();
  }

  @Test
  void allIsCollected() {
    long before = collections();
    IdleMemory.collect();
    IdleMemory.trim();
    assertThat(collections()).isGreaterThan(before);
  }

  private static long collections() {
    return ManagementFactory.getGarbageCollectorMXBeans().stream()
        .mapToLong(GarbageCollectorMXBean::getCollectionCount)
        .sum();
  }
}
