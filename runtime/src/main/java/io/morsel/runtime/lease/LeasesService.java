package io.morsel.runtime.lease;

import com.google.protobuf.Empty;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.api.leases.AddResourceRequest;
import io.morsel.containerd.api.leases.CreateRequest;
import io.morsel.containerd.api.leases.CreateResponse;
import io.morsel.containerd.api.leases.DeleteRequest;
import io.morsel.containerd.api.leases.DeleteResourceRequest;
import io.morsel.containerd.api.leases.LeasesGrpc;
import io.morsel.containerd.api.leases.ListRequest;
import io.morsel.containerd.api.leases.ListResourcesRequest;
import io.morsel.containerd.api.leases.ListResourcesResponse;
import io.morsel.containerd.api.leases.ListResponse;
import io.morsel.runtime.gc.Scheduler;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.grpc.CallScope;

/** {@code containerd.services.leases.v1} over a {@link LeaseStore}. */
public final class LeasesService extends LeasesGrpc.LeasesImplBase {
  private final LeaseStore leases;
  private final Scheduler gc;

  /** The service over {@code leases}. */
  public LeasesService(LeaseStore leases, Scheduler gc) {
    this.leases = leases;
    this.gc = gc;
  }

  @Override
  public void create(CreateRequest request, StreamObserver<CreateResponse> observer) {
    Answers.unary(
        observer,
        () ->
            CreateResponse.newBuilder()
                .setLease(
                    leases.create(
                        CallScope.required().namespace(), request.getId(), request.getLabelsMap()))
                .build());
  }

  @Override
  public void delete(DeleteRequest request, StreamObserver<Empty> observer) {
    Answers.empty(
        observer,
        () -> {
          leases.delete(CallScope.required().namespace(), request.getId());
          if (request.getSync()) {
            gc.collectAndWait();
          }
        });
  }

  @Override
  public void list(ListRequest request, StreamObserver<ListResponse> observer) {
    Answers.unary(
        observer,
        () ->
            ListResponse.newBuilder()
                .addAllLeases(
                    leases.list(CallScope.required().namespace(), request.getFiltersList()))
                .build());
  }

  @Override
  public void addResource(AddResourceRequest request, StreamObserver<Empty> observer) {
    Answers.empty(
        observer,
        () ->
            leases.addResource(
                CallScope.required().namespace(), request.getId(), request.getResource()));
  }

  @Override
  public void deleteResource(DeleteResourceRequest request, StreamObserver<Empty> observer) {
    Answers.empty(
        observer,
        () ->
            leases.deleteResource(
                CallScope.required().namespace(), request.getId(), request.getResource()));
  }

  @Override
  public void listResources(
      ListResourcesRequest request, StreamObserver<ListResourcesResponse> observer) {
    Answers.unary(
        observer,
        () ->
            ListResourcesResponse.newBuilder()
                .addAllResources(
                    leases.resources(CallScope.required().namespace(), request.getId()))
                .build());
  }
}
