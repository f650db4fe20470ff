package io.morsel.runtime.sandbox;

import io.grpc.stub.StreamObserver;
import io.morsel.containerd.api.sandbox.StoreCreateRequest;
import io.morsel.containerd.api.sandbox.StoreCreateResponse;
import io.morsel.containerd.api.sandbox.StoreDeleteRequest;
import io.morsel.containerd.api.sandbox.StoreDeleteResponse;
import io.morsel.containerd.api.sandbox.StoreGetRequest;
import io.morsel.containerd.api.sandbox.StoreGetResponse;
import io.morsel.containerd.api.sandbox.StoreGrpc;
import io.morsel.containerd.api.sandbox.StoreListRequest;
import io.morsel.containerd.api.sandbox.StoreListResponse;
import io.morsel.containerd.api.sandbox.StoreUpdateRequest;
import io.morsel.containerd.api.sandbox.StoreUpdateResponse;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.grpc.CallScope;

/** {@code containerd.services.sandbox.v1.Store} over a {@link SandboxStore}. */
public final class SandboxStoreService extends StoreGrpc.StoreImplBase {
  private final SandboxStore sandboxes;

  /** The service over {@code sandboxes}. */
  public SandboxStoreService(SandboxStore sandboxes) {
    this.sandboxes = sandboxes;
  }

  @Override
  public void create(StoreCreateRequest request, StreamObserver<StoreCreateResponse> observer) {
    Answers.unary(
        observer,
        () ->
            StoreCreateResponse.newBuilder()
                .setSandbox(
                    sandboxes.create(CallScope.required().namespace(), request.getSandbox()))
                .build());
  }

  @Override
  public void update(StoreUpdateRequest request, StreamObserver<StoreUpdateResponse> observer) {
    Answers.unary(
        observer,
        () ->
            StoreUpdateResponse.newBuilder()
                .setSandbox(
                    sandboxes.update(
                        CallScope.required().namespace(),
                        request.getSandbox(),
                        request.getFieldsList()))
                .build());
  }

  @Override
  public void delete(StoreDeleteRequest request, StreamObserver<StoreDeleteResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          sandboxes.delete(CallScope.required().namespace(), request.getSandboxId());
          return StoreDeleteResponse.getDefaultInstance();
        });
  }

  @Override
  public void list(StoreListRequest request, StreamObserver<StoreListResponse> observer) {
    Answers.unary(
        observer,
        () ->
            StoreListResponse.newBuilder()
                .addAllList(
                    sandboxes.list(CallScope.required().namespace(), request.getFiltersList()))
                .build());
  }

  @Override
  public void get(StoreGetRequest request, StreamObserver<StoreGetResponse> observer) {
    Answers.unary(
        observer,
        () ->
            StoreGetResponse.newBuilder()
                .setSandbox(sandboxes.get(CallScope.required().namespace(), request.getSandboxId()))
                .build());
  }
}
