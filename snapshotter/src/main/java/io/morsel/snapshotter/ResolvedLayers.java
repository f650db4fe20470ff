package io.morsel.snapshotter;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import com.github.benmanes.caffeine.cache.Scheduler;
import io.morsel.prefetch.Layer;
import io.morsel.prefetch.LayerStore;
import io.morsel.registry.Digest;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Layers whose index has been read, ahead of the call that mounts them.
 *
 * <p>A pull asks for one layer after the other, but names those to come: resolving all of them at
 * once takes as long as the slowest. Safe for use by many threads.
 */
final class ResolvedLayers implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ResolvedLayers.class);

  private static final int MAX_BACKGROUND = 8;
  private static final int MAX_KEPT = 1_024;
  private static final Duration LIFETIME = Duration.ofMinutes(2);

  /** A resolved layer, held open so that it is there when it is mounted. */
  record Resolved(LayerFinder.Found found, Layer layer) {}

  private final LayerFinder finder;
  private final LayerStore layers;
  private final StartProfiles profiles;
  private final long timeoutMillis;
  private final Semaphore background = new Semaphore(MAX_BACKGROUND);
  private final ExecutorService executor =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("resolve-", 0).factory());

  /**
   * By image and layer: another image may claim a layer of the same digest with another TOC, and
   * what the one says must not decide for the other.
   */
  private final Cache<Key, CompletableFuture<Resolved>> kept;

  /** Whose layer it is. */
  private record Key(String reference, String manifest, String layer) {
    static Key of(LayerRequest request) {
      return new Key(request.reference(), request.manifest(), request.layer());
    }
  }

  /**
   * A resolver.
   *
   * @param forgotten called with a layer's digest when it is no longer held open here
   */
  ResolvedLayers(
      LayerFinder finder,
      LayerStore layers,
      StartProfiles profiles,
      long timeoutMillis,
      Consumer<Digest> forgotten) {
    this.finder = finder;
    this.layers = layers;
    this.profiles = profiles;
    this.timeoutMillis = timeoutMillis;
    this.kept =
        Caffeine.newBuilder()
            .maximumSize(MAX_KEPT)
            .expireAfterWrite(LIFETIME)
            .scheduler(Scheduler.systemScheduler())
            .executor(executor)
            .removalListener(
                (@Nullable Key key,
                    @Nullable CompletableFuture<Resolved> future,
                    RemovalCause cause) -> {
                  if (future != null) {
                    release(future, forgotten);
                  }
                })
            .build();
  }

  private static void release(CompletableFuture<Resolved> future, Consumer<Digest> forgotten) {
    var _ =
        future.whenComplete(
            (resolved, failure) -> {
              if (resolved != null) {
                try {
                  resolved.layer().close();
                } catch (IOException e) {
                  log.warn("closing layer {}: {}", resolved.layer().name(), e.toString());
                }
                forgotten.accept(resolved.found().source().digest());
              }
            });
  }

  /** Resolves the image's other layers in the background; returns at once. */
  void announce(LayerRequest request) {
    for (String layer : request.imageLayers()) {
      if (!layer.equals(request.layer())) {
        var _ = future(request.forLayer(layer), true);
      }
    }
  }

  /**
   * The layer that the request names, from before or resolved now.
   *
   * @throws Exception what made it impossible, for {@link FallbackReason#of}
   */
  Resolved get(LayerRequest request) throws Exception {
    CompletableFuture<Resolved> future = future(request, false);
    try {
      Resolved layer = future.get(timeoutMillis, TimeUnit.MILLISECONDS);
      // It may have been resolved for a request that did not say which TOC it expects.
      LayerFinder.requireSameToc(layer.found().source().tocDigest(), request);
      return layer;
    } catch (TimeoutException e) {
      throw new FallbackException(
          FallbackReason.TIMEOUT, "not resolved within " + timeoutMillis + " ms", e);
    } catch (ExecutionException e) {
      // The next attempt is to try again: what failed may have passed.
      kept.asMap().remove(Key.of(request), future);
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw e;
    }
  }

  private CompletableFuture<Resolved> future(LayerRequest request, boolean inBackground) {
    return kept.get(
        Key.of(request),
        key -> {
          CompletableFuture<Resolved> future = new CompletableFuture<>();
          executor.execute(() -> resolve(request, inBackground, future));
          return future;
        });
  }

  private void resolve(
      LayerRequest request, boolean inBackground, CompletableFuture<Resolved> future) {
    try {
      if (inBackground) {
        background.acquire();
      }
      try {
        LayerFinder.Found found = finder.find(request);
        profiles.expected(found.image());
        Layer layer = layers.open(found.source(), found.blob());
        future.complete(new Resolved(found, layer));
        profiles.opened(found.image(), found.source().digest());
      } finally {
        if (inBackground) {
          background.release();
        }
      }
    } catch (IOException | FallbackException | RuntimeException e) {
      if (inBackground) {
        log.debug("layer {} is not resolved ahead: {}", request.layer(), e.toString());
      }
      future.completeExceptionally(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      future.completeExceptionally(e);
    }
  }

  /** The layer is mounted: from now on that holds it open. */
  void mounted(LayerRequest request) {
    kept.invalidate(Key.of(request));
  }

  /** Whether the layer is held open here. */
  boolean holds(Digest layer) {
    String digest = layer.toString();
    return kept.asMap().keySet().stream().anyMatch(key -> key.layer().equals(digest));
  }

  @Override
  public void close() {
    executor.shutdownNow();
    for (CompletableFuture<Resolved> future : kept.asMap().values()) {
      release(future, digest -> {});
    }
  }
}
