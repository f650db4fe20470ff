package io.morsel.cli.core;

import io.grpc.StatusException;
import io.morsel.cli.terminal.CommandException;
import io.morsel.containerd.api.leases.CreateRequest;
import io.morsel.containerd.api.leases.DeleteRequest;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;

/** {@code morsel gc}: has a core's garbage collected. */
public final class GarbageCollection {
  private static final Duration LEASE_EXPIRY = Duration.ofMinutes(10);

  private GarbageCollection() {}

  /**
   * Returns once everything that nothing refers to is gone, in all namespaces. containerd has no
   * call for that but this: a lease is deleted, with the wish to see what comes of it.
   *
   * @return how long it took, in milliseconds
   */
  public static long run(CoreClient client) throws CommandException {
    String lease = "morsel-gc-" + UUID.randomUUID();
    try {
      var _ =
          client
              .leases()
              .create(
                  CreateRequest.newBuilder()
                      .setId(lease)
                      .putLabels(
                          "containerd.io/gc.expire",
                          Instant.now()
                              .plus(LEASE_EXPIRY)
                              .truncatedTo(ChronoUnit.SECONDS)
                              .toString())
                      .build());
      long start = System.nanoTime();
      var _ =
          client
              .waitingLeases()
              .delete(DeleteRequest.newBuilder().setId(lease).setSync(true).build());
      return (System.nanoTime() - start) / 1_000_000;
    } catch (StatusException failure) {
      throw CoreClient.failed("can't have garbage collected", failure);
    }
  }
}
