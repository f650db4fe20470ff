package io.morsel.cli.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.morsel.runtime.Core;
import io.morsel.runtime.CoreSettings;
import io.morsel.snapshotter.MorselConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A core that warms up has gone through {@link RunsService} before a client calls it. */
final class RunsWarmUpTest {
  @TempDir Path directory;

  /** Notes how calls have ended. */
  private record Noting(BlockingQueue<Status.Code> codes) implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      return next.startCall(
          new SimpleForwardingServerCall<>(call) {
            @Override
            public void close(Status status, Metadata trailers) {
              codes.add(status.getCode());
              super.close(status, trailers);
            }
          },
          headers);
    }
  }

  @Test
  void containersAreMadeInOneCall() throws Exception {
    assumeThat(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))
        .as("mounting needs root")
        .isEqualTo(0);
    assumeThat(Path.of("/dev/fuse")).exists();
    Noting noting = new Noting(new LinkedBlockingQueue<>());
    CoreSettings settings =
        new CoreSettings(
            directory.resolve("root"),
            directory.resolve("state"),
            directory.resolve("core.sock"),
            MorselConfig.defaults(),
            "7",
            "abc");
    try (Core _ =
        Core.startDaemon(
            settings,
            address ->
                List.of(() -> ServerInterceptors.intercept(new RunsService(address), noting)))) {
      for (int i = 0; i < 2; i++) {
        assertThat(noting.codes().poll(120, TimeUnit.SECONDS)).isEqualTo(Status.Code.OK);
      }
    }
  }
}
