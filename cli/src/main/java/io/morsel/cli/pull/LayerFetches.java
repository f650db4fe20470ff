package io.morsel.cli.pull;

import io.grpc.StatusException;
import io.morsel.cli.terminal.Progress;
import io.morsel.cli.terminal.Quantity;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageSource;
import io.morsel.registry.RemoteBlob;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Fetches whole layers into containerd's content store, several at a time and ahead of their
 * unpacking. Used by one thread.
 */
final class LayerFetches implements AutoCloseable {
  /** As many as containerd's own client fetches at a time. */
  private static final int PARALLEL = 3;

  private final ImageSource source;
  private final ContentStore store;
  private final Map<String, String> labels;
  private final List<Descriptor> layers;
  private final Progress progress;
  private final Semaphore permits = new Semaphore(PARALLEL);
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<Integer, Future<?>> started = new HashMap<>();

  LayerFetches(
      ImageSource source,
      ContentStore store,
      Map<String, String> labels,
      List<Descriptor> layers,
      Progress progress) {
    this.source = source;
    this.store = store;
    this.labels = Map.copyOf(labels);
    this.layers = List.copyOf(layers);
    this.progress = progress;
  }

  /** Starts to fetch a layer, unless that has been done. */
  void start(int index) {
    started.computeIfAbsent(
        index,
        _ ->
            executor.submit(
                () -> {
                  permits.acquire();
                  try {
                    fetch(index);
                  } finally {
                    permits.release();
                  }
                  return null;
                }));
  }

  /** Waits until the content store has the layer, starting to fetch it where need be. */
  void await(int index) throws IOException, StatusException, InterruptedException {
    start(index);
    Future<?> fetch = started.get(index);
    try {
      if (fetch != null) {
        fetch.get();
      }
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException failure -> throw failure;
        case StatusException failure -> throw failure;
        case InterruptedException failure -> throw failure;
        case RuntimeException failure -> throw failure;
        case null, default -> throw new IllegalStateException(e);
      }
    }
  }

  /** Stops to fetch a layer that turned out not to be needed. */
  void cancel(int index) {
    Future<?> fetch = started.get(index);
    if (fetch != null) {
      fetch.cancel(true);
    }
  }

  private void fetch(int index) throws IOException, StatusException, InterruptedException {
    Descriptor layer = layers.get(index);
    String key = "fetch " + index;
    AtomicLong there = new AtomicLong();
    progress.running(
        key,
        () ->
            ImagePull.title(index, layers)
                + "  fetched "
                + Quantity.bytes(there.get())
                + " ("
                + (layer.sizeBytes() == 0 ? 100 : 100 * there.get() / layer.sizeBytes())
                + " %)");
    try {
      RemoteBlob blob = source.blob(layer);
      boolean _ =
          store.ensure(
              "layer",
              layer,
              labels,
              offset -> blob.open(offset, layer.sizeBytes() - offset),
              there::set);
    } finally {
      progress.ended(key);
    }
  }

  /** Stops everything that is still under way. */
  @Override
  public void close() {
    executor.shutdownNow();
    executor.close();
  }
}
