package io.morsel.snapshotter;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;

/**
 * The service manager's socket, {@code NOTIFY_SOCKET}: sd_notify(3). Safe for use by many threads.
 *
 * <p>Java has no datagram sockets of the Unix family, hence the calls to libc.
 */
final class NotifySocket {
  /** The variable that has its address. */
  static final String VARIABLE = "NOTIFY_SOCKET";

  // From sys/socket.h and linux/un.h.
  private static final int AF_UNIX = 1;
  private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int PATH_OFFSET = 2;
  private static final int PATH_BYTES = 108;

  // struct iovec, struct msghdr and struct cmsghdr of all 64-bit machines.
  private static final long IOVEC_BYTES = 16;
  private static final long MESSAGE_BYTES = 56;
  private static final long CONTROL_BYTES = 24;
  private static final long CONTROL_LENGTH = 20;
  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;

  private static final int NO_DESCRIPTOR = -1;
  private static final Linker LINKER = Linker.nativeLinker();

  private final String address;

  /**
   * A socket at this address.
   *
   * @param address a path, or a name with {@code @} before it
   */
  NotifySocket(String address) {
    this.address = address;
  }

  /** Sends what the manager is to know: assignments, one a line. */
  void send(String state) throws IOException {
    send(state, NO_DESCRIPTOR);
  }

  /** The same with a descriptor of this process's, which the manager gets a duplicate of. */
  void send(String state, int descriptor) throws IOException {
    byte[] path = address.getBytes(StandardCharsets.UTF_8);
    if (path.length >= PATH_BYTES || !(address.startsWith("/") || address.startsWith("@"))) {
      throw new IOException(VARIABLE + "=" + address + " is no address of a Unix socket");
    }
    boolean isAbstract = path[0] == '@';
    if (isAbstract) {
      path[0] = 0;
    }
    byte[] bytes = state.getBytes(StandardCharsets.UTF_8);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(PATH_OFFSET + PATH_BYTES, 2);
      name.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
      MemorySegment.copy(path, 0, name, ValueLayout.JAVA_BYTE, PATH_OFFSET, path.length);
      MemorySegment vector = arena.allocate(IOVEC_BYTES, Long.BYTES);
      vector.set(ValueLayout.ADDRESS, 0, arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes));
      vector.set(ValueLayout.JAVA_LONG, 8, bytes.length);
      MemorySegment message = arena.allocate(MESSAGE_BYTES, Long.BYTES);
      message.set(ValueLayout.ADDRESS, 0, name);
      message.set(ValueLayout.JAVA_INT, 8, PATH_OFFSET + path.length + (isAbstract ? 0 : 1));
      message.set(ValueLayout.ADDRESS, 16, vector);
      message.set(ValueLayout.JAVA_LONG, 24, 1);
      if (descriptor != NO_DESCRIPTOR) {
        MemorySegment control = arena.allocate(CONTROL_BYTES, Long.BYTES);
        control.set(ValueLayout.JAVA_LONG, 0, CONTROL_LENGTH);
        control.set(ValueLayout.JAVA_INT, 8, SOL_SOCKET);
        control.set(ValueLayout.JAVA_INT, 12, SCM_RIGHTS);
        control.set(ValueLayout.JAVA_INT, 16, descriptor);
        message.set(ValueLayout.ADDRESS, 32, control);
        message.set(ValueLayout.JAVA_LONG, 40, CONTROL_BYTES);
      }
      if (!sendMessage(message, bytes.length)) {
        throw new IOException("nobody receives on " + address);
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static boolean sendMessage(MemorySegment message, long bytes) throws Throwable {
    int socket =
        (int)
            handle(
                    "socket",
                    FunctionDescriptor.of(
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT))
                .invokeExact(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
    if (socket < 0) {
      throw new IOException("can't open a socket");
    }
    long sent =
        (long)
            handle(
                    "sendmsg",
                    FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_INT))
                .invokeExact(socket, message, MSG_NOSIGNAL);
    int closed =
        (int)
            handle("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT))
                .invokeExact(socket);
    return sent == bytes && closed == 0;
  }

  private static MethodHandle handle(String name, FunctionDescriptor type) {
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type);
  }
}
