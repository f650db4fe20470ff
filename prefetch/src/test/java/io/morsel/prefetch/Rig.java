package io.morsel.prefetch;

import io.morsel.stargz.LayerLimits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;

/** A scheduler and one layer over a made-up blob. */
final class Rig implements AutoCloseable {
  static final FetchSettings SETTINGS =
      new FetchSettings(
          false, false, 0, 4, 1 << 20, 0, 1 << 20, 20_000, false, LayerLimits.DEFAULT);

  final SampleLayer sample;
  final ScriptedBlob blob;
  final Events events = new Events();
  private final AtomicLong aheadNanos = new AtomicLong();
  final FetchScheduler scheduler;
  final LayerData layer;
  final LayerReader reader;

  Rig(SampleLayer sample, Path directory) throws IOException {
    this(sample, directory, SETTINGS, OptionalLong.empty());
  }

  Rig(SampleLayer sample, Path directory, FetchSettings settings, OptionalLong prefetchEnd)
      throws IOException {
    this.sample = sample;
    this.blob = new ScriptedBlob(sample.blob);
    this.scheduler =
        new FetchScheduler(settings, events, () -> System.nanoTime() + aheadNanos.get());
    this.layer = LayerData.open(scheduler, sample.spec(directory, prefetchEnd), () -> blob);
    this.reader = new LayerReader(layer);
  }

  /** The settings of most tests, but with this timeout. */
  static FetchSettings withReadTimeout(long millis) {
    return new FetchSettings(
        false, false, 0, 4, 1 << 20, 0, 1 << 20, millis, false, LayerLimits.DEFAULT);
  }

  /** Lets the time pass in which a chunk that failed is not asked for again. */
  void awaitRefusalsOver() {
    aheadNanos.addAndGet(LayerFlights.REFUSE_NANOS);
  }

  /** Lets time pass. */
  void pass(Duration duration) {
    aheadNanos.addAndGet(duration.toNanos());
  }

  byte[] read(long offset, int length) throws IOException {
    ByteBuffer target = ByteBuffer.allocateDirect(length);
    reader.read(offset, target);
    byte[] bytes = new byte[target.position()];
    target.flip().get(bytes);
    return bytes;
  }

  byte[] expected(long offset, int length) {
    return Arrays.copyOfRange(
        sample.data, (int) offset, (int) Math.min(sample.data.length, offset + length));
  }

  /** Whether everything that was taken from the buffer pool came back. */
  long takenBytes() {
    return scheduler.buffers.takenBytes();
  }

  @Override
  public void close() throws IOException {
    layer.close();
    scheduler.close();
  }
}
