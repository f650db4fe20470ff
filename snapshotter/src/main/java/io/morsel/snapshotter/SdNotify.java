package io.morsel.snapshotter;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the service manager how the daemon is: sd_notify(3). Does nothing where none listens.
 *
 * <p>Java has no datagram sockets of the Unix family, hence the calls to libc.
 */
public final class SdNotify {
  private static final Logger log = LoggerFactory.getLogger(SdNotify.class);

  // From sys/socket.h and linux/un.h.
  private static final int AF_UNIX = 1;
  private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int PATH_OFFSET = 2;
  private static final int PATH_BYTES = 108;

  private static final Linker LINKER = Linker.nativeLinker();

  private SdNotify() {}

  /** The daemon serves. */
  public static void ready() {
    send(System.getenv("NOTIFY_SOCKET"), "READY=1\nMAINPID=" + ProcessHandle.current().pid());
  }

  /** The daemon stops. */
  public static void stopping() {
    send(System.getenv("NOTIFY_SOCKET"), "STOPPING=1");
  }

  static void send(String socket, String state) {
    if (socket == null || socket.isEmpty()) {
      return;
    }
    try {
      sendDatagram(socket, state.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      log.warn("can't notify the service manager: {}", e.getMessage());
    }
  }

  private static void sendDatagram(String socket, byte[] state) throws IOException {
    byte[] path = socket.getBytes(StandardCharsets.UTF_8);
    if (path.length >= PATH_BYTES || !(socket.startsWith("/") || socket.startsWith("@"))) {
      throw new IOException("NOTIFY_SOCKET=" + socket + " is no address of a Unix socket");
    }
    boolean isAbstract = path[0] == '@';
    if (isAbstract) {
      path[0] = 0;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(PATH_OFFSET + PATH_BYTES, 2);
      address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
      MemorySegment.copy(path, 0, address, ValueLayout.JAVA_BYTE, PATH_OFFSET, path.length);
      MemorySegment message = arena.allocate(state.length);
      MemorySegment.copy(state, 0, message, ValueLayout.JAVA_BYTE, 0, state.length);
      int addressBytes = PATH_OFFSET + path.length + (isAbstract ? 0 : 1);
      int descriptor =
          (int)
              handle(
                      "socket",
                      FunctionDescriptor.of(
                          ValueLayout.JAVA_INT,
                          ValueLayout.JAVA_INT,
                          ValueLayout.JAVA_INT,
                          ValueLayout.JAVA_INT))
                  .invokeExact(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
      if (descriptor < 0) {
        throw new IOException("can't open a socket");
      }
      long sent =
          (long)
              handle(
                      "sendto",
                      FunctionDescriptor.of(
                          ValueLayout.JAVA_LONG,
                          ValueLayout.JAVA_INT,
                          ValueLayout.ADDRESS,
                          ValueLayout.JAVA_LONG,
                          ValueLayout.JAVA_INT,
                          ValueLayout.ADDRESS,
                          ValueLayout.JAVA_INT))
                  .invokeExact(
                      descriptor,
                      message,
                      (long) state.length,
                      MSG_NOSIGNAL,
                      address,
                      addressBytes);
      int closed =
          (int)
              handle("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT))
                  .invokeExact(descriptor);
      if (sent != state.length || closed != 0) {
        throw new IOException("nobody receives on " + socket);
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static MethodHandle handle(String name, FunctionDescriptor type) {
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type);
  }
}
