package io.morsel.prefetch;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * Verified chunks that are not in their layer's data file, because the disk did not take them.
 *
 * <p>What is in the data file needs no tier above it: the kernel's page cache is one, and is given
 * back under pressure. Weighed in bytes; safe for use by many threads.
 *
 * <p>A quarter is for the chunks that came last, whatever their merit: Caffeine admits by frequency
 * and may turn a new chunk away, while a file that is read in sequence asks for the newest chunk
 * many times and for no older one.
 */
final class HotChunks {
  /** A chunk of a layer; layers are told apart by identity. */
  private record Key(LayerData layer, int chunk) {}

  private final long maxBytes;

  /** Guarded by itself, oldest first; holds its chunks. */
  private final SequencedMap<Key, Content> recent = new LinkedHashMap<>();

  /** Guarded by {@link #recent}. */
  private long recentBytes;

  private final Cache<Key, Content> cache;

  /** A tier of at most this many bytes. */
  HotChunks(long maxBytes) {
    this.maxBytes = Math.max(0, maxBytes);
    this.cache =
        Caffeine.newBuilder()
            .maximumWeight(this.maxBytes - this.maxBytes / 4)
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
    if (content.lengthBytes() > maxBytes || !content.retain()) {
      return;
    }
    List<Map.Entry<Key, Content>> older = new ArrayList<>();
    synchronized (recent) {
      Content replaced = recent.put(new Key(layer, chunk), content);
      recentBytes += content.lengthBytes();
      if (replaced != null) {
        recentBytes -= replaced.lengthBytes();
        replaced.release();
      }
      while (recentBytes > maxBytes / 4 && recent.size() > 1) {
        Map.Entry<Key, Content> oldest = recent.pollFirstEntry();
        recentBytes -= oldest.getValue().lengthBytes();
        older.add(oldest);
      }
    }
    older.forEach(entry -> cache.put(entry.getKey(), entry.getValue()));
  }

  /** The chunk, with the caller as a holder; null where it is not here. */
  @Nullable Content get(LayerData layer, int chunk) {
    Key key = new Key(layer, chunk);
    synchronized (recent) {
      Content content = recent.get(key);
      if (content != null && content.retain()) {
        return content;
      }
    }
    Content content = cache.getIfPresent(key);
    return content != null && content.retain() ? content : null;
  }

  /** Forgets a chunk. */
  void remove(LayerData layer, int chunk) {
    Key key = new Key(layer, chunk);
    synchronized (recent) {
      Content content = recent.remove(key);
      if (content != null) {
        recentBytes -= content.lengthBytes();
        content.release();
      }
    }
    cache.invalidate(key);
  }

  /** Forgets all chunks of a layer. */
  void removeAll(LayerData layer) {
    synchronized (recent) {
      Iterator<Map.Entry<Key, Content>> entries = recent.entrySet().iterator();
      while (entries.hasNext()) {
        Map.Entry<Key, Content> entry = entries.next();
        if (entry.getKey().layer() == layer) {
          recentBytes -= entry.getValue().lengthBytes();
          entry.getValue().release();
          entries.remove();
        }
      }
    }
    cache.asMap().keySet().removeIf(key -> key.layer() == layer);
  }
}
