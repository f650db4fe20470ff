package io.morsel.runtime.namespace;

import com.google.protobuf.Empty;
import com.google.protobuf.Message;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.api.events.NamespaceCreate;
import io.morsel.containerd.api.events.NamespaceDelete;
import io.morsel.containerd.api.events.NamespaceUpdate;
import io.morsel.containerd.api.namespaces.CreateNamespaceRequest;
import io.morsel.containerd.api.namespaces.CreateNamespaceResponse;
import io.morsel.containerd.api.namespaces.DeleteNamespaceRequest;
import io.morsel.containerd.api.namespaces.GetNamespaceRequest;
import io.morsel.containerd.api.namespaces.GetNamespaceResponse;
import io.morsel.containerd.api.namespaces.ListNamespacesRequest;
import io.morsel.containerd.api.namespaces.ListNamespacesResponse;
import io.morsel.containerd.api.namespaces.Namespace;
import io.morsel.containerd.api.namespaces.NamespacesGrpc;
import io.morsel.containerd.api.namespaces.UpdateNamespaceRequest;
import io.morsel.containerd.api.namespaces.UpdateNamespaceResponse;
import io.morsel.runtime.event.Exchange;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.grpc.CallScope;

/** {@code containerd.services.namespaces.v1} over a {@link NamespaceStore}. */
public final class NamespacesService extends NamespacesGrpc.NamespacesImplBase {
  private final NamespaceStore namespaces;
  private final Exchange events;

  /** The service over {@code namespaces}. */
  public NamespacesService(NamespaceStore namespaces, Exchange events) {
    this.namespaces = namespaces;
    this.events = events;
  }

  @Override
  public void get(GetNamespaceRequest request, StreamObserver<GetNamespaceResponse> observer) {
    Answers.unary(
        observer,
        () ->
            GetNamespaceResponse.newBuilder()
                .setNamespace(namespaces.get(request.getName()))
                .build());
  }

  @Override
  public void list(ListNamespacesRequest request, StreamObserver<ListNamespacesResponse> observer) {
    Answers.unary(
        observer,
        () -> ListNamespacesResponse.newBuilder().addAllNamespaces(namespaces.list()).build());
  }

  @Override
  public void create(
      CreateNamespaceRequest request, StreamObserver<CreateNamespaceResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          Namespace namespace = request.getNamespace();
          namespaces.create(namespace);
          publish(
              namespace.getName(),
              "/namespaces/create",
              NamespaceCreate.newBuilder()
                  .setName(namespace.getName())
                  .putAllLabels(namespace.getLabelsMap())
                  .build());
          return CreateNamespaceResponse.newBuilder().setNamespace(namespace).build();
        });
  }

  @Override
  public void update(
      UpdateNamespaceRequest request, StreamObserver<UpdateNamespaceResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          Namespace namespace = request.getNamespace();
          namespaces.update(namespace, request.getUpdateMask().getPathsList());
          publish(
              namespace.getName(),
              "/namespaces/update",
              NamespaceUpdate.newBuilder()
                  .setName(namespace.getName())
                  .putAllLabels(namespace.getLabelsMap())
                  .build());
          // There is a namespace in containerd's answer, and nothing in that.
          return UpdateNamespaceResponse.newBuilder()
              .setNamespace(Namespace.getDefaultInstance())
              .build();
        });
  }

  @Override
  public void delete(DeleteNamespaceRequest request, StreamObserver<Empty> observer) {
    Answers.empty(
        observer,
        () -> {
          namespaces.delete(request.getName());
          events.publish(
              request.getName(),
              "/namespaces/delete",
              NamespaceDelete.newBuilder().setName(request.getName()).build());
        });
  }

  /** In the caller's namespace, as containerd does, where the call names one. */
  private void publish(String name, String topic, Message event) {
    events.publish(CallScope.namespace().orElse(name), topic, event);
  }
}
