package io.morsel.runtime.image;

import io.morsel.registry.Descriptor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.Function;

/**
 * Which of an image's layers are fetched whole, and when: several at a time, and ahead of their
 * unpacking. Used by one thread.
 */
public final class LayerSchedule {
  /** As many as containerd's own client fetches at a time. */
  private static final int PARALLEL = 3;

  private final List<Descriptor> layers;
  private final Fetch fetch;
  private final Function<Callable<Boolean>, Future<Boolean>> threads;
  private final Semaphore permits = new Semaphore(PARALLEL);
  private final Map<Integer, Future<Boolean>> started = new HashMap<>();

  /** How a layer is fetched. */
  @FunctionalInterface
  public interface Fetch {
    /** Fetches the layer of this number; an interrupt ends that early. */
    void run(int index) throws Exception;
  }

  /**
   * Nothing is fetched yet.
   *
   * @param layers the image's layers, the lowest first
   * @param threads starts a task on a thread of its own
   */
  public LayerSchedule(
      List<Descriptor> layers, Fetch fetch, Function<Callable<Boolean>, Future<Boolean>> threads) {
    this.layers = List.copyOf(layers);
    this.fetch = fetch;
    this.threads = threads;
  }

  /** The layers, the lowest first. */
  public List<Descriptor> layers() {
    return layers;
  }

  /** Starts to fetch a layer, unless that has been done; what becomes of it. */
  public Future<Boolean> start(int index) {
    return started.computeIfAbsent(index, _ -> threads.apply(() -> fetch(index)));
  }

  private boolean fetch(int index) throws Exception {
    permits.acquire();
    try {
      fetch.run(index);
    } finally {
      permits.release();
    }
    return true;
  }

  /**
   * Starts to fetch a layer that a snapshotter did not take lazily, and beside it those above it
   * that will have to be fetched as well: all of them where the snapshotter did not even take a
   * layer with a TOC, else those without.
   */
  public void startFrom(int index) {
    boolean snapshotterIsLazy = !SnapshotLabels.hasToc(layers.get(index));
    var _ = start(index);
    for (int above = index + 1; above < layers.size(); above++) {
      if (!snapshotterIsLazy || !SnapshotLabels.hasToc(layers.get(above))) {
        var _ = start(above);
      }
    }
  }

  /** Stops to fetch a layer that turned out not to be needed. */
  public void cancel(int index) {
    Future<Boolean> needless = started.remove(index);
    if (needless != null) {
      needless.cancel(true);
    }
  }
}
