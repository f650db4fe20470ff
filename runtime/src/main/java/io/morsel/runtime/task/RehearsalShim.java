package io.morsel.runtime.task;

import io.morsel.containerd.api.events.TaskExit;
import io.morsel.containerd.api.shim.CreateTaskResponse;
import io.morsel.containerd.api.shim.DeleteResponse;
import io.morsel.containerd.api.shim.StartRequest;
import io.morsel.containerd.api.shim.StartResponse;
import io.morsel.containerd.api.shim.StateResponse;
import io.morsel.containerd.api.shim.WaitResponse;
import io.morsel.containerd.api.shim.events.ForwardRequest;
import io.morsel.containerd.api.types.Envelope;
import io.morsel.containerd.api.types.Status;
import io.morsel.runtime.grpc.TypeUrls;
import io.morsel.runtime.store.Times;
import io.morsel.ttrpc.TtrpcClient;
import io.morsel.ttrpc.TtrpcException;
import io.morsel.ttrpc.TtrpcServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.CountDownLatch;

/**
 * What stands in for a shim while a core rehearses, where there may be neither a runtime nor the
 * right to run one: it says of a process that it started and ended at once. It serves one container
 * and ends with it.
 */
public final class RehearsalShim implements AutoCloseable {
  private static final int PID = 4_000_001;

  private final Path program;
  private final TtrpcClient events;
  private final String namespace;
  private final TtrpcServer server;
  private final CountDownLatch started = new CountDownLatch(1);
  private volatile boolean deleted;

  private RehearsalShim(Path directory, TtrpcClient events, String namespace) throws IOException {
    this.program = directory.resolve("containerd-shim-rehearsal-v2");
    this.events = events;
    this.namespace = namespace;
    Path socket = directory.resolve("shim");
    ShimService.writeProgram(
        program,
        """
        #!/bin/sh
        cat >/dev/null
        echo unix://%s
        """
            .formatted(socket));
    this.server = serve(socket);
  }

  /**
   * Starts one.
   *
   * @param directory where its program and its socket are made, or made anew
   * @param address the core's socket for clients, which has to be served
   * @param namespace of its container
   */
  public static RehearsalShim start(Path directory, Path address, String namespace)
      throws IOException {
    TtrpcClient events = TtrpcClient.connect(ShimEvents.socket(address));
    boolean started = false;
    try {
      RehearsalShim shim = new RehearsalShim(directory, events, namespace);
      started = true;
      return shim;
    } finally {
      if (!started) {
        events.close();
      }
    }
  }

  private TtrpcServer serve(Path socket) throws IOException {
    return new ShimService()
        .create((_, _) -> CreateTaskResponse.newBuilder().setPid(PID).build())
        .start((request, _) -> start(request))
        .state(
            (request, _) ->
                StateResponse.newBuilder()
                    .setId(request.getId())
                    .setPid(PID)
                    .setStatus(Status.STOPPED)
                    .build())
        .await(
            (_, _) -> {
              started.await();
              return WaitResponse.getDefaultInstance();
            })
        .delete(
            (_, _) -> {
              deleted = true;
              return DeleteResponse.newBuilder().setPid(PID).build();
            })
        .shutdown(this::close)
        .serve(socket);
  }

  private StartResponse start(StartRequest request) throws TtrpcException, InterruptedException {
    started.countDown();
    TaskExit exit =
        TaskExit.newBuilder()
            .setContainerId(request.getId())
            .setId(request.getId())
            .setPid(PID)
            .setExitedAt(Times.now(Clock.systemUTC()))
            .build();
    var _ =
        events.call(
            ShimEvents.FORWARD,
            ForwardRequest.newBuilder()
                .setEnvelope(
                    Envelope.newBuilder()
                        .setTimestamp(Times.now(Clock.systemUTC()))
                        .setNamespace(namespace)
                        .setTopic(ExitPublisher.EXIT_TOPIC)
                        .setEvent(TypeUrls.pack(exit)))
                .build());
    return StartResponse.newBuilder().setPid(PID).build();
  }

  /** The runtime's name. */
  public Path program() {
    return program;
  }

  /** Whether the container's task was made, has ended and was deleted. */
  public boolean isDone() {
    return deleted;
  }

  @Override
  public void close() {
    server.close();
    events.close();
  }
}
