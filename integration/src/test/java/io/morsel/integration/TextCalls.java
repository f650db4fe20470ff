package io.morsel.integration;

import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.TextFormat;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.CallHeaders;
import io.morsel.containerd.UnixChannel;
import io.morsel.containerd.api.containers.ContainersProto;
import io.morsel.containerd.api.content.ContentProto;
import io.morsel.containerd.api.diff.DiffProto;
import io.morsel.containerd.api.eventservice.EventsProto;
import io.morsel.containerd.api.health.HealthProto;
import io.morsel.containerd.api.images.ImagesProto;
import io.morsel.containerd.api.introspection.IntrospectionProto;
import io.morsel.containerd.api.leases.LeasesProto;
import io.morsel.containerd.api.namespaces.NamespacesProto;
import io.morsel.containerd.api.snapshots.SnapshotsProto;
import io.morsel.containerd.api.tasks.TasksProto;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Makes calls that are written down as text, and tells their outcome as text. */
final class TextCalls implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 30;

  private static final List<ServiceDescriptor> SERVICES =
      List.of(
              ContainersProto.getDescriptor(),
              ContentProto.getDescriptor(),
              DiffProto.getDescriptor(),
              EventsProto.getDescriptor(),
              HealthProto.getDescriptor(),
              ImagesProto.getDescriptor(),
              IntrospectionProto.getDescriptor(),
              LeasesProto.getDescriptor(),
              NamespacesProto.getDescriptor(),
              SnapshotsProto.getDescriptor(),
              TasksProto.getDescriptor())
          .stream()
          .map(FileDescriptor::getServices)
          .flatMap(List::stream)
          .toList();

  private final UnixChannel connection;
  private final String namespace;

  TextCalls(Path socket, String namespace) {
    this.connection = UnixChannel.open(socket);
    this.namespace = namespace;
  }

  /**
   * Makes one call.
   *
   * @param line {@code Service.Method MESSAGE}, in protobuf's text format; several messages, for a
   *     call that takes them, are separated by {@code ;;}. With {@code @NAME } before it the call
   *     is in the namespace {@code NAME}, with {@code @ } in none
   * @return the answer's messages, or the status that the call failed with
   */
  String outcome(String line) {
    String rest = line;
    String where = namespace;
    if (rest.startsWith("@")) {
      int space = rest.indexOf(' ');
      where = rest.substring(1, space);
      rest = rest.substring(space + 1).strip();
    }
    int space = rest.indexOf(' ');
    MethodDescriptor method = method(space < 0 ? rest : rest.substring(0, space));
    List<DynamicMessage> requests = new ArrayList<>();
    for (String message : (space < 0 ? "" : rest.substring(space)).split(";;", -1)) {
      requests.add(parse(method, message));
    }
    Channel channel =
        where.isEmpty() ? connection.channel() : connection.channel(CallHeaders.namespace(where));
    return outcome(channel, method, requests);
  }

  private static MethodDescriptor method(String name) {
    int dot = name.indexOf('.');
    return SERVICES.stream()
        .filter(service -> service.getName().equals(name.substring(0, dot)))
        .map(service -> service.findMethodByName(name.substring(dot + 1)))
        .filter(Objects::nonNull)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no method " + name));
  }

  private static DynamicMessage parse(MethodDescriptor method, String text) {
    DynamicMessage.Builder message = DynamicMessage.newBuilder(method.getInputType());
    try {
      TextFormat.merge(text, message);
    } catch (TextFormat.ParseException e) {
      throw new IllegalArgumentException(method.getFullName() + " " + text, e);
    }
    return message.build();
  }

  private static String outcome(
      Channel channel, MethodDescriptor method, List<DynamicMessage> requests) {
    List<String> answers = new ArrayList<>();
    CompletableFuture<Status> end = new CompletableFuture<>();
    StreamObserver<DynamicMessage> observer =
        new StreamObserver<>() {
          @Override
          public void onNext(DynamicMessage answer) {
            answers.add(TextFormat.printer().emittingSingleLine(true).printToString(answer));
          }

          @Override
          public void onError(Throwable failure) {
            end.complete(Status.fromThrowable(failure));
          }

          @Override
          public void onCompleted() {
            end.complete(Status.OK);
          }
        };
    var call =
        channel.newCall(
            io.grpc.MethodDescriptor.<DynamicMessage, DynamicMessage>newBuilder()
                .setType(MethodType.BIDI_STREAMING)
                .setFullMethodName(method.getService().getFullName() + "/" + method.getName())
                .setRequestMarshaller(
                    ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(method.getInputType())))
                .setResponseMarshaller(
                    ProtoUtils.marshaller(
                        DynamicMessage.getDefaultInstance(method.getOutputType())))
                .build(),
            CallOptions.DEFAULT.withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS));
    StreamObserver<DynamicMessage> sender = ClientCalls.asyncBidiStreamingCall(call, observer);
    requests.forEach(sender::onNext);
    sender.onCompleted();
    Status status = end.join();
    String words = status.isOk() ? "OK" : status.getCode() + ": " + status.getDescription();
    answers.add(words);
    return String.join("\n", answers);
  }

  @Override
  public void close() {
    connection.close();
  }
}
