package io.morsel.prefetch;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Verified chunks that are not in their layer's data file, because the disk did not take them.
 *
 * <p>What is in the data file needs no tier above it: the kernel's page cache is one, and is given
 * back under pressure. Weighed in bytes; safe for use by many threads.
 */
final class HotChunks {
  /** A chunk of a layer; layers are told apart by identity. */
  private record Key(LayerData layer, int chunk) {}

  private final Cache<Key, Content> cache;

  /** A tier of at most this many bytes. */
  HotChunks(long maxBytes) {
    this.cache =
        Caffeine.newBuilder()
            .maximumWeight(Math.max(0, maxBytes))
            .weigher((Key _, Content content) -> content.lengthBytes())
            .executor(Runnable::run)
            .removalListener(HotChunks::removed)
            .build();
  }

  private static void removed(
      @Nullable Key key, @Nullable Content content, RemovalCause ignoredCause) {
    if (content != null) {
      content.release();
    }
  }

  /** Keeps a chunk for a while; the caller goes on holding it, too. */
  void put(LayerData layer, int chunk, Content content) {
    if (content.retain()) {
      cache.put(new Key(layer, chunk), content);
    }
  }

  /** The chunk, with the caller as a holder; null where it is not here. */
  @Nullable Content get(LayerData layer, int chunk) {
    Content content = cache.getIfPresent(new Key(layer, chunk));
    return content != null && content.retain() ? content : null;
  }

  /** Forgets a chunk. */
  void remove(LayerData layer, int chunk) {
    cache.invalidate(new Key(layer, chunk));
  }

  /** Forgets all chunks of a layer. */
  void removeAll(LayerData layer) {
    Predicate<Key> ofLayer = key -> key.layer() == layer;
    cache.asMap().keySet().removeIf(ofLayer);
  }

  /** How many bytes are kept. */
  long bytes() {
    cache.cleanUp();
    return cache.policy().eviction().map(e -> e.weightedSize().orElse(0)).orElse(0L);
  }
}
