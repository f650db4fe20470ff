package io.morsel.prefetch;

import io.morsel.stargz.ChunkTable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Records which chunks of an image's layers are read first, and in which order, whether they are
 * present or not: what one start of a container uses.
 *
 * <p>A read of what was touched before costs a look at a bitmap; a layer that nobody records costs
 * its readers one volatile read. Safe for use by many threads.
 */
public final class StartRecording {
  /**
   * A chunk's compressed stream that was used.
   *
   * @param layer the number that the layer was {@linkplain #add added} under
   * @param blobOffset where the stream starts in the layer's blob
   * @param blobBytes how many bytes of the blob hold what was used
   */
  public record Touch(int layer, long blobOffset, long blobBytes) {}

  private final int maxTouches;
  private final long maxBlobBytes;

  // Guarded by this.
  private final List<LayerTouches> layers = new ArrayList<>();
  private final List<Touch> touches = new ArrayList<>();
  private long blobBytes;
  private long lastNanos;
  private boolean ended;

  /**
   * A recording of no layer yet.
   *
   * @param maxTouches how many touches it has at most; then it ends
   * @param maxBlobBytes how many bytes of blobs they have at most; then it ends
   */
  public StartRecording(int maxTouches, long maxBlobBytes) {
    this.maxTouches = maxTouches;
    this.maxBlobBytes = maxBlobBytes;
  }

  /** Records what is read of this layer from now on, under this number. */
  public void add(int number, Layer layer) {
    add(number, layer.data());
  }

  synchronized void add(int number, LayerData data) {
    if (!ended) {
      LayerTouches recorder = new LayerTouches(this, number, data);
      layers.add(recorder);
      data.add(recorder);
    }
  }

  synchronized void touched(LayerTouches layer, int chunk) {
    if (ended || !layer.mark(chunk)) {
      return;
    }
    ChunkTable table = layer.data.table();
    touches.add(new Touch(layer.layer, table.blobOffset(chunk), table.blobLength(chunk)));
    blobBytes += table.blobLength(chunk);
    lastNanos = System.nanoTime();
    layer.data.replays.firstUsed(chunk);
    if (touches.size() >= maxTouches || blobBytes >= maxBlobBytes) {
      end();
    }
  }

  /** Ends the recording: readers are free of it. Idempotent. */
  public synchronized void end() {
    ended = true;
    layers.forEach(layer -> layer.data.remove(layer));
    layers.clear();
  }

  /** Whether it has ended, by {@link #end} or because it was full. */
  public synchronized boolean hasEnded() {
    return ended;
  }

  /** How many touches there are. */
  public synchronized int size() {
    return touches.size();
  }

  /** For how long nothing new has been touched; 0 before the first touch. */
  public synchronized long quietMillis() {
    return touches.isEmpty() ? 0 : TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - lastNanos);
  }

  /** What was touched, in that order. */
  public synchronized List<Touch> touches() {
    return List.copyOf(touches);
  }
}
