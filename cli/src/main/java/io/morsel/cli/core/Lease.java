package io.morsel.cli.core;

import io.grpc.Channel;
import io.grpc.StatusException;
import io.morsel.cli.terminal.LateLogger;
import io.morsel.containerd.api.leases.CreateRequest;
import io.morsel.containerd.api.leases.DeleteRequest;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;

/**
 * Keeps what a command makes in a core from being collected before something refers to it: what
 * nothing refers to when the lease is closed is collected then. Safe for use by many threads.
 */
public final class Lease implements AutoCloseable {
  /** Should this process die, the collector gets what it has left after so long. */
  private static final Duration EXPIRY = Duration.ofHours(24);

  private static final LateLogger log = new LateLogger(Lease.class);

  private final CoreClient client;
  private final String id;
  private final Channel channel;

  private Lease(CoreClient client, String id) {
    this.client = client;
    this.id = id;
    this.channel = client.leased(id);
  }

  /**
   * Takes a lease.
   *
   * @param command the command that takes it, for the lease's name
   */
  public static Lease create(CoreClient client, String command) throws StatusException {
    Lease lease = new Lease(client, "morsel-" + command + "-" + UUID.randomUUID());
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

  /** The channel for stubs whose calls are made under the lease, and have no deadline. */
  public Channel channel() {
    return channel;
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
