package io.morsel.cli.pull;

import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.CommandException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.content.ContentGrpc;
import io.morsel.containerd.api.content.InfoRequest;
import io.morsel.registry.ChainIds;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageConfig;
import io.morsel.registry.Manifest;
import io.morsel.runtime.image.ImageLabels;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Unpacks an image that is in the content store already, for a snapshotter that has not got its
 * layers: one that was imported, or pulled for another snapshotter.
 */
public final class ImageUnpack {
  private final Containerd containerd;
  private final Snapshots snapshots;
  private final String snapshotter;

  private ImageUnpack(Containerd containerd, String snapshotter) {
    this.containerd = containerd;
    this.snapshotter = snapshotter;
    this.snapshots = new Snapshots(containerd, snapshotter);
  }

  /** The name of the snapshot that an image's layers become together; empty for no layers. */
  public static String chainId(ImageConfig config) {
    List<String> chain = ChainIds.of(config.diffIds());
    return chain.isEmpty() ? "" : chain.getLast();
  }

  /**
   * Unpacks the layers that the snapshotter has not got.
   *
   * @return whether that could be done; not so if a layer's content is not there
   * @throws CommandException if containerd refuses something
   */
  public static boolean run(
      Path address, String namespace, String snapshotter, Manifest manifest, ImageConfig config)
      throws CommandException {
    try (Containerd containerd = Containerd.connect(address, namespace)) {
      containerd.requireSnapshotter(snapshotter);
      return new ImageUnpack(containerd, snapshotter).unpack(manifest, config);
    } catch (StatusException failure) {
      throw CommandException.failed(
          "can't unpack the image with snapshotter '"
              + snapshotter
              + "': "
              + CoreClient.message(failure),
          failure);
    }
  }

  private boolean unpack(Manifest manifest, ImageConfig config)
      throws StatusException, CommandException {
    List<String> chain = ChainIds.of(config.diffIds());
    if (chain.size() != manifest.layers().size()) {
      throw CommandException.failed(
          "can't unpack the image: its manifest has %d layers, and its configuration names %d: it is damaged"
              .formatted(manifest.layers().size(), chain.size()));
    }
    for (int i = 0; i < chain.size(); i++) {
      if (snapshots.find(chain.get(i)).isEmpty() && !isPresent(manifest.layers().get(i))) {
        return false;
      }
    }
    for (int i = 0; i < chain.size(); i++) {
      if (snapshots.find(chain.get(i)).isEmpty()) {
        apply(manifest.layers().get(i), chain.get(i), i == 0 ? "" : chain.get(i - 1));
      }
    }
    if (!chain.isEmpty()) {
      new ContentStore(containerd)
          .addLabels(
              manifest.config(), Map.of(ImageLabels.SNAPSHOT + snapshotter, chain.getLast()));
    }
    return true;
  }

  private boolean isPresent(Descriptor layer) throws StatusException {
    try {
      var _ =
          ContentGrpc.newBlockingV2Stub(containerd.channel())
              .info(InfoRequest.newBuilder().setDigest(layer.digest().toString()).build());
      return true;
    } catch (StatusException failure) {
      if (CoreClient.is(failure, ErrorClass.NOT_FOUND)) {
        return false;
      }
      throw failure;
    }
  }

  private void apply(Descriptor layer, String chainId, String parent) throws StatusException {
    if (!(snapshots.prepare(chainId, parent, Map.of())
        instanceof Snapshots.Preparation.Unpack unpack)) {
      return;
    }
    boolean committed = false;
    try {
      var _ = containerd.apply(layer, unpack.mounts());
      snapshots.commit(unpack.key(), chainId, Map.of());
      committed = true;
    } finally {
      if (!committed) {
        snapshots.remove(unpack.key());
      }
    }
  }
}
