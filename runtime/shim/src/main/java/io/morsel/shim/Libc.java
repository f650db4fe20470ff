package io.morsel.shim;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;

/** The system calls that bundles and their logs need and Java has not. */
final class Libc {
  private static final int UMOUNT_NOFOLLOW = 8;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      MethodHandles.insertCoordinates(
          STATE.varHandle(StructLayout.PathElement.groupElement("errno")), 1, 0L);
  private static final MethodHandle MKFIFO = pathAndInt("mkfifo");
  private static final MethodHandle UMOUNT2 = pathAndInt("umount2");
  private static final MethodHandle OPEN =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("open"),
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
          Linker.Option.captureCallState("errno"),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle CLOSE =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("close"), FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final MethodHandle READ =
      withErrno("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
  private static final MethodHandle WRITE =
      withErrno("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
  private static final MethodHandle EPOLL_CREATE =
      withErrno("epoll_create1", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final MethodHandle EPOLL_CTL =
      withErrno(
          "epoll_ctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
  private static final MethodHandle EPOLL_WAIT =
      withErrno(
          "epoll_wait", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));
  private static final MethodHandle STRERROR =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("strerror"), FunctionDescriptor.of(ADDRESS, JAVA_INT));

  private static final int EINTR = 4;
  private static final int EAGAIN = 11;
  private static final int O_RDWR = 2;
  private static final int O_NONBLOCK = 0x800;
  private static final int CLOEXEC = 0x80000;
  private static final int EPOLLIN = 1;
  private static final int EPOLL_CTL_ADD = 1;

  /** The kernel packs {@code struct epoll_event} on x86-64 only. */
  private static final int EVENT_DATA_BYTES =
      System.getProperty("os.arch", "").equals("amd64") ? 4 : 8;

  private static final int EVENT_BYTES = EVENT_DATA_BYTES + 8;

  private Libc() {}

  private static MethodHandle withErrno(String name, FunctionDescriptor descriptor) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        descriptor,
        Linker.Option.captureCallState("errno"));
  }

  private static MethodHandle pathAndInt(String name) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
        Linker.Option.captureCallState("errno"));
  }

  /** Makes a FIFO that only its owner may open; see mkfifo(3). */
  static void mkfifo(Path path) throws IOException {
    call(MKFIFO, path, 0600, "make FIFO");
  }

  /** Unmounts what is mounted topmost on {@code path}; see umount(2). */
  static void unmount(Path path) throws IOException {
    call(UMOUNT2, path, UMOUNT_NOFOLLOW, "unmount");
  }

  /** Opens a FIFO for both directions, so that it neither waits for a writer nor ends. */
  static int openFifo(Path path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int fd;
      try {
        fd =
            (int)
                OPEN.invokeExact(
                    state, arena.allocateFrom(path.toString()), O_RDWR | O_NONBLOCK | CLOEXEC);
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
      return checked(fd, state, "open " + path);
    }
  }

  /** Closes a file descriptor. */
  static void close(int fd) {
    try {
      var _ = (int) CLOSE.invokeExact(fd);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Reads what is there, 0 for nothing. */
  static int read(int fd, byte[] target) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      MemorySegment buffer = arena.allocate(target.length);
      long n;
      try {
        n = (long) READ.invokeExact(state, fd, buffer, (long) target.length);
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
      if (n < 0 && isTemporary(state)) {
        return 0;
      }
      int length = checked((int) n, state, "read");
      MemorySegment.copy(buffer, JAVA_BYTE, 0, target, 0, length);
      return length;
    }
  }

  /** Writes one byte, if there is room for it. */
  static void write(int fd, byte value) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      MemorySegment buffer = arena.allocate(1);
      buffer.set(JAVA_BYTE, 0, value);
      long n;
      try {
        n = (long) WRITE.invokeExact(state, fd, buffer, 1L);
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
      if (n < 0 && !isTemporary(state)) {
        throw failure("write", state);
      }
    }
  }

  /** Makes an epoll instance; see epoll_create1(2). */
  static int epollCreate() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int fd;
      try {
        fd = (int) EPOLL_CREATE.invokeExact(state, CLOEXEC);
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
      return checked(fd, state, "make an epoll instance");
    }
  }

  /** Has {@link #epollWait} tell {@code key} while there is something to read. */
  static void epollAdd(int epoll, int fd, long key) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      MemorySegment event = arena.allocate(EVENT_BYTES, Long.BYTES);
      event.set(JAVA_INT, 0, EPOLLIN);
      event.set(JAVA_LONG_UNALIGNED, EVENT_DATA_BYTES, key);
      int result;
      try {
        result = (int) EPOLL_CTL.invokeExact(state, epoll, EPOLL_CTL_ADD, fd, event);
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
      var _ = checked(result, state, "wait for a shim's log");
    }
  }

  /** Waits until there is something to read; the keys of where. Blocks its platform thread. */
  static long[] epollWait(int epoll, int maxEvents) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      MemorySegment events = arena.allocate((long) EVENT_BYTES * maxEvents, Long.BYTES);
      int n;
      try {
        n = (int) EPOLL_WAIT.invokeExact(state, epoll, events, maxEvents, -1);
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
      if (n < 0 && isTemporary(state)) {
        return new long[0];
      }
      long[] keys = new long[checked(n, state, "wait for shims' logs")];
      for (int i = 0; i < keys.length; i++) {
        keys[i] = events.get(JAVA_LONG_UNALIGNED, (long) i * EVENT_BYTES + EVENT_DATA_BYTES);
      }
      return keys;
    }
  }

  private static boolean isTemporary(MemorySegment state) {
    int errno = (int) ERRNO.get(state);
    return errno == EAGAIN || errno == EINTR;
  }

  private static int checked(int result, MemorySegment state, String what) throws IOException {
    if (result < 0) {
      throw failure(what, state);
    }
    return result;
  }

  private static IOException failure(String what, MemorySegment state) {
    return new IOException("can't " + what + ": " + text((int) ERRNO.get(state)));
  }

  private static void call(MethodHandle function, Path path, int argument, String what)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int result;
      try {
        result = (int) function.invokeExact(state, arena.allocateFrom(path.toString()), argument);
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
      if (result < 0) {
        throw failure(what + " " + path, state);
      }
    }
  }

  private static String text(int errno) {
    try {
      MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
      return text.reinterpret(256).getString(0);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
