package io.morsel.cli.pull;

import io.grpc.StatusException;
import io.morsel.cli.terminal.Progress;
import io.morsel.cli.terminal.Quantity;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageSource;
import io.morsel.registry.RemoteBlob;
import io.morsel.runtime.image.LayerSchedule;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/** Fetches whole layers of an image into containerd's content store. Used by one thread. */
final class LayerFetches implements AutoCloseable {
  private final ImageSource source;
  private final ContentStore store;
  private final Map<String, String> labels;
  private final Progress progress;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final LayerSchedule schedule;

  LayerFetches(
      ImageSource source,
      ContentStore store,
      Map<String, String> labels,
      List<Descriptor> layers,
      Progress progress) {
    this.source = source;
    this.store = store;
    this.labels = Map.copyOf(labels);
    this.progress = progress;
    this.schedule = new LayerSchedule(layers, this::fetch, executor::submit);
  }

  /** Starts to fetch a layer, and those that will have to be fetched then as well. */
  void startFrom(int index) {
    schedule.startFrom(index);
  }

  /** Waits until the content store has the layer, starting to fetch it where need be. */
  void await(int index) throws IOException, StatusException, InterruptedException {
    try {
      var _ = schedule.start(index).get();
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
    schedule.cancel(index);
  }

  private void fetch(int index) throws IOException, StatusException, InterruptedException {
    List<Descriptor> layers = schedule.layers();
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
