package io.morsel.shim;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.shim.ShutdownRequest;
import io.morsel.ttrpc.TtrpcClient;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A running shim and the connection to it. The shim lives on when the connection, or this process,
 * ends. Safe for use by many threads.
 */
public final class Shim implements AutoCloseable {
  private final Bundle bundle;
  private final ShimAddress address;
  private final TtrpcClient client;
  private final TaskClient tasks;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private volatile boolean disconnected;

  Shim(Bundle bundle, ShimAddress address, TtrpcClient client, ShimLog log) {
    this.bundle = bundle;
    this.address = address;
    this.client = client;
    this.tasks = TaskClient.of(client, address.version(), bundle.namespace());
    var _ =
        client
            .closed()
            .thenRun(
                () -> {
                  log.close();
                  if (!disconnected) {
                    ended.complete(null);
                  }
                });
  }

  /** The bundle that the shim was started for. */
  public Bundle bundle() {
    return bundle;
  }

  /** The version of the task service that the shim serves, 2 or 3. */
  public int version() {
    return address.version();
  }

  /** Whether both are one process, which looks after several containers, such as those of a pod. */
  public boolean isSameProcessAs(Shim other) {
    return address.equals(other.address);
  }

  /** The shim's task service. */
  public TaskClient tasks() {
    return tasks;
  }

  /** Whether the connection to the shim is up. It turns false before calls fail for its loss. */
  public boolean isConnected() {
    return client.isOpen();
  }

  /**
   * Completes when the shim has closed its connection: it has shut down or died. Never completes
   * after {@link #close}.
   */
  public CompletableFuture<Void> ended() {
    return ended.copy();
  }

  /**
   * Asks the shim to end, which it does where it looks after no more tasks, and waits until it has
   * closed its connection.
   *
   * @return whether it ended in time
   * @throws ContainerdException if the shim refuses
   */
  public boolean shutdown(Duration timeout) throws ContainerdException, InterruptedException {
    try {
      tasks.withTimeout(timeout).shutdown(ShutdownRequest.newBuilder().setId(bundle.id()).build());
    } catch (ContainerdException e) {
      // It may end without an answer.
      boolean gone = e.errorClass() == ErrorClass.UNAVAILABLE && !client.isOpen();
      if (!gone && e.errorClass() != ErrorClass.DEADLINE_EXCEEDED) {
        throw e;
      }
    }
    try {
      ended.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Ends the connection and leaves the shim running, to be found by {@link ShimManager#reconnect}.
   */
  @Override
  public void close() {
    disconnected = true;
    client.close();
  }
}
