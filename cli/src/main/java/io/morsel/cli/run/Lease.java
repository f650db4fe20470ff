package io.morsel.cli.run;

import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.LateLogger;
import io.morsel.containerd.api.leases.CreateRequest;
import io.morsel.containerd.api.leases.DeleteRequest;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;

/** Keeps what is made for a container from being collected before the container refers to it. */
final class Lease implements AutoCloseable {
  /** Should this process die, the collector gets what it has left after so long. */
  private static final Duration EXPIRY = Duration.ofHours(24);

  private static final LateLogger log = new LateLogger(Lease.class);

  private final CoreClient client;
  private final String id = "morsel-run-" + UUID.randomUUID();

  private Lease(CoreClient client) {
    this.client = client;
  }

  static Lease create(CoreClient client) throws StatusException {
    Lease lease = new Lease(client);
    var _ =
        client
            .leases()
            .create(
                CreateRequest.newBuilder()
                    .setId(lease.id)
                    .putLabels(
                        "containerd.io/gc.expire",
                        Instant.now().plus(EXPIRY).truncatedTo(ChronoUnit.SECONDS).toString())
                    .build());
    return lease;
  }

  String id() {
    return id;
  }

  /** Deletes it, also on a thread that has been interrupted. */
  @Override
  public void close() {
    boolean interrupted = Thread.interrupted();
    try {
      var _ = client.leases().delete(DeleteRequest.newBuilder().setId(id).build());
    } catch (StatusException failure) {
      log.log(
          to ->
              to.warn(
                  "can't delete lease {}, it will expire within {} hours: {}",
                  id,
                  EXPIRY.toHours(),
                  CoreClient.message(failure)));
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
