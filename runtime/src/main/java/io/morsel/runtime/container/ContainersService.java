package io.morsel.runtime.container;

import com.google.protobuf.Empty;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.containers.ContainersGrpc;
import io.morsel.containerd.api.containers.CreateContainerRequest;
import io.morsel.containerd.api.containers.CreateContainerResponse;
import io.morsel.containerd.api.containers.DeleteContainerRequest;
import io.morsel.containerd.api.containers.GetContainerRequest;
import io.morsel.containerd.api.containers.GetContainerResponse;
import io.morsel.containerd.api.containers.ListContainerMessage;
import io.morsel.containerd.api.containers.ListContainersRequest;
import io.morsel.containerd.api.containers.ListContainersResponse;
import io.morsel.containerd.api.containers.UpdateContainerRequest;
import io.morsel.containerd.api.containers.UpdateContainerResponse;
import io.morsel.containerd.api.events.ContainerCreate;
import io.morsel.containerd.api.events.ContainerDelete;
import io.morsel.runtime.event.Exchange;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.grpc.CallScope;
import java.util.List;

/** {@code containerd.services.containers.v1} over a {@link ContainerStore}. */
public final class ContainersService extends ContainersGrpc.ContainersImplBase {
  private final ContainerStore containers;
  private final ContainerUpdates updates;
  private final Exchange events;

  /** The service over {@code containers}. */
  public ContainersService(ContainerStore containers, Exchange events) {
    this.containers = containers;
    this.updates = new ContainerUpdates(containers, events);
    this.events = events;
  }

  @Override
  public void get(GetContainerRequest request, StreamObserver<GetContainerResponse> observer) {
    Answers.unary(
        observer,
        () ->
            GetContainerResponse.newBuilder()
                .setContainer(containers.get(CallScope.required().namespace(), request.getId()))
                .build());
  }

  @Override
  public void list(ListContainersRequest request, StreamObserver<ListContainersResponse> observer) {
    Answers.unary(
        observer,
        () -> ListContainersResponse.newBuilder().addAllContainers(found(request)).build());
  }

  @Override
  public void listStream(
      ListContainersRequest request, StreamObserver<ListContainerMessage> observer) {
    Answers.stream(
        observer,
        out -> {
          for (Container container : found(request)) {
            out.send(ListContainerMessage.newBuilder().setContainer(container).build());
          }
        });
  }

  private List<Container> found(ListContainersRequest request) throws ContainerdException {
    return containers.list(CallScope.required().namespace(), request.getFiltersList());
  }

  @Override
  public void create(
      CreateContainerRequest request, StreamObserver<CreateContainerResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          String namespace = CallScope.required().namespace();
          Container container = containers.create(namespace, request.getContainer());
          events.publish(
              namespace,
              "/containers/create",
              ContainerCreate.newBuilder()
                  .setId(container.getId())
                  .setImage(container.getImage())
                  .setRuntime(runtime(container))
                  .build());
          return CreateContainerResponse.newBuilder().setContainer(container).build();
        });
  }

  private static ContainerCreate.Runtime runtime(Container container) {
    ContainerCreate.Runtime.Builder runtime =
        ContainerCreate.Runtime.newBuilder().setName(container.getRuntime().getName());
    if (container.getRuntime().hasOptions()) {
      runtime.setOptions(container.getRuntime().getOptions());
    }
    return runtime.build();
  }

  @Override
  public void update(
      UpdateContainerRequest request, StreamObserver<UpdateContainerResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          if (request.getContainer().getId().isEmpty()) {
            throw Answers.status(Status.Code.INVALID_ARGUMENT, "Container.ID required");
          }
          Container container =
              updates.apply(
                  CallScope.required().namespace(),
                  request.getContainer(),
                  request.getUpdateMask().getPathsList());
          return UpdateContainerResponse.newBuilder().setContainer(container).build();
        });
  }

  @Override
  public void delete(DeleteContainerRequest request, StreamObserver<Empty> observer) {
    Answers.empty(
        observer,
        () -> {
          String namespace = CallScope.required().namespace();
          containers.delete(namespace, request.getId());
          events.publish(
              namespace,
              "/containers/delete",
              ContainerDelete.newBuilder().setId(request.getId()).build());
        });
  }
}
