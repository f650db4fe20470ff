package io.morsel.runtime.transfer;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.transfertypes.ImageStore;
import io.morsel.containerd.api.transfertypes.UnpackConfiguration;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageConfig;
import io.morsel.registry.Manifest;
import io.morsel.registry.Platform;
import io.morsel.runtime.snapshot.NamespacedSnapshots;
import io.morsel.runtime.store.GoText;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a transfer's destination wants its images unpacked with. */
final class Unpacks {
  private static final String DEFAULT_SNAPSHOTTER = "overlayfs";
  private static final String DEFAULT_SNAPSHOTTER_LABEL = "containerd.io/defaults/snapshotter";

  private Unpacks() {}

  /**
   * A snapshotter for images of a platform.
   *
   * @param platform which images are meant: those that run on it
   * @param snapshots what they are unpacked with
   */
  record Unpack(Platform platform, NamespacedSnapshots snapshots) {}

  /**
   * What is wanted.
   *
   * @throws ContainerdException of class INVALID_ARGUMENT for a snapshotter that there is not
   */
  static List<Unpack> of(Job job, ImageStore wanted) throws ContainerdException {
    List<Unpack> unpacks = new ArrayList<>();
    for (UnpackConfiguration unpack : wanted.getUnpacksList()) {
      unpacks.add(
          new Unpack(
              PlatformChoice.platform(unpack.getPlatform()),
              snapshots(job, unpack.getSnapshotter())));
    }
    return unpacks;
  }

  private static NamespacedSnapshots snapshots(Job job, String given) throws ContainerdException {
    String name =
        given.isEmpty()
            ? job.parts()
                .namespaces()
                .get(job.scope().namespace())
                .getLabelsOrDefault(DEFAULT_SNAPSHOTTER_LABEL, DEFAULT_SNAPSHOTTER)
            : given;
    NamespacedSnapshots snapshots = job.parts().snapshotters().get(name);
    if (snapshots == null) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT,
          "unable to initialize unpacker: there is no snapshotter "
              + GoText.quote(name)
              + ", only "
              + String.join(", ", job.parts().snapshotters().keySet().stream().sorted().toList()));
    }
    return snapshots;
  }

  /**
   * Unpacks one image with every snapshotter that is wanted for its platform.
   *
   * @param reference by which a snapshotter finds the image's layers itself; empty where it can't
   * @return whether there was one
   */
  static boolean run(
      Job job,
      List<Unpack> unpacks,
      Optional<String> reference,
      Descriptor descriptor,
      Manifest manifest,
      ImageConfig config,
      LayerFetches layers)
      throws ContainerdException {
    Platform platform = config.platform().orElseGet(Platform::current);
    List<Unpack> matching =
        unpacks.stream().filter(unpack -> unpack.platform().runs(platform)).toList();
    if (!matching.isEmpty() && config.diffIds().size() != manifest.layers().size()) {
      throw new ContainerdException(
          ErrorClass.FAILED_PRECONDITION,
          "number of layers and diffIDs don't match: "
              + manifest.layers().size()
              + " != "
              + config.diffIds().size());
    }
    for (Unpack unpack : matching) {
      new Unpacking(job, unpack.snapshots(), layers)
          .run(reference, descriptor.digest().toString(), manifest.config(), config.diffIds());
    }
    return !matching.isEmpty();
  }
}
