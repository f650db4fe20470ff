package io.morsel.snapshotter;

import io.morsel.fuse.DirectMounter;
import io.morsel.fuse.KeptConnection;
import io.morsel.prefetch.Layer;
import io.morsel.prefetch.LayerContent;
import io.morsel.prefetch.LayerSource;
import io.morsel.prefetch.LayerStore;
import io.morsel.registry.Digest;
import io.morsel.registry.RemoteBlob;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Goes on with what an earlier daemon served to containers that run: the connections that the
 * service manager kept. They are independent of the snapshots' mounts, which are made anew.
 *
 * <p>For the start only, by one thread.
 */
final class TakenConnections {
  private static final Logger log = LoggerFactory.getLogger(TakenConnections.class);

  /** A connection whose layer is open. */
  private record Open(DescriptorStore.Left left, KeptConnection kept, Layer layer) {}

  private final DescriptorStore store;
  private final DirectMounter mounter;
  private final Path scratch;
  private final DaemonMetrics metrics;
  private final Consumer<Digest> released;

  /** Those that show a layer's directories with attributes of the layers below. */
  private final List<Open> views = new ArrayList<>();

  private int served;

  /**
   * Nothing is taken over yet.
   *
   * @param mounter serves them
   * @param scratch for a short-lived file
   * @param released is told of layers that a connection needs no more
   */
  TakenConnections(
      DescriptorStore store,
      DirectMounter mounter,
      Path scratch,
      DaemonMetrics metrics,
      Consumer<Digest> released) {
    this.store = store;
    this.mounter = mounter;
    this.scratch = scratch;
    this.metrics = metrics;
    this.released = released;
  }

  /**
   * Serves what needs nothing but its layer, whose readers wait, and opens all layers, so that none
   * is deleted meanwhile. Registries are asked for nothing.
   *
   * @param blob where a layer's absent data is
   */
  void serveLayers(LayerStore layers, Function<LayerSource, Supplier<RemoteBlob>> blob) {
    for (DescriptorStore.Left left : store.take()) {
      if (!KeptConnection.isOurs(left.name())) {
        log.debug("descriptor {} is \"{}\": of no use here", left.descriptor(), left.name());
        continue;
      }
      KeptConnection kept = KeptConnection.parse(left.name()).orElse(null);
      if (kept == null) {
        giveUp(left, "another version of Morsel left it, as \"" + left.name() + "\"");
      } else if (!DirectMounter.isServed(left.descriptor())) {
        // The last container on it has ended meanwhile.
        abandon(left);
      } else {
        serve(left, kept, layers, blob);
      }
    }
  }

  private void serve(
      DescriptorStore.Left left,
      KeptConnection kept,
      LayerStore layers,
      Function<LayerSource, Supplier<RemoteBlob>> blob) {
    Digest digest = kept.identity().layer();
    Layer layer;
    try {
      layer = layers.restore(digest, blob).orElse(null);
    } catch (IOException | RuntimeException e) {
      giveUp(left, describe(digest, e));
      return;
    }
    if (layer == null) {
      giveUp(left, "layer " + digest + " is not on the disk any more");
      return;
    }
    Open open = new Open(left, kept, layer);
    try {
      if (kept.cached() && !layer.identity().equals(Optional.of(kept.identity()))) {
        views.add(open);
        return;
      }
    } catch (IOException e) {
      close(layer, digest);
      giveUp(left, describe(digest, e));
      return;
    }
    serve(open, layer);
  }

  /**
   * Serves the rest, once the snapshots are mounted.
   *
   * @param shown what is mounted of a layer now
   */
  void serveViews(Function<Digest, List<LayerView>> shown) {
    for (Open open : views) {
      LayerContent content = open.layer();
      for (LayerView view : shown.apply(open.kept().identity().layer())) {
        // Over this connection's own handle: that of the snapshot may be closed earlier.
        LayerView same = view.over(open.layer());
        if (isShownBy(open.kept(), same)) {
          content = same;
          break;
        }
      }
      serve(open, content);
    }
    views.clear();
    if (served > 0) {
      log.info("{} connections of containers that run are taken over", served);
    }
  }

  private static boolean isShownBy(KeptConnection kept, LayerView view) {
    try {
      return view.identity().equals(Optional.of(kept.identity()));
    } catch (IOException e) {
      log.debug("{}: {}", view.name(), e.toString());
      return false;
    }
  }

  private void serve(Open open, LayerContent content) {
    Digest digest = open.kept().identity().layer();
    CompletableFuture<Void> end;
    try {
      end = mounter.takeOver(open.left().descriptor(), open.kept(), content, scratch);
    } catch (IOException | RuntimeException e) {
      close(open.layer(), digest);
      refused(open.left(), describe(digest, e));
      return;
    }
    served++;
    metrics.connectionTakenOver(true);
    log.debug("layer {}: goes on as {}", digest, open.left().name());
    var _ =
        end.whenCompleteAsync(
            (nothing, failure) -> {
              close(open.layer(), digest);
              released.accept(digest);
            },
            Thread::startVirtualThread);
  }

  private static String describe(Digest digest, Exception failure) {
    return "layer "
        + digest
        + ": "
        + (failure.getMessage() == null ? failure.toString() : failure.getMessage());
  }

  private static void close(Layer layer, Digest digest) {
    try {
      layer.close();
    } catch (IOException e) {
      log.warn("closing layer {}: {}", digest, e.toString());
    }
  }

  private void giveUp(DescriptorStore.Left left, String why) {
    DirectMounter.abandon(left.descriptor());
    refused(left, why);
  }

  private void refused(DescriptorStore.Left left, String why) {
    store.drop(left.name());
    metrics.connectionTakenOver(false);
    log.warn(
        "a connection of a container that runs can't be taken over, its reads of what is absent"
            + " fail until it is started again: {}",
        why);
  }

  private void abandon(DescriptorStore.Left left) {
    DirectMounter.abandon(left.descriptor());
    store.drop(left.name());
  }
}
