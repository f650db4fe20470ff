package io.morsel.runtime.transfer;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.types.Mount;
import io.morsel.registry.ChainIds;
import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import io.morsel.runtime.image.Descriptors;
import io.morsel.runtime.image.ImageLabels;
import io.morsel.runtime.image.SnapshotLabels;
import io.morsel.runtime.snapshot.NamespacedSnapshots;
import io.morsel.snapshotter.SnapshotKind;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has one snapshotter make snapshots of an image's layers, from the lowest to the highest: one that
 * it shows lazily is not fetched, any other is fetched and unpacked.
 */
final class Unpacking {
  private static final Logger log = LoggerFactory.getLogger(Unpacking.class);
  private static final int ATTEMPTS = 3;

  private final Job job;
  private final NamespacedSnapshots snapshots;
  private final LayerFetches fetches;

  Unpacking(Job job, NamespacedSnapshots snapshots, LayerFetches fetches) {
    this.job = job;
    this.snapshots = snapshots;
    this.fetches = fetches;
  }

  /**
   * Makes the snapshots.
   *
   * @param reference the image's reference, by which a snapshotter finds the layers by itself;
   *     empty where it can't
   * @param manifestDigest the digest of the image's manifest
   * @param config the image's configuration, which is in the content store
   * @param diffIds the digests of the uncompressed layers, the lowest first
   */
  void run(
      Optional<String> reference, String manifestDigest, Descriptor config, List<Digest> diffIds)
      throws ContainerdException {
    List<String> chain = ChainIds.of(diffIds);
    for (int i = 0; i < chain.size(); i++) {
      job.workers().check();
      Map<String, String> labels =
          reference.isPresent()
              ? SnapshotLabels.of(
                  reference.get(), manifestDigest, fetches.layers(), i, chain.get(i))
              : Map.of(SnapshotLabels.TARGET, chain.get(i));
      layer(i, chain, diffIds.get(i), labels);
    }
    if (!chain.isEmpty()) {
      job.blobs()
          .addLabels(config, Map.of(ImageLabels.SNAPSHOT + snapshots.name(), chain.getLast()));
    }
  }

  private void layer(int index, List<String> chain, Digest diffId, Map<String, String> labels)
      throws ContainerdException {
    Descriptor layer = fetches.layers().get(index);
    String chainId = chain.get(index);
    String about = "layer " + layer.digest() + " with snapshotter " + snapshots.name();
    Optional<Prepared> prepared;
    try {
      prepared = prepare(chainId, index == 0 ? "" : chain.get(index - 1), labels);
    } catch (ContainerdException e) {
      throw e.during("failed to prepare " + about);
    }
    if (prepared.isEmpty()) {
      fetches.cancel(index);
      fetches.item(index).end("already exists");
      return;
    }
    fetches.startFrom(index);
    boolean committed = false;
    try {
      unpack(index, diffId, prepared.get().mounts());
      snapshots.commit(job.scope(), chainId, prepared.get().key(), labels);
      committed = true;
    } catch (ContainerdException e) {
      // Another one was faster; its snapshot is as good as ours.
      if (e.errorClass() != ErrorClass.ALREADY_EXISTS || !isThere(chainId)) {
        throw e.during("failed to unpack " + about);
      }
    } finally {
      if (!committed) {
        remove(prepared.get().key());
      }
    }
  }

  /** An active snapshot to unpack into. */
  private record Prepared(String key, List<Mount> mounts) {}

  /** Empty where the snapshot of the layer is there, lazily shown or from before. */
  private Optional<Prepared> prepare(String chainId, String parent, Map<String, String> labels)
      throws ContainerdException {
    for (int attempt = 1; ; attempt++) {
      String key =
          "extract-%d-%x %s"
              .formatted(System.nanoTime(), ThreadLocalRandom.current().nextInt(), chainId);
      try {
        return Optional.of(
            new Prepared(
                key, snapshots.create(job.scope(), SnapshotKind.ACTIVE, key, parent, labels)));
      } catch (ContainerdException e) {
        if (e.errorClass() != ErrorClass.ALREADY_EXISTS) {
          throw e;
        }
        if (isThere(chainId)) {
          return Optional.empty();
        }
        if (attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  /** Whether a snapshot is there; it then stays, held by the lease. */
  private boolean isThere(String chainId) throws ContainerdException {
    try {
      var _ = snapshots.stat(job.scope(), chainId);
      return true;
    } catch (ContainerdException e) {
      if (e.errorClass() == ErrorClass.NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  private void unpack(int index, Digest diffId, List<Mount> mounts) throws ContainerdException {
    Descriptor layer = fetches.layers().get(index);
    fetches.await(index);
    fetches.item(index).enter("extracting");
    String applied =
        job.parts()
            .unpacker()
            .unpack(job.scope(), Descriptors.wire(layer), mounts, job.workers()::isCancelled);
    job.workers().check();
    if (!applied.equals(diffId.toString())) {
      throw new ContainerdException(
          ErrorClass.FAILED_PRECONDITION,
          "wrong diff id calculated on extraction "
              + applied
              + ", the image's configuration says "
              + diffId);
    }
    job.blobs().addLabels(layer, Map.of(ImageLabels.UNCOMPRESSED, applied));
    fetches.item(index).end("extracted");
  }

  private void remove(String key) {
    try {
      snapshots.remove(job.scope(), key);
    } catch (ContainerdException e) {
      log.warn("can't remove snapshot \"{}\": {}", key, e.getMessage());
    }
  }
}
