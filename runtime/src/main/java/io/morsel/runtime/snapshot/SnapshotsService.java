package io.morsel.runtime.snapshot;

import com.google.protobuf.Empty;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.events.SnapshotCommit;
import io.morsel.containerd.api.events.SnapshotPrepare;
import io.morsel.containerd.api.events.SnapshotRemove;
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
import io.morsel.runtime.event.Exchange;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.grpc.CallScope;
import io.morsel.runtime.store.Scope;
import io.morsel.snapshotter.SnapshotKind;
import io.morsel.snapshotter.SnapshotUsage;
import java.util.List;
import java.util.Map;

/** {@code containerd.services.snapshots.v1} over snapshotters by their names. */
public final class SnapshotsService extends SnapshotsGrpc.SnapshotsImplBase {
  private final Map<String, NamespacedSnapshots> snapshotters;
  private final Exchange events;

  /** The service over these snapshotters. */
  public SnapshotsService(Map<String, NamespacedSnapshots> snapshotters, Exchange events) {
    this.snapshotters = Map.copyOf(snapshotters);
    this.events = events;
  }

  private NamespacedSnapshots snapshotter(String name) throws ContainerdException {
    if (name.isEmpty()) {
      throw new ContainerdException(ErrorClass.INVALID_ARGUMENT, "snapshotter argument missing");
    }
    NamespacedSnapshots found = snapshotters.get(name);
    if (found == null) {
      throw new ContainerdException(ErrorClass.INVALID_ARGUMENT, "snapshotter not loaded: " + name);
    }
    return found;
  }

  @Override
  public void prepare(
      PrepareSnapshotRequest request, StreamObserver<PrepareSnapshotResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          NamespacedSnapshots snapshots = snapshotter(request.getSnapshotter());
          Scope scope = CallScope.required();
          PrepareSnapshotResponse answer =
              PrepareSnapshotResponse.newBuilder()
                  .addAllMounts(
                      snapshots.create(
                          scope,
                          SnapshotKind.ACTIVE,
                          request.getKey(),
                          request.getParent(),
                          request.getLabelsMap()))
                  .build();
          events.publish(
              scope.namespace(),
              "/snapshot/prepare",
              SnapshotPrepare.newBuilder()
                  .setKey(request.getKey())
                  .setParent(request.getParent())
                  .setSnapshotter(request.getSnapshotter())
                  .build());
          return answer;
        });
  }

  @Override
  public void view(ViewSnapshotRequest request, StreamObserver<ViewSnapshotResponse> observer) {
    Answers.unary(
        observer,
        () ->
            ViewSnapshotResponse.newBuilder()
                .addAllMounts(
                    snapshotter(request.getSnapshotter())
                        .create(
                            CallScope.required(),
                            SnapshotKind.VIEW,
                            request.getKey(),
                            request.getParent(),
                            request.getLabelsMap()))
                .build());
  }

  @Override
  public void mounts(MountsRequest request, StreamObserver<MountsResponse> observer) {
    Answers.unary(
        observer,
        () ->
            MountsResponse.newBuilder()
                .addAllMounts(
                    snapshotter(request.getSnapshotter())
                        .mounts(CallScope.required().namespace(), request.getKey()))
                .build());
  }

  @Override
  public void commit(CommitSnapshotRequest request, StreamObserver<Empty> observer) {
    Answers.empty(
        observer,
        () -> {
          NamespacedSnapshots snapshots = snapshotter(request.getSnapshotter());
          Scope scope = CallScope.required();
          snapshots.commit(
              scope,
              request.getName(),
              request.getKey(),
              request.getParent(),
              request.getLabelsMap());
          events.publish(
              scope.namespace(),
              "/snapshot/commit",
              SnapshotCommit.newBuilder()
                  .setKey(request.getKey())
                  .setName(request.getName())
                  .setSnapshotter(request.getSnapshotter())
                  .build());
        });
  }

  @Override
  public void remove(RemoveSnapshotRequest request, StreamObserver<Empty> observer) {
    Answers.empty(
        observer,
        () -> {
          NamespacedSnapshots snapshots = snapshotter(request.getSnapshotter());
          Scope scope = CallScope.required();
          snapshots.remove(scope, request.getKey());
          events.publish(
              scope.namespace(),
              "/snapshot/remove",
              SnapshotRemove.newBuilder()
                  .setKey(request.getKey())
                  .setSnapshotter(request.getSnapshotter())
                  .build());
        });
  }

  @Override
  public void stat(StatSnapshotRequest request, StreamObserver<StatSnapshotResponse> observer) {
    Answers.unary(
        observer,
        () ->
            StatSnapshotResponse.newBuilder()
                .setInfo(
                    snapshotter(request.getSnapshotter())
                        .stat(CallScope.required(), request.getKey()))
                .build());
  }

  @Override
  public void update(
      UpdateSnapshotRequest request, StreamObserver<UpdateSnapshotResponse> observer) {
    Answers.unary(
        observer,
        () ->
            UpdateSnapshotResponse.newBuilder()
                .setInfo(
                    snapshotter(request.getSnapshotter())
                        .update(
                            CallScope.required().namespace(),
                            request.getInfo(),
                            request.getUpdateMask().getPathsList()))
                .build());
  }

  @Override
  public void list(ListSnapshotsRequest request, StreamObserver<ListSnapshotsResponse> observer) {
    Answers.batches(
        observer,
        () -> {
          NamespacedSnapshots snapshots = snapshotter(request.getSnapshotter());
          return Answers.unclassified(
              () -> snapshots.list(CallScope.required().namespace(), request.getFiltersList()));
        },
        (List<Info> infos) -> ListSnapshotsResponse.newBuilder().addAllInfo(infos).build());
  }

  @Override
  public void usage(UsageRequest request, StreamObserver<UsageResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          SnapshotUsage usage =
              snapshotter(request.getSnapshotter())
                  .usage(CallScope.required().namespace(), request.getKey());
          return UsageResponse.newBuilder()
              .setSize(usage.sizeBytes())
              .setInodes(usage.inodes())
              .build();
        });
  }

  @Override
  public void cleanup(CleanupRequest request, StreamObserver<Empty> observer) {
    Answers.empty(observer, () -> snapshotter(request.getSnapshotter()).cleanup());
  }
}
