package io.morsel.prefetch;

/** Is told what the engine does, for metrics; called on the engine's threads, must not block. */
public interface FetchObserver {
  /** For those who don't want to know. */
  FetchObserver NONE =
      new FetchObserver() {
        @Override
        public void request(
            FetchPriority priority, long blobBytes, long durationNanos, boolean failed) {}

        @Override
        public void stored(FetchPriority priority, long dataBytes) {}

        @Override
        public void read(long dataBytes, boolean hit, long durationNanos) {}

        @Override
        public void replayed(int chunks, long dataBytes) {}

        @Override
        public void replayUsed(long dataBytes) {}

        @Override
        public void corruptChunk(String layer, int chunk) {}
      };

  /** A range request ended. */
  void request(FetchPriority priority, long blobBytes, long durationNanos, boolean failed);

  /** Chunks were decoded, verified and stored. */
  void stored(FetchPriority priority, long dataBytes);

  /** A reader asked for a range; {@code hit} where all of it was present. */
  void read(long dataBytes, boolean hit, long durationNanos);

  /** Chunks that were absent are to be replayed. */
  void replayed(int chunks, long dataBytes);

  /** A start whose reads are recorded used a chunk that had been replayed. */
  void replayUsed(long dataBytes);

  /** A chunk failed its digest. */
  void corruptChunk(String layer, int chunk);
}
