package io.morsel.cli.pull;

import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.snapshots.CommitSnapshotRequest;
import io.morsel.containerd.api.snapshots.Info;
import io.morsel.containerd.api.snapshots.PrepareSnapshotRequest;
import io.morsel.containerd.api.snapshots.RemoveSnapshotRequest;
import io.morsel.containerd.api.snapshots.SnapshotsGrpc;
import io.morsel.containerd.api.snapshots.StatSnapshotRequest;
import io.morsel.containerd.api.types.Mount;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One of containerd's snapshotters. Safe for use by many threads. */
final class Snapshots {
  private static final int ATTEMPTS = 3;
  private static final Logger log = LoggerFactory.getLogger(Snapshots.class);

  private final String snapshotter;
  private final SnapshotsGrpc.SnapshotsBlockingV2Stub stub;

  Snapshots(Containerd containerd, String snapshotter) {
    this.snapshotter = snapshotter;
    this.stub = SnapshotsGrpc.newBlockingV2Stub(containerd.channel());
  }

  /** How the snapshotter answered when it was asked to prepare a layer's snapshot. */
  sealed interface Preparation {
    /**
     * The layer's snapshot is there: the snapshotter shows the layer by itself.
     *
     * @param snapshot the snapshot
     */
    record Lazy(Info snapshot) implements Preparation {}

    /**
     * The layer must be unpacked by its client.
     *
     * @param key the active snapshot to commit afterwards
     * @param mounts where to unpack to
     */
    record Unpack(String key, List<Mount> mounts) implements Preparation {}
  }

  /** A committed snapshot; empty where there is none. */
  Optional<Info> find(String chainId) throws StatusException {
    try {
      return Optional.of(
          stub.stat(
                  StatSnapshotRequest.newBuilder()
                      .setSnapshotter(snapshotter)
                      .setKey(chainId)
                      .build())
              .getInfo());
    } catch (StatusException failure) {
      if (CoreClient.is(failure, ErrorClass.NOT_FOUND)) {
        return Optional.empty();
      }
      throw failure;
    }
  }

  /**
   * Asks for a snapshot to unpack a layer into.
   *
   * @param chainId what the snapshot will be committed as
   * @param parent the chain identifier of the layers below; empty for the lowest layer
   */
  Preparation prepare(String chainId, String parent, Map<String, String> labels)
      throws StatusException {
    for (int attempt = 1; ; attempt++) {
      String key =
          "extract-" + System.nanoTime() + "-" + Integer.toHexString(random()) + " " + chainId;
      try {
        return new Preparation.Unpack(
            key,
            stub.prepare(
                    PrepareSnapshotRequest.newBuilder()
                        .setSnapshotter(snapshotter)
                        .setKey(key)
                        .setParent(parent)
                        .putAllLabels(labels)
                        .build())
                .getMountsList());
      } catch (StatusException failure) {
        if (!CoreClient.is(failure, ErrorClass.ALREADY_EXISTS)) {
          throw failure;
        }
        Optional<Info> snapshot = find(chainId);
        if (snapshot.isPresent()) {
          return new Preparation.Lazy(snapshot.get());
        }
        if (attempt == ATTEMPTS) {
          throw failure;
        }
      }
    }
  }

  /** Makes the unpacked layer a committed snapshot. */
  void commit(String key, String chainId, Map<String, String> labels) throws StatusException {
    try {
      var _ =
          stub.commit(
              CommitSnapshotRequest.newBuilder()
                  .setSnapshotter(snapshotter)
                  .setKey(key)
                  .setName(chainId)
                  .putAllLabels(labels)
                  .build());
    } catch (StatusException failure) {
      if (!CoreClient.is(failure, ErrorClass.ALREADY_EXISTS)) {
        throw failure;
      }
      // Another client was faster; its snapshot is as good as ours.
      remove(key);
    }
  }

  /** Removes an active snapshot that will not be committed, as far as that goes. */
  void remove(String key) {
    boolean interrupted = Thread.interrupted();
    try {
      var _ =
          stub.remove(
              RemoveSnapshotRequest.newBuilder().setSnapshotter(snapshotter).setKey(key).build());
    } catch (StatusException failure) {
      log.warn("can't remove snapshot '{}': {}", key, CoreClient.message(failure));
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static int random() {
    return ThreadLocalRandom.current().nextInt();
  }
}
