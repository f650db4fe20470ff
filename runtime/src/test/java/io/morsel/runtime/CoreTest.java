package io.morsel.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import com.google.protobuf.Empty;
import com.google.protobuf.Int32Value;
import com.google.protobuf.StringValue;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.morsel.containerd.CallHeaders;
import io.morsel.containerd.UnixChannel;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.containers.ContainersGrpc;
import io.morsel.containerd.api.containers.CreateContainerRequest;
import io.morsel.containerd.api.containers.GetContainerRequest;
import io.morsel.containerd.api.containers.ListContainersRequest;
import io.morsel.containerd.api.containers.UpdateContainerRequest;
import io.morsel.containerd.api.images.ImagesGrpc;
import io.morsel.containerd.api.images.ListImagesRequest;
import io.morsel.containerd.api.introspection.IntrospectionGrpc;
import io.morsel.containerd.api.namespaces.ListNamespacesRequest;
import io.morsel.containerd.api.namespaces.Namespace;
import io.morsel.containerd.api.namespaces.NamespacesGrpc;
import io.morsel.containerd.api.sandbox.StoreCreateRequest;
import io.morsel.containerd.api.sandbox.StoreGetRequest;
import io.morsel.containerd.api.sandbox.StoreGrpc;
import io.morsel.containerd.api.types.Sandbox;
import io.morsel.snapshotter.MorselConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole core, called over its socket. */
final class CoreTest {
  @TempDir Path directory;
  private Core core;
  private UnixChannel client;

  @BeforeEach
  void start() throws IOException {
    core = Core.start(settings());
    client = UnixChannel.open(directory.resolve("core.sock"));
  }

  private CoreSettings settings() {
    return new CoreSettings(
        directory.resolve("root"),
        directory.resolve("state"),
        directory.resolve("core.sock"),
        MorselConfig.defaults(),
        "7",
        "abc");
  }

  @AfterEach
  void stop() {
    client.close();
    core.close();
  }

  private Channel in(String namespace) {
    return client.channel(CallHeaders.namespace(namespace));
  }

  private static void assertFails(Status.Code code, String message, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(code);
              assertThat(e.getStatus().getDescription()).isEqualTo(message);
            });
  }

  @Test
  void callsNeedANamespaceThatThereCanBe() {
    assertFails(
        Status.Code.FAILED_PRECONDITION,
        "namespace is required: failed precondition",
        () ->
            ImagesGrpc.newBlockingStub(client.channel())
                .list(ListImagesRequest.getDefaultInstance()));
    assertFails(
        Status.Code.INVALID_ARGUMENT,
        "namespace validation: identifier \"a!\" must match"
            + " ^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$: invalid argument",
        () -> ImagesGrpc.newBlockingStub(in("a!")).list(ListImagesRequest.getDefaultInstance()));
    assertThat(
            IntrospectionGrpc.newBlockingStub(client.channel())
                .server(Empty.getDefaultInstance())
                .getPid())
        .isEqualTo(ProcessHandle.current().pid());
  }

  /** As containerd's Go client does to find out whether a daemon serves. */
  @Test
  void healthIsToldToWhoAsksOfTheWholeServer() {
    // Both messages of grpc.health.v1 are their field 1: which service, and SERVING, which is 1.
    MethodDescriptor<StringValue, Int32Value> check =
        MethodDescriptor.<StringValue, Int32Value>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("grpc.health.v1.Health/Check")
            .setRequestMarshaller(ProtoUtils.marshaller(StringValue.getDefaultInstance()))
            .setResponseMarshaller(ProtoUtils.marshaller(Int32Value.getDefaultInstance()))
            .build();
    assertThat(
            ClientCalls.blockingUnaryCall(
                client.channel(), check, CallOptions.DEFAULT, StringValue.getDefaultInstance()))
        .isEqualTo(Int32Value.of(1));
    assertFails(
        Status.Code.NOT_FOUND,
        "unknown service",
        () ->
            ClientCalls.blockingUnaryCall(
                client.channel(), check, CallOptions.DEFAULT, StringValue.of("none")));
  }

  @Test
  void servicesThatAreMissingSaySo() {
    MethodDescriptor<Empty, Empty> none =
        MethodDescriptor.<Empty, Empty>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("containerd.services.none.v1.None/None")
            .setRequestMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance()))
            .setResponseMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance()))
            .build();
    assertThatThrownBy(
            () ->
                ClientCalls.blockingUnaryCall(
                    in("a"), none, CallOptions.DEFAULT, Empty.getDefaultInstance()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED));
  }

  @Test
  void containersAreCheckedKeptAndChanged() throws Exception {
    var containers = ContainersGrpc.newBlockingStub(in("a"));
    Container container =
        Container.newBuilder()
            .setId("c")
            .setRuntime(Container.Runtime.newBuilder().setName("runc"))
            .setSpec(Any.newBuilder().setTypeUrl("spec"))
            .setSandbox("s")
            .putLabels("x", "y")
            .putLabels("empty", "")
            .build();
    assertFails(
        Status.Code.INVALID_ARGUMENT,
        "create container failed validation: container.Spec must be set: invalid argument",
        () ->
            containers.create(
                CreateContainerRequest.newBuilder()
                    .setContainer(container.toBuilder().clearSpec())
                    .build()));
    var _ = containers.create(CreateContainerRequest.newBuilder().setContainer(container).build());
    assertFails(
        Status.Code.ALREADY_EXISTS,
        "container \"c\": already exists",
        () ->
            containers.create(CreateContainerRequest.newBuilder().setContainer(container).build()));
    assertFails(
        Status.Code.INVALID_ARGUMENT,
        "container.Runtime.Name field is immutable: invalid argument",
        () ->
            containers.update(
                UpdateContainerRequest.newBuilder()
                    .setContainer(container.toBuilder().clearRuntime())
                    .build()));
    UpdateContainerRequest.Builder update =
        UpdateContainerRequest.newBuilder()
            .setContainer(container.toBuilder().setImage("i").putLabels("x", "z"));
    update.getUpdateMaskBuilder().addPaths("image").addPaths("labels.x");
    var _ = containers.update(update.build());
    // What was answered is on the disk.
    stop();
    start();
    Container kept =
        ContainersGrpc.newBlockingStub(in("a"))
            .get(GetContainerRequest.newBuilder().setId("c").build())
            .getContainer();
    assertThat(kept.getImage()).isEqualTo("i");
    assertThat(kept.getSandbox()).isEqualTo("s");
    assertThat(kept.getLabelsMap()).isEqualTo(java.util.Map.of("x", "z"));
    assertThat(
            ContainersGrpc.newBlockingStub(in("a"))
                .list(ListContainersRequest.newBuilder().addFilters("runtime.name==runc").build())
                .getContainersList())
        .hasSize(1);
    assertThat(
            NamespacesGrpc.newBlockingStub(client.channel())
                .list(ListNamespacesRequest.getDefaultInstance())
                .getNamespacesList())
        .extracting(Namespace::getName)
        .isEqualTo(List.of("a"));
  }

  @Test
  void sandboxesAreKept() {
    var sandboxes = StoreGrpc.newBlockingStub(in("a"));
    Sandbox sandbox = Sandbox.newBuilder().setSandboxId("s").setSandboxer("shim").build();
    var _ = sandboxes.create(StoreCreateRequest.newBuilder().setSandbox(sandbox).build());
    assertThat(
            sandboxes
                .get(StoreGetRequest.newBuilder().setSandboxId("s").build())
                .getSandbox()
                .getSandboxer())
        .isEqualTo("shim");
    assertFails(
        Status.Code.NOT_FOUND,
        "bucket \"none\" not found: not found",
        () -> sandboxes.get(StoreGetRequest.newBuilder().setSandboxId("none").build()));
  }

  @Test
  void secondCoreOnTheSameRootIsRefused() {
    assertThatThrownBy(() -> Core.start(settings()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("uses the root");
  }
}
