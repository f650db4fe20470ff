package io.morsel.prefetch;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.stargz.ChunkDecoder;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

final class BufferPoolTest {
  private static final int MIB = 1 << 20;

  private static long address(ByteBuffer buffer) {
    return MemorySegment.ofBuffer(buffer.duplicate().clear()).address();
  }

  @Test
  void bufferHasItsLimitAndRoomBehindIt() {
    try (BufferPool pool = new BufferPool(MIB)) {
      ByteBuffer buffer = pool.take(100_000);
      assertThat(buffer.isDirect()).isTrue();
      assertThat(buffer.position()).isZero();
      assertThat(buffer.limit()).isEqualTo(100_000);
      assertThat(buffer.capacity()).isGreaterThanOrEqualTo(100_000 + ChunkDecoder.SPARE_BYTES);
      buffer.put(99_999, (byte) 7);
      assertThat(pool.takenBytes()).isEqualTo(buffer.capacity());
      pool.give(buffer);
      assertThat(pool.takenBytes()).isZero();
    }
  }

  @Test
  void whatIsGivenBackIsTakenAgain() {
    try (BufferPool pool = new BufferPool(MIB)) {
      ByteBuffer first = pool.take(70_000);
      long address = address(first);
      pool.give(first);
      ByteBuffer second = pool.take(100_000);
      assertThat(address(second)).isEqualTo(address);
      assertThat(second.limit()).isEqualTo(100_000);
      pool.give(second);
    }
  }

  @Test
  void noMoreLiesIdleThanMay() {
    try (BufferPool pool = new BufferPool(MIB)) {
      ByteBuffer one = pool.take(MIB / 2);
      ByteBuffer other = pool.take(MIB / 2);
      long address = address(one);
      pool.give(one);
      // With the room behind each, the two are more than what may lie idle.
      pool.give(other);
      ByteBuffer again = pool.take(MIB / 2);
      assertThat(address(again)).isEqualTo(address);
      pool.give(again);
    }
  }

  @Test
  void whatComesBackLateIsFreed() {
    BufferPool pool = new BufferPool(MIB);
    ByteBuffer buffer = pool.take(5_000);
    pool.close();
    pool.give(buffer);
    assertThat(pool.takenBytes()).isZero();
  }
}
