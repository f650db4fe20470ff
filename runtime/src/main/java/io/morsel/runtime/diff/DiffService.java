package io.morsel.runtime.diff;

import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.diff.ApplyRequest;
import io.morsel.containerd.api.diff.ApplyResponse;
import io.morsel.containerd.api.diff.DiffGrpc;
import io.morsel.containerd.api.diff.DiffRequest;
import io.morsel.containerd.api.diff.DiffResponse;
import io.morsel.containerd.api.types.Descriptor;
import io.morsel.containerd.api.types.Mount;
import io.morsel.runtime.content.ContentStore;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.grpc.CallScope;
import io.morsel.runtime.store.Scope;
import io.morsel.stargz.LayerLimits;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.BooleanSupplier;

/** {@code containerd.services.diff.v1} over a {@link ContentStore}. */
public final class DiffService extends DiffGrpc.DiffImplBase {
  private final LayerApplier applier;
  private final LayerDiffer differ;

  private DiffService(LayerApplier applier, LayerDiffer differ) {
    this.applier = applier;
    this.differ = differ;
  }

  /**
   * The service over {@code content}.
   *
   * @param mounts where what is looked at is mounted meanwhile; emptied of what an earlier core
   *     left there
   * @param limits bounds on what a layer may hold
   * @throws IOException if that directory can't be used
   */
  public static DiffService open(ContentStore content, Path mounts, LayerLimits limits)
      throws IOException {
    TemporaryMounts temporary = TemporaryMounts.open(mounts);
    return new DiffService(
        new LayerApplier(content, temporary, limits), new LayerDiffer(content, temporary, limits));
  }

  @Override
  public void apply(ApplyRequest request, StreamObserver<ApplyResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          Scope scope = CallScope.required();
          Context context = Context.current();
          return aside(
              () ->
                  ApplyResponse.newBuilder()
                      .setApplied(
                          applier.apply(
                              scope.namespace(),
                              request.getDiff(),
                              request.getMountsList(),
                              context::isCancelled))
                      .build());
        });
  }

  /**
   * Applies a layer for another part of the core, as {@link #apply} does for clients.
   *
   * @param cancelled whether nobody waits for it any more
   * @return the digest of the uncompressed tar
   */
  public String unpack(Scope scope, Descriptor layer, List<Mount> mounts, BooleanSupplier cancelled)
      throws ContainerdException {
    return aside(() -> applier.apply(scope.namespace(), layer, mounts, cancelled)).getDigest();
  }

  @Override
  public void diff(DiffRequest request, StreamObserver<DiffResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          Scope scope = CallScope.required();
          Context context = Context.current();
          return aside(
              () ->
                  DiffResponse.newBuilder()
                      .setDiff(differ.diff(scope, request, context::isCancelled))
                      .build());
        });
  }

  /**
   * Computes an answer on a platform thread: a virtual one keeps its carrier through every system
   * call that is made here, and a few layers at once would stop all other calls.
   */
  private static <A> A aside(Answers.Call<A> call) throws ContainerdException {
    FutureTask<A> task = new FutureTask<>(call::run);
    Thread thread = Thread.ofPlatform().daemon().name("diff").start(task);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          // Has the thread end at its next wait, and tells why then.
          interrupted = true;
          thread.interrupt();
        } catch (ExecutionException e) {
          switch (e.getCause()) {
            case ContainerdException known -> throw known;
            case RuntimeException unexpected -> throw unexpected;
            case Error error -> throw error;
            case null, default -> throw new IllegalStateException(e);
          }
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
