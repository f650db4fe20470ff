package io.morsel.snapshotter;

import com.google.protobuf.Empty;
import com.google.protobuf.Timestamp;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.snapshots.CleanupRequest;
import io.morsel.containerd.api.snapshots.CommitSnapshotRequest;
import io.morsel.containerd.api.snapshots.Info;
import io.morsel.containerd.api.snapshots.ListSnapshotsRequest;
import io.morsel.containerd.api.snapshots.ListSnapshotsResponse;
import io.morsel.containerd.api.snapshots.MountsRequest;
import io.morsel.containerd.api.snapshots.MountsResponse;
import io.morsel.containerd.api.snapshots.PrepareSnapshotRequest;
import io.morsel.containerd.api.snapshots.PrepareSnapshotResponse;
import io.morsel.containerd.api.snapshots.RemoveSnapshotRequest;
import io.morsel.containerd.api.snapshots.SnapshotsGrpc;
import io.morsel.containerd.api.snapshots.StatSnapshotRequest;
import io.morsel.containerd.api.snapshots.StatSnapshotResponse;
import io.morsel.containerd.api.snapshots.UpdateSnapshotRequest;
import io.morsel.containerd.api.snapshots.UpdateSnapshotResponse;
import io.morsel.containerd.api.snapshots.UsageRequest;
import io.morsel.containerd.api.snapshots.UsageResponse;
import io.morsel.containerd.api.snapshots.ViewSnapshotRequest;
import io.morsel.containerd.api.snapshots.ViewSnapshotResponse;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code containerd.services.snapshots.v1} over a {@link Snapshotter}. */
public final class SnapshotsService extends SnapshotsGrpc.SnapshotsImplBase {
  /** How many snapshots one message of a list holds, as in containerd. */
  private static final int LIST_BATCH = 100;

  private static final Logger log = LoggerFactory.getLogger(SnapshotsService.class);

  private final Snapshotter snapshotter;

  /** The service over {@code snapshotter}. */
  public SnapshotsService(Snapshotter snapshotter) {
    this.snapshotter = snapshotter;
  }

  @Override
  public void prepare(
      PrepareSnapshotRequest request, StreamObserver<PrepareSnapshotResponse> observer) {
    answer(
        observer,
        () ->
            PrepareSnapshotResponse.newBuilder()
                .addAllMounts(
                    snapshotter.prepare(
                        request.getKey(), request.getParent(), request.getLabelsMap()))
                .build());
  }

  @Override
  public void view(ViewSnapshotRequest request, StreamObserver<ViewSnapshotResponse> observer) {
    answer(
        observer,
        () ->
            ViewSnapshotResponse.newBuilder()
                .addAllMounts(
                    snapshotter.view(request.getKey(), request.getParent(), request.getLabelsMap()))
                .build());
  }

  @Override
  public void mounts(MountsRequest request, StreamObserver<MountsResponse> observer) {
    answer(
        observer,
        () ->
            MountsResponse.newBuilder().addAllMounts(snapshotter.mounts(request.getKey())).build());
  }

  @Override
  public void commit(CommitSnapshotRequest request, StreamObserver<Empty> observer) {
    answer(
        observer,
        () -> {
          snapshotter.commit(request.getName(), request.getKey(), request.getLabelsMap());
          return Empty.getDefaultInstance();
        });
  }

  @Override
  public void remove(RemoveSnapshotRequest request, StreamObserver<Empty> observer) {
    answer(
        observer,
        () -> {
          snapshotter.remove(request.getKey());
          return Empty.getDefaultInstance();
        });
  }

  @Override
  public void stat(StatSnapshotRequest request, StreamObserver<StatSnapshotResponse> observer) {
    answer(
        observer,
        () ->
            StatSnapshotResponse.newBuilder()
                .setInfo(wire(snapshotter.stat(request.getKey())))
                .build());
  }

  @Override
  public void update(
      UpdateSnapshotRequest request, StreamObserver<UpdateSnapshotResponse> observer) {
    answer(
        observer,
        () ->
            UpdateSnapshotResponse.newBuilder()
                .setInfo(
                    wire(
                        snapshotter.update(
                            request.getInfo().getName(),
                            request.getInfo().getLabelsMap(),
                            request.getUpdateMask().getPathsList())))
                .build());
  }

  @Override
  public void list(ListSnapshotsRequest request, StreamObserver<ListSnapshotsResponse> observer) {
    try {
      List<SnapshotInfo> infos = snapshotter.list(request.getFiltersList());
      boolean cancelled = false;
      for (int from = 0; from < infos.size() && !cancelled; from += LIST_BATCH) {
        ListSnapshotsResponse.Builder batch = ListSnapshotsResponse.newBuilder();
        infos.subList(from, Math.min(from + LIST_BATCH, infos.size())).stream()
            .map(SnapshotsService::wire)
            .forEach(batch::addInfo);
        observer.onNext(batch.build());
        cancelled =
            observer instanceof ServerCallStreamObserver<ListSnapshotsResponse> call
                && call.isCancelled();
      }
      if (!cancelled) {
        observer.onCompleted();
      }
    } catch (ContainerdException e) {
      observer.onError(e.toStatus());
    } catch (RuntimeException e) {
      observer.onError(unexpected(e));
    }
  }

  @Override
  public void usage(UsageRequest request, StreamObserver<UsageResponse> observer) {
    answer(
        observer,
        () -> {
          SnapshotUsage usage = snapshotter.usage(request.getKey());
          return UsageResponse.newBuilder()
              .setSize(usage.sizeBytes())
              .setInodes(usage.inodes())
              .build();
        });
  }

  @Override
  public void cleanup(CleanupRequest request, StreamObserver<Empty> observer) {
    answer(
        observer,
        () -> {
          snapshotter.cleanup();
          return Empty.getDefaultInstance();
        });
  }

  @FunctionalInterface
  private interface Call<A> {
    A run() throws ContainerdException;
  }

  private static <A> void answer(StreamObserver<A> observer, Call<A> call) {
    A answer;
    try {
      answer = call.run();
    } catch (ContainerdException e) {
      observer.onError(e.toStatus());
      return;
    } catch (RuntimeException e) {
      observer.onError(unexpected(e));
      return;
    }
    observer.onNext(answer);
    observer.onCompleted();
  }

  private static RuntimeException unexpected(RuntimeException failure) {
    log.error("a call of the snapshots service failed unexpectedly", failure);
    return Status.INTERNAL
        .withDescription("unexpected failure, see Morsel's log: " + failure)
        .asRuntimeException();
  }

  private static Info wire(SnapshotInfo info) {
    return Info.newBuilder()
        .setName(info.name())
        .setParent(info.parent())
        .setKind(info.kind().wire())
        .setCreatedAt(wire(info.created()))
        .setUpdatedAt(wire(info.updated()))
        .putAllLabels(info.labels())
        .build();
  }

  private static Timestamp wire(Instant instant) {
    return Timestamp.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }
}
