package io.morsel.runtime.transfer;

import io.morsel.containerd.ContainerdException;
import io.morsel.registry.Descriptor;
import io.morsel.runtime.transfer.ProgressReport.Item;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.Function;

/**
 * Fetches whole layers of one manifest into the content store, several at a time and ahead of their
 * unpacking. Used by one thread.
 */
final class LayerFetches {
  /** As many as containerd's own client fetches at a time. */
  private static final int PARALLEL = 3;

  private final Job job;
  private final Function<Descriptor, Blobs.Opener> source;
  private final Map<String, String> labels;
  private final List<Descriptor> layers;
  private final List<Item> items = new ArrayList<>();
  private final Semaphore permits = new Semaphore(PARALLEL);
  private final Map<Integer, Future<?>> started = new HashMap<>();

  /**
   * Fetches of these layers; none is begun.
   *
   * @param source where their bytes come from
   * @param labels what their content is labelled with
   * @param parent what progress calls the manifest
   */
  LayerFetches(
      Job job,
      Function<Descriptor, Blobs.Opener> source,
      Map<String, String> labels,
      List<Descriptor> layers,
      String parent) {
    this.job = job;
    this.source = source;
    this.labels = Map.copyOf(labels);
    this.layers = List.copyOf(layers);
    for (Descriptor layer : layers) {
      items.add(job.progress().item(Blobs.name("layer", layer), List.of(parent), layer));
    }
  }

  /** The layers, the lowest first. */
  List<Descriptor> layers() {
    return layers;
  }

  /** What is told of a layer. */
  Item item(int index) {
    return items.get(index);
  }

  /** Starts to fetch a layer, unless that has been done. */
  void start(int index) throws ContainerdException {
    if (!started.containsKey(index)) {
      started.put(
          index,
          job.workers()
              .start(
                  () -> {
                    permits.acquire();
                    try {
                      fetch(index);
                    } finally {
                      permits.release();
                    }
                    return true;
                  }));
    }
  }

  private void fetch(int index) throws IOException, ContainerdException {
    Descriptor layer = layers.get(index);
    boolean written =
        job.blobs()
            .ensure(
                "layer",
                layer,
                labels,
                source.apply(layer),
                bytes -> item(index).at("downloading", bytes));
    item(index).end(written ? "complete" : "already exists");
  }

  /** Waits until the content store has a layer, starting to fetch it where need be. */
  void await(int index) throws ContainerdException {
    start(index);
    Future<?> fetch = started.get(index);
    if (fetch != null) {
      job.workers().await(fetch);
    }
  }

  /** Fetches all of them. */
  void all() throws ContainerdException {
    for (int i = 0; i < layers.size(); i++) {
      start(i);
    }
    for (int i = 0; i < layers.size(); i++) {
      await(i);
    }
  }

  /** Stops to fetch a layer that turned out not to be needed. */
  void cancel(int index) {
    Future<?> fetch = started.get(index);
    if (fetch != null) {
      fetch.cancel(true);
    }
  }
}
