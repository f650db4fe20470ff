package io.morsel.runtime.introspection;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.api.health.HealthCheckRequest;
import io.morsel.containerd.api.health.HealthCheckResponse;
import io.morsel.containerd.api.health.HealthGrpc;
import io.morsel.runtime.grpc.Answers;

/**
 * {@code grpc.health.v1}, by which containerd's clients and service managers ask whether a daemon
 * serves ({@code client.IsServing} of its Go client). Only {@code Check}: who would {@code Watch}
 * sees the connection end.
 */
public final class HealthService extends HealthGrpc.HealthImplBase {
  /** The service of a core that serves from when it can be asked until it stops. */
  public HealthService() {}

  @Override
  public void check(HealthCheckRequest request, StreamObserver<HealthCheckResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          if (!request.getService().isEmpty()) {
            // As containerd, which registers the whole server and none of its services.
            throw Answers.status(Status.Code.NOT_FOUND, "unknown service");
          }
          return HealthCheckResponse.newBuilder()
              .setStatus(HealthCheckResponse.ServingStatus.SERVING)
              .build();
        });
  }
}
