package io.morsel.runtime.transfer;

import io.morsel.containerd.ContainerdException;
import io.morsel.registry.Descriptor;
import io.morsel.runtime.image.LayerSchedule;
import io.morsel.runtime.transfer.ProgressReport.Item;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Fetches whole layers of one manifest into the content store. Used by one thread. */
final class LayerFetches {
  private final Job job;
  private final Function<Descriptor, Blobs.Opener> source;
  private final Map<String, String> labels;
  private final List<Item> items = new ArrayList<>();
  private final LayerSchedule schedule;

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
    for (Descriptor layer : layers) {
      items.add(job.progress().item(Blobs.name("layer", layer), List.of(parent), layer));
    }
    this.schedule = new LayerSchedule(layers, this::fetch, job.workers()::start);
  }

  /** The layers, the lowest first. */
  List<Descriptor> layers() {
    return schedule.layers();
  }

  /** What is told of a layer. */
  Item item(int index) {
    return items.get(index);
  }

  private void fetch(int index) throws IOException, ContainerdException {
    Descriptor layer = layers().get(index);
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

  /** Starts to fetch a layer, and those that will have to be fetched then as well. */
  void startFrom(int index) {
    schedule.startFrom(index);
  }

  /** Waits until the content store has a layer, starting to fetch it where need be. */
  void await(int index) throws ContainerdException {
    var _ = job.workers().await(schedule.start(index));
  }

  /** Fetches all of them. */
  void all() throws ContainerdException {
    for (int i = 0; i < items.size(); i++) {
      var _ = schedule.start(i);
    }
    for (int i = 0; i < items.size(); i++) {
      await(i);
    }
  }

  /** Stops to fetch a layer that turned out not to be needed. */
  void cancel(int index) {
    schedule.cancel(index);
  }
}
