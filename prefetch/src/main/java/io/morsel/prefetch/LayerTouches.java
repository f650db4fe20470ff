package io.morsel.prefetch;

/** Tells a recording which chunks of one layer are read, each once. */
final class LayerTouches {
  final int layer;
  final LayerData data;
  private final StartRecording recording;
  private final PresentBitmap touched;

  LayerTouches(StartRecording recording, int layer, LayerData data) {
    this.recording = recording;
    this.layer = layer;
    this.data = data;
    this.touched = new PresentBitmap(data.table().count());
  }

  /** Chunks of {@code [first, end)} are being read; the layer is held open meanwhile. */
  void touch(int first, int end) {
    int chunk = touched.nextAbsent(first, end);
    while (chunk < end) {
      recording.touched(this, chunk);
      chunk = touched.nextAbsent(chunk + 1, end);
    }
  }

  /** Whether the chunk is touched for the first time; the recording is locked. */
  boolean mark(int chunk) {
    return touched.set(chunk);
  }
}
