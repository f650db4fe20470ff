package io.morsel.prefetch;

/** Is told what the engine does, for metrics; called on the engine's threads, must not block. */
public interface FetchObserver {
  /** A range request ended. */
  void request(FetchPriority priority, long blobBytes, long durationNanos, boolean failed);

  /** Chunks were decoded, verified and stored. */
  void stored(FetchPriority priority, long dataBytes);

  /** A reader asked for a range; {@code hit} where all of it was present. */
  void read(long dataBytes, boolean hit, long durationNanos);

  /** A chunk failed its digest. */
  void corruptChunk(String layer, int chunk);
}
