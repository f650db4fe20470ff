package io.morsel.runtime.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import io.grpc.StatusRuntimeException;
import io.morsel.containerd.CallHeaders;
import io.morsel.containerd.UnixChannel;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.containers.ContainersGrpc;
import io.morsel.containerd.api.containers.CreateContainerRequest;
import io.morsel.containerd.api.containers.GetContainerRequest;
import io.morsel.containerd.api.content.ContentGrpc;
import io.morsel.containerd.api.content.ListContentRequest;
import io.morsel.containerd.api.events.TaskExit;
import io.morsel.containerd.api.eventservice.EventsGrpc;
import io.morsel.containerd.api.eventservice.PublishRequest;
import io.morsel.containerd.api.eventservice.SubscribeRequest;
import io.morsel.containerd.api.leases.CreateRequest;
import io.morsel.containerd.api.leases.LeasesGrpc;
import io.morsel.containerd.api.shim.events.ForwardRequest;
import io.morsel.containerd.api.tasks.CheckpointTaskRequest;
import io.morsel.containerd.api.tasks.CreateTaskRequest;
import io.morsel.containerd.api.tasks.DeleteTaskRequest;
import io.morsel.containerd.api.tasks.ExecProcessRequest;
import io.morsel.containerd.api.tasks.ListTasksRequest;
import io.morsel.containerd.api.tasks.TasksGrpc;
import io.morsel.containerd.api.tasks.TasksGrpc.TasksBlockingStub;
import io.morsel.containerd.api.tasks.WaitRequest;
import io.morsel.containerd.api.tasks.WaitResponse;
import io.morsel.containerd.api.types.Descriptor;
import io.morsel.containerd.api.types.Envelope;
import io.morsel.runtime.Core;
import io.morsel.runtime.CoreSettings;
import io.morsel.runtime.container.ContainerEnd;
import io.morsel.runtime.event.Exchange;
import io.morsel.snapshotter.MorselConfig;
import io.morsel.ttrpc.TtrpcClient;
import io.morsel.ttrpc.TtrpcMethod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A core's tasks with a shim that does what real ones do rarely, or not on every machine. */
@Timeout(120)
final class TasksTest {
  private static final TtrpcMethod<ForwardRequest, Empty> FORWARD =
      TtrpcMethod.unary(
          "containerd.services.events.ttrpc.v1.Events",
          "Forward",
          ForwardRequest.getDefaultInstance(),
          Empty.getDefaultInstance());

  /** By which a subscription shows that it is there. */
  private static final String MARK = "/tasks/mark";

  @TempDir private Path directory;
  private final BlockingQueue<Envelope> events = new LinkedBlockingQueue<>();
  private Core core;
  private UnixChannel client;
  private FakeShim shim;

  @BeforeEach
  void start() throws Exception {
    shim = new FakeShim(directory);
    startCore();
  }

  private void startCore() throws Exception {
    core =
        Core.start(
            new CoreSettings(
                directory.resolve("root"),
                directory.resolve("state"),
                directory.resolve("core"),
                MorselConfig.defaults(),
                "7",
                "abc"));
    client = UnixChannel.open(directory.resolve("core"));
    Iterator<Envelope> subscription =
        EventsGrpc.newBlockingStub(client.channel())
            .subscribe(SubscribeRequest.newBuilder().addFilters("topic~=\"^/tasks/\"").build());
    CountDownLatch subscribed = new CountDownLatch(1);
    Thread.ofVirtual().start(() -> receive(subscription, subscribed));
    while (!subscribed.await(10, TimeUnit.MILLISECONDS)) {
      var _ =
          EventsGrpc.newBlockingStub(client.channel(CallHeaders.namespace("ns")))
              .publish(PublishRequest.newBuilder().setTopic(MARK).build());
    }
  }

  private void receive(Iterator<Envelope> subscription, CountDownLatch subscribed) {
    try {
      subscription.forEachRemaining(
          event -> {
            if (event.getTopic().equals(MARK)) {
              subscribed.countDown();
            } else {
              events.add(event);
            }
          });
    } catch (StatusRuntimeException e) {
      // The core or the client has ended: what is missing then, the tests miss.
      subscribed.countDown();
    }
  }

  private void stopCore() {
    client.close();
    core.close();
  }

  @AfterEach
  void stop() {
    stopCore();
    shim.close();
  }

  private TasksBlockingStub tasks() {
    return TasksGrpc.newBlockingStub(client.channel(CallHeaders.namespace("ns")));
  }

  private void container(String id) {
    var _ =
        ContainersGrpc.newBlockingStub(client.channel(CallHeaders.namespace("ns")))
            .create(
                CreateContainerRequest.newBuilder()
                    .setContainer(
                        Container.newBuilder()
                            .setId(id)
                            .setRuntime(
                                Container.Runtime.newBuilder()
                                    .setName(shim.program().toString())
                                    .setOptions(any("container's")))
                            .setSpec(Any.newBuilder().setValue(ByteString.copyFromUtf8("{}"))))
                    .build());
  }

  /** How a container ended as its labels tell it: empty while that is not recorded. */
  private Optional<ContainerEnd> end(String id) {
    return ContainerEnd.of(
        ContainersGrpc.newBlockingStub(client.channel(CallHeaders.namespace("ns")))
            .get(GetContainerRequest.newBuilder().setId(id).build())
            .getContainer()
            .getLabelsMap());
  }

  private int recordedStatus(String id) {
    return end(id).orElseThrow().status();
  }

  private static Any any(String text) {
    return Any.newBuilder().setTypeUrl("o").setValue(ByteString.copyFromUtf8(text)).build();
  }

  private static CreateTaskRequest.Builder create(String id) {
    return CreateTaskRequest.newBuilder().setContainerId(id);
  }

  private TaskExit nextExit() throws Exception {
    Envelope envelope = events.poll(60, TimeUnit.SECONDS);
    assertThat(envelope).isNotNull();
    assertThat(envelope == null ? "" : envelope.getTopic()).isEqualTo("/tasks/exit");
    return TaskExit.parseFrom(envelope == null ? ByteString.EMPTY : envelope.getEvent().getValue());
  }

  private void forward(TtrpcClient sender, String topic, Message event) throws Exception {
    var _ =
        sender.call(
            FORWARD,
            ForwardRequest.newBuilder()
                .setEnvelope(
                    Envelope.newBuilder()
                        .setTimestamp(io.morsel.runtime.store.Times.now(Clock.systemUTC()))
                        .setNamespace("ns")
                        .setTopic(topic)
                        .setEvent(
                            Any.newBuilder()
                                .setTypeUrl(event.getDescriptorForType().getFullName())
                                .setValue(event.toByteString())))
                .build());
  }

  @Test
  void optionsComeFromTheTaskOrElseTheContainer() throws Exception {
    container("a");
    assertThat(tasks().create(create("a").setOptions(any("task's")).build()).getPid())
        .isEqualTo(FakeShim.PID);
    assertThat(shim.created.getFirst().getOptions()).isEqualTo(any("task's"));
    assertThat(Any.parseFrom(Files.readAllBytes(directory.resolve("options"))))
        .isEqualTo(any("task's"));
    assertThatThrownBy(() -> tasks().create(create("a").build()))
        .hasMessage("ALREADY_EXISTS: task a: already exists");
    container("b");
    var _ = tasks().create(create("b").build());
    assertThat(shim.created.getLast().getOptions()).isEqualTo(any("container's"));
  }

  @Test
  void anExitThatNoShimTellsOfIsPublishedOnceAfterARestart() throws Exception {
    container("a");
    var _ = tasks().create(create("a").build());
    var _ =
        tasks().exec(ExecProcessRequest.newBuilder().setContainerId("a").setExecId("e").build());
    stopCore();
    shim.exit();
    startCore();
    List<TaskExit> exits = List.of(nextExit(), nextExit());
    assertThat(exits).extracting(TaskExit::getId).containsExactlyInAnyOrder("a", "e");
    assertThat(exits).extracting(TaskExit::getExitStatus).containsOnly(3);
    try (TtrpcClient late = TtrpcClient.connect(directory.resolve("core.ttrpc"))) {
      for (TaskExit exit : exits) {
        forward(late, "/tasks/exit", exit);
      }
      TaskExit other =
          TaskExit.newBuilder()
              .setContainerId("a")
              .setId("other")
              .setPid(9)
              .setExitStatus(1)
              .build();
      forward(late, "/tasks/exit", other);
      assertThat(nextExit()).isEqualTo(other);
    }
    stopCore();
    startCore();
    assertThat(end("a")).isEmpty();
    assertThat(tasks().delete(DeleteTaskRequest.newBuilder().setContainerId("a").build()))
        .satisfies(end -> assertThat(end.getExitStatus()).isEqualTo(3));
    assertThat(events).isEmpty();
    assertThat(recordedStatus("a")).isEqualTo(3);
  }

  @Test
  void whoWaitsIsAnsweredByADeadShimsCleanup() throws Exception {
    container("a");
    var _ = tasks().create(create("a").build());
    WaitRequest request = WaitRequest.newBuilder().setContainerId("a").build();
    CompletableFuture<WaitResponse> wait =
        CompletableFuture.supplyAsync(() -> tasks().wait(request));
    shim.awaitWait();
    shim.close();
    assertThat(wait.get(60, TimeUnit.SECONDS).getExitStatus()).isEqualTo(137);
    assertThat(nextExit().getExitStatus()).isEqualTo(137);
    assertThat(events.poll(60, TimeUnit.SECONDS).getTopic()).isEqualTo("/tasks/delete");
    assertThat(recordedStatus("a")).isEqualTo(137);
    assertThat(tasks().list(ListTasksRequest.getDefaultInstance()).getTasksList()).isEmpty();
    assertThatThrownBy(
            () -> tasks().delete(DeleteTaskRequest.newBuilder().setContainerId("a").build()))
        .hasMessage("NOT_FOUND: task a not found");
  }

  @Test
  void allWhoWaitShareOneCall() throws Exception {
    container("a");
    var _ = tasks().create(create("a").build());
    WaitRequest request = WaitRequest.newBuilder().setContainerId("a").build();
    CompletableFuture<WaitResponse> wait =
        CompletableFuture.supplyAsync(() -> tasks().wait(request));
    shim.awaitWait();
    assertThatThrownBy(
            () -> tasks().withDeadlineAfter(java.time.Duration.ofMillis(200)).wait(request))
        .hasMessageContaining("DEADLINE_EXCEEDED");
    shim.exit();
    assertThat(wait.get(60, TimeUnit.SECONDS).getExitStatus()).isEqualTo(3);
    assertThat(tasks().wait(request).getExitStatus()).isEqualTo(3);
    assertThat(shim.waits).hasValue(1);
  }

  @Test
  void whoWaitsIsToldThatTheCoreStops() throws Exception {
    container("a");
    var _ = tasks().create(create("a").build());
    CompletableFuture<WaitResponse> wait =
        CompletableFuture.supplyAsync(
            () -> tasks().wait(WaitRequest.newBuilder().setContainerId("a").build()));
    shim.awaitWait();
    core.close();
    assertThatThrownBy(() -> wait.get(60, TimeUnit.SECONDS))
        .hasMessageContaining("UNAVAILABLE: the core is stopping");
  }

  @Test
  void aCheckpointIsKeptAndRestored() throws Exception {
    container("a");
    var _ = tasks().create(create("a").build());
    // As clients do: what nothing refers to is collected otherwise.
    var _ =
        LeasesGrpc.newBlockingStub(client.channel(CallHeaders.namespace("ns")))
            .create(CreateRequest.newBuilder().setId("l").build());
    List<Descriptor> kept =
        TasksGrpc.newBlockingStub(
                client.channel(CallHeaders.namespace("ns"), CallHeaders.lease("l")))
            .checkpoint(CheckpointTaskRequest.newBuilder().setContainerId("a").build())
            .getDescriptorsList();
    assertThat(kept)
        .extracting(Descriptor::getMediaType)
        .containsExactly(
            "application/vnd.containerd.container.criu.checkpoint.criu.tar",
            "application/vnd.containerd.container.checkpoint.config.v1+proto");
    assertThat(
            ContentGrpc.newBlockingStub(client.channel(CallHeaders.namespace("ns")))
                .list(ListContentRequest.getDefaultInstance()))
        .toIterable()
        .flatExtracting(answer -> answer.getInfoList())
        .extracting(info -> info.getDigest())
        .containsExactlyInAnyOrderElementsOf(kept.stream().map(Descriptor::getDigest).toList());
    container("b");
    assertThatThrownBy(() -> tasks().create(create("b").setCheckpoint(kept.getLast()).build()))
        .hasMessageContaining("unsupported checkpoint type");
    var _ = tasks().create(create("b").setCheckpoint(kept.getFirst()).build());
    assertThat(shim.restored()).isEqualTo("memory");
  }

  /** The shim's program knows only that it had to kill what it found. */
  @Test
  void anExitThatWasToldIsKeptThoughTheShimDiesLater() throws Exception {
    container("a");
    var _ = tasks().create(create("a").build());
    TaskExit told =
        TaskExit.newBuilder()
            .setContainerId("a")
            .setId("a")
            .setPid(FakeShim.PID)
            .setExitStatus(3)
            .setExitedAt(Timestamp.newBuilder().setSeconds(1_700_000_000).setNanos(5))
            .build();
    try (TtrpcClient sender = TtrpcClient.connect(directory.resolve("core.ttrpc"))) {
      forward(sender, "/tasks/exit", told);
    }
    assertThat(nextExit()).isEqualTo(told);
    stopCore();
    shim.close();
    startCore();
    assertThat(end("a")).contains(new ContainerEnd(3, Instant.ofEpochSecond(1_700_000_000, 5)));
  }

  @Test
  void whatRanWhenTheMachineWasRestartedHasEndedNobodyKnowsHow() throws Exception {
    container("a");
    container("b");
    var _ = tasks().create(create("a").build());
    stopCore();
    shim.close();
    Files.move(directory.resolve("state"), directory.resolve("before"));
    startCore();
    assertThat(recordedStatus("a")).isEqualTo(255);
    assertThat(end("b")).isEmpty();
  }

  @Test
  void whatNoShimCameOfIsRemovedAtTheNextStart() throws Exception {
    Path state = directory.resolve("state/io.containerd.runtime.v2.task/ns");
    Path work = directory.resolve("root/io.containerd.runtime.v2.task/ns");
    stopCore();
    Files.createDirectories(state.resolve("half/rootfs"));
    Files.createDirectories(state.resolve(".removed/rootfs"));
    Files.createDirectories(work.resolve("rebooted/criu"));
    startCore();
    assertThat(state).isEmptyDirectory();
    assertThat(work).isEmptyDirectory();
  }

  @Test
  void anExchangeKnowsWhetherSomebodyEverSubscribed() throws Exception {
    Exchange exchange = new Exchange(Clock.systemUTC());
    CompletableFuture<Boolean> waited =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                exchange.awaitSubscriber(java.time.Duration.ofDays(1));
                return true;
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    exchange.subscribe(List.of()).close();
    assertThat(waited.get(60, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aBundleThatCanNotBeMadeIsNamed() throws IOException {
    Path state = directory.resolve("state/io.containerd.runtime.v2.task/ns/a");
    Files.createDirectories(state);
    container("a");
    assertThatThrownBy(() -> tasks().create(create("a").build()))
        .hasMessageContaining("failed to start shim: bundle " + state + " exists already");
  }
}
