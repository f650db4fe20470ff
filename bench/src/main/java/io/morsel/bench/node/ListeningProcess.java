package io.morsel.bench.node;

import io.morsel.bench.host.HostException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Finds out which process listens on a Unix socket: the kernel tells who connects there, by {@code
 * SO_PEERCRED} of unix(7). Its list of sockets does not help, since it has the names by which they
 * were bound, and a server may have renamed its own.
 */
final class ListeningProcess {
  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  private static final int SOL_SOCKET = 1;
  private static final int SO_PEERCRED = 17;

  /** {@code struct sockaddr_un}: the family, then the path with its terminating zero. */
  private static final int SOCKADDR_BYTES = 110;

  private static final int PATH_OFFSET = 2;

  /** {@code struct ucred}: pid, uid, gid. */
  private static final int UCRED_BYTES = 12;

  private static final MethodHandle SOCKET = function("socket", "iii");
  private static final MethodHandle CONNECT = function("connect", "ipi");
  private static final MethodHandle GETSOCKOPT = function("getsockopt", "iiipp");
  private static final MethodHandle CLOSE = function("close", "i");

  private ListeningProcess() {}

  /**
   * The process id of a socket's listener.
   *
   * @throws HostException if nobody listens there
   */
  static long of(Path socket) {
    try (Arena arena = Arena.ofConfined()) {
      byte[] path = socket.toString().getBytes(StandardCharsets.UTF_8);
      if (path.length >= SOCKADDR_BYTES - PATH_OFFSET) {
        throw new HostException(socket + ": the path is too long for a Unix socket");
      }
      MemorySegment address = arena.allocate(SOCKADDR_BYTES);
      address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
      MemorySegment.copy(path, 0, address, ValueLayout.JAVA_BYTE, PATH_OFFSET, path.length);
      int descriptor = (int) SOCKET.invokeExact(AF_UNIX, SOCK_STREAM, 0);
      if (descriptor < 0) {
        throw new HostException("can't make a Unix socket");
      }
      try {
        if ((int) CONNECT.invokeExact(descriptor, address, SOCKADDR_BYTES) != 0) {
          throw new HostException("nobody listens on " + socket);
        }
        MemorySegment credentials = arena.allocate(UCRED_BYTES, Integer.BYTES);
        MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, UCRED_BYTES);
        if ((int) GETSOCKOPT.invokeExact(descriptor, SOL_SOCKET, SO_PEERCRED, credentials, length)
            != 0) {
          throw new HostException("the kernel does not say who listens on " + socket);
        }
        return credentials.get(ValueLayout.JAVA_INT, 0);
      } finally {
        int _ = (int) CLOSE.invokeExact(descriptor);
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * A function of the C library that returns an int.
   *
   * @param parameters their types by turns: {@code i} for an int, {@code p} for a pointer
   */
  private static MethodHandle function(String name, String parameters) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(
            ValueLayout.JAVA_INT,
            parameters
                .chars()
                .mapToObj(c -> c == 'i' ? ValueLayout.JAVA_INT : ValueLayout.ADDRESS)
                .toArray(java.lang.foreign.MemoryLayout[]::new)));
  }
}
