package io.morsel.runtime.task;

import com.google.protobuf.Empty;
import io.morsel.containerd.api.shim.CheckpointTaskRequest;
import io.morsel.containerd.api.shim.ConnectResponse;
import io.morsel.containerd.api.shim.CreateTaskRequest;
import io.morsel.containerd.api.shim.CreateTaskResponse;
import io.morsel.containerd.api.shim.DeleteResponse;
import io.morsel.containerd.api.shim.StateRequest;
import io.morsel.containerd.api.shim.StateResponse;
import io.morsel.containerd.api.shim.WaitResponse;
import io.morsel.containerd.api.types.Status;
import io.morsel.ttrpc.StatusCode;
import io.morsel.ttrpc.TtrpcException;
import io.morsel.ttrpc.TtrpcServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A shim that does what no real one can be made to do here: a script stands for its program, and a
 * server in this process for what it leaves behind. Its processes run until {@link #exit}.
 */
final class FakeShim implements AutoCloseable {
  static final int PID = 4_000_001;
  static final int EXEC_PID = 4_000_002;

  private final Path directory;
  private final TtrpcServer server;
  private final CountDownLatch exited = new CountDownLatch(1);
  final List<CreateTaskRequest> created = new CopyOnWriteArrayList<>();
  final AtomicInteger waits = new AtomicInteger();
  private final CountDownLatch waited = new CountDownLatch(1);
  private volatile String restored = "";

  FakeShim(Path directory) throws IOException {
    this.directory = directory;
    Path program = program();
    DeleteResponse dead = DeleteResponse.newBuilder().setPid(PID).setExitStatus(137).build();
    Files.write(directory.resolve("dead"), dead.toByteArray());
    ShimService.writeProgram(
        program,
        """
        #!/bin/sh
        for word; do last=$word; done
        if [ "$last" = start ]; then cat > %1$s/options; echo unix://%1$s/shim; else cat %1$s/dead; fi
        """
            .formatted(directory));
    this.server = serve();
  }

  /** The runtime's name. */
  Path program() {
    return directory.resolve("containerd-shim-fake-v2");
  }

  private TtrpcServer serve() throws IOException {
    return new ShimService()
        .connect((_, _) -> ConnectResponse.newBuilder().setTaskPid(PID).build())
        .create((request, _) -> create(request))
        .state((request, _) -> state(request))
        .exec((_, _) -> Empty.getDefaultInstance())
        .await(
            (_, _) -> {
              waits.incrementAndGet();
              waited.countDown();
              exited.await();
              return WaitResponse.newBuilder().setExitStatus(3).build();
            })
        .delete((_, _) -> DeleteResponse.newBuilder().setPid(PID).setExitStatus(3).build())
        .checkpoint((request, _) -> checkpoint(request))
        .shutdown(this::close)
        .serve(directory.resolve("shim"));
  }

  private CreateTaskResponse create(CreateTaskRequest request) {
    created.add(request);
    if (!request.getCheckpoint().isEmpty()) {
      try {
        restored = Files.readString(Path.of(request.getCheckpoint()).resolve("pages"));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return CreateTaskResponse.newBuilder().setPid(PID).build();
  }

  private StateResponse state(StateRequest request) throws TtrpcException {
    if (created.isEmpty()) {
      throw new TtrpcException(StatusCode.NOT_FOUND, "container: not found");
    }
    boolean running = exited.getCount() > 0;
    return StateResponse.newBuilder()
        .setPid(request.getExecId().isEmpty() ? PID : EXEC_PID)
        .setStatus(running ? Status.RUNNING : Status.STOPPED)
        .setExitStatus(running ? 0 : 3)
        .build();
  }

  private static Empty checkpoint(CheckpointTaskRequest request) {
    try {
      Files.writeString(Path.of(request.getPath()).resolve("pages"), "memory");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Empty.getDefaultInstance();
  }

  /** What a task was restored from. */
  String restored() {
    return restored;
  }

  /** Returns once somebody waits for an exit. */
  void awaitWait() throws InterruptedException {
    waited.await();
  }

  /** Ends all its processes with status 3, of which it tells nobody. */
  void exit() {
    exited.countDown();
  }

  /** Dies. */
  @Override
  public void close() {
    server.close();
  }
}
