package io.morsel.bench.net;

import io.morsel.bench.host.HostException;
import java.nio.channels.ServerSocketChannel;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Makes sockets in another network namespace. A socket stays in the namespace of the thread that
 * made it, whoever uses it later: a thread enters the namespace, makes the socket, and ends, and
 * nothing has to run in there.
 */
final class Namespace {
  private Namespace() {}

  /**
   * A server's socket, not bound yet, in a namespace that {@code ip netns} has made.
   *
   * @throws HostException if the namespace can't be entered
   */
  static ServerSocketChannel newServerSocket(String namespace) {
    FutureTask<ServerSocketChannel> task =
        new FutureTask<>(
            () -> {
              Linux.enterNetworkNamespace("/run/netns/" + namespace);
              return ServerSocketChannel.open();
            });
    // Not a virtual one: it would leave its carrier in the namespace.
    Thread.ofPlatform().daemon().name("netns").start(task);
    try {
      return task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HostException("interrupted while entering network namespace " + namespace, e);
    } catch (ExecutionException e) {
      throw new HostException(
          "can't make a socket in network namespace %s: %s"
              .formatted(namespace, e.getCause() == null ? e : e.getCause().getMessage()),
          e);
    }
  }
}
