package io.morsel.runtime;

import io.morsel.containerd.api.containers.ContainersGrpc;
import io.morsel.containerd.api.content.ContentGrpc;
import io.morsel.containerd.api.diff.DiffGrpc;
import io.morsel.containerd.api.leases.LeasesGrpc;
import io.morsel.containerd.api.runs.RunsGrpc;
import io.morsel.containerd.api.snapshots.SnapshotsGrpc;
import io.morsel.containerd.api.tasks.TasksGrpc;
import io.morsel.containerd.api.transfer.TransferGrpc;
import io.morsel.snapshotter.IdleMemory;
import io.morsel.snapshotter.SnapshotterRehearsal;
import io.morsel.snapshotter.WarmUp;
import io.morsel.snapshotter.WarmUpLayer;
import io.morsel.snapshotter.WarmUpRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/**
 * What a core does once it serves and nobody has work for it yet: a second one, within the process,
 * starts containers. The first call that a client's container waits for ends it.
 */
final class CoreWarmUp {
  /**
   * How often a container is started, so that what serves the calls is compiled: more takes longer
   * than it saves.
   */
  private static final int STARTS = 12;

  /** After so many the heap is collected: what is called then is looked at again by the others. */
  private static final int STARTS_UNTIL_COLLECTION = 10;

  private static final int INDEXES = 3;

  private static final String NAMESPACE = "warm-up";

  private static final Set<String> URGENT =
      Set.of(
          TransferGrpc.getTransferMethod().getFullMethodName(),
          LeasesGrpc.getCreateMethod().getFullMethodName(),
          ContentGrpc.getWriteMethod().getFullMethodName(),
          DiffGrpc.getApplyMethod().getFullMethodName(),
          RunsGrpc.getCreateMethod().getFullMethodName(),
          SnapshotsGrpc.getPrepareMethod().getFullMethodName(),
          SnapshotsGrpc.getViewMethod().getFullMethodName(),
          SnapshotsGrpc.getMountsMethod().getFullMethodName(),
          SnapshotsGrpc.getCommitMethod().getFullMethodName(),
          ContainersGrpc.getCreateMethod().getFullMethodName(),
          TasksGrpc.getCreateMethod().getFullMethodName(),
          TasksGrpc.getStartMethod().getFullMethodName(),
          TasksGrpc.getExecMethod().getFullMethodName());

  private final CoreSettings settings;
  private final Core.FurtherServices further;

  private CoreWarmUp(CoreSettings settings, Core.FurtherServices further) {
    this.settings = settings;
    this.further = further;
  }

  /** The warm-up of a core, below its root, which nobody else uses. */
  static WarmUp of(Path root, CoreSettings settings, Core.FurtherServices further) {
    return new WarmUp(root, URGENT, new CoreWarmUp(settings, further)::goThrough);
  }

  private void goThrough(Path directory, WarmUp warmUp) throws IOException, InterruptedException {
    // First, since it is what a pull waits for longest.
    warmUp.buildIndexes(directory, INDEXES);
    CoreSettings within =
        new CoreSettings(
            directory.resolve("root"),
            directory.resolve("state"),
            directory.resolve("s"),
            SnapshotterRehearsal.configuration(directory, settings.config()),
            settings.version(),
            settings.revision());
    warmUp.checkNotStopped();
    try (WarmUpRegistry registry = WarmUpRegistry.start(WarmUpLayer.image(directory), directory);
        Core _ = Core.startWithin(within, further)) {
      try {
        StartRehearsal rehearsal =
            new StartRehearsal(
                directory,
                within.address(),
                NAMESPACE,
                registry,
                StartRehearsal.hasOneCall(further.of(within.address())));
        for (int round = 0; round < STARTS; round++) {
          warmUp.checkNotStopped();
          if (round == STARTS_UNTIL_COLLECTION) {
            IdleMemory.collect();
          }
          rehearsal.run(round);
          WarmUpLayer.read(directory);
        }
      } finally {
        warmUp.beginCleaning();
      }
    }
  }
}
