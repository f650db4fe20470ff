package io.morsel.bench.net;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.morsel.bench.host.HostException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.channels.ServerSocketChannel;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Makes sockets in another network namespace. A socket stays in the namespace of the thread that
 * made it, whoever uses it later: a thread enters the namespace, makes the socket, and ends, and
 * nothing has to run in there.
 */
final class Namespace {
  private static final int CLONE_NEWNET = 0x40000000;
  private static final int O_RDONLY_CLOEXEC = 0x80000;

  private static final Linker LINKER = Linker.nativeLinker();

  private static final MethodHandle OPEN =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("open"),
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle SETNS = ints("setns", 2);
  private static final MethodHandle CLOSE = ints("close", 1);

  private Namespace() {}

  private static MethodHandle ints(String name, int parameters) {
    FunctionDescriptor ints =
        parameters == 1
            ? FunctionDescriptor.of(JAVA_INT, JAVA_INT)
            : FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT);
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), ints);
  }

  /**
   * A server's socket, not bound yet, in a namespace that {@code ip netns} has made.
   *
   * @throws HostException if the namespace can't be entered
   */
  static ServerSocketChannel newServerSocket(String namespace) {
    FutureTask<ServerSocketChannel> task =
        new FutureTask<>(
            () -> {
              enter("/run/netns/" + namespace);
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

  private static void enter(String file) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment path = arena.allocateFrom(file);
      int descriptor = (int) OPEN.invokeExact(path, O_RDONLY_CLOEXEC);
      if (descriptor < 0) {
        throw new IOException("can't open " + file);
      }
      int entered = (int) SETNS.invokeExact(descriptor, CLONE_NEWNET);
      var _ = (int) CLOSE.invokeExact(descriptor);
      if (entered < 0) {
        throw new IOException("setns failed on " + file);
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
