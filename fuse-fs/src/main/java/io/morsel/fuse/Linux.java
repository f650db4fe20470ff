package io.morsel.fuse;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Locale;

/**
 * The system calls that serving {@code /dev/fuse} needs.
 *
 * <p>Calls of the data path return what the kernel returns, or the negative error number, and take
 * a segment that receives {@code errno}: a thread keeps one, made by {@link #newErrnoState}. The
 * others throw.
 */
final class Linux {
  static final int O_RDWR = 2;
  static final int O_NONBLOCK = 0x800;
  static final int O_CLOEXEC = 0x80000;
  static final long MS_RDONLY = 1;
  static final int MNT_DETACH = 2;
  static final int UMOUNT_NOFOLLOW = 8;
  static final int EPOLL_CTL_ADD = 1;
  static final int EPOLL_CTL_DEL = 2;
  static final int EPOLL_CTL_MOD = 3;
  static final int EPOLLIN = 1;
  static final int EPOLLET = 1 << 31;

  /** {@code struct epoll_event} is packed on x86-64 only. */
  private static final boolean PACKED_EPOLL_EVENT =
      switch (System.getProperty("os.arch").toLowerCase(Locale.ROOT)) {
        case "amd64", "x86_64" -> true;
        default -> false;
      };

  static final int EPOLL_EVENT_BYTES = PACKED_EPOLL_EVENT ? 12 : 16;
  private static final int EPOLL_DATA_OFFSET = PACKED_EPOLL_EVENT ? 4 : 8;

  private static final long STATX_BYTES = 256;
  private static final long STATX_DEV_MAJOR = 136;

  private static final ValueLayout.OfLong UNALIGNED_LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.nativeOrder());

  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");
  private static final StructLayout STATE = Linker.Option.captureStateLayout();

  /** Size of the segment that receives {@code errno}. */
  static final long ERRNO_STATE_BYTES = STATE.byteSize();

  private static final VarHandle ERRNO =
      MethodHandles.insertCoordinates(
          STATE.varHandle(StructLayout.PathElement.groupElement("errno")), 1, 0L);

  private static final MethodHandle OPEN = variadic("open", JAVA_INT, 2, ADDRESS, JAVA_INT);
  private static final MethodHandle CLOSE = handle("close", JAVA_INT, JAVA_INT);
  private static final MethodHandle READ = handle("read", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle WRITE =
      handle("write", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle MOUNT =
      handle("mount", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS);
  private static final MethodHandle UMOUNT2 = handle("umount2", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle EPOLL_CREATE1 = handle("epoll_create1", JAVA_INT, JAVA_INT);
  private static final MethodHandle EPOLL_CTL =
      handle("epoll_ctl", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle EPOLL_WAIT =
      handle("epoll_wait", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle POLL = handle("poll", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
  private static final MethodHandle EVENTFD = handle("eventfd", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle STATX =
      handle("statx", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle GETEUID = plain("geteuid", JAVA_INT);
  private static final MethodHandle GETEGID = plain("getegid", JAVA_INT);
  private static final MethodHandle STRERROR = plain("strerror", ADDRESS, JAVA_INT);
  private static final MethodHandle MMAP =
      handle("mmap", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle SYSCALL =
      variadic(
          "syscall", JAVA_LONG, 1, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
          JAVA_LONG);
  private static final MethodHandle MUNMAP = handle("munmap", JAVA_INT, JAVA_LONG, JAVA_LONG);

  private Linux() {}

  private static MethodHandle handle(String name, ValueLayout result, ValueLayout... parameters) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(result, parameters),
        CAPTURE);
  }

  private static MethodHandle variadic(
      String name, ValueLayout result, int fixed, ValueLayout... parameters) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(result, parameters),
        CAPTURE,
        Linker.Option.firstVariadicArg(fixed));
  }

  private static MethodHandle plain(String name, ValueLayout result, ValueLayout... parameters) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name), FunctionDescriptor.of(result, parameters));
  }

  /** Memory for the {@code errno} of one thread's calls. */
  static MemorySegment newErrnoState(Arena arena) {
    return arena.allocate(STATE);
  }

  private static int errno(MemorySegment state) {
    return (int) ERRNO.get(state);
  }

  /** Reads up to {@code bytes} bytes into {@code target}. */
  static long read(MemorySegment state, int fd, MemorySegment target, long bytes) {
    long n;
    try {
      n = (long) READ.invokeExact(state, fd, target, bytes);
    } catch (Throwable e) {
      throw unexpected(e);
    }
    return n >= 0 ? n : -errno(state);
  }

  /** Writes the first {@code bytes} bytes of {@code source}. */
  static long write(MemorySegment state, int fd, MemorySegment source, long bytes) {
    long n;
    try {
      n = (long) WRITE.invokeExact(state, fd, source, bytes);
    } catch (Throwable e) {
      throw unexpected(e);
    }
    return n >= 0 ? n : -errno(state);
  }

  /** Waits for events, as long as it takes. */
  static int epollWait(MemorySegment state, int epoll, MemorySegment events, int maxEvents) {
    int n;
    try {
      n = (int) EPOLL_WAIT.invokeExact(state, epoll, events, maxEvents, -1);
    } catch (Throwable e) {
      throw unexpected(e);
    }
    return n >= 0 ? n : -errno(state);
  }

  /** What the event at {@code index} was registered with. */
  static long epollData(MemorySegment events, int index) {
    return events.get(UNALIGNED_LONG, (long) index * EPOLL_EVENT_BYTES + EPOLL_DATA_OFFSET);
  }

  /** Adds, changes or removes {@code fd}'s registration. */
  static void epollCtl(int epoll, int operation, int fd, int events, long data) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = newErrnoState(arena);
      MemorySegment event = arena.allocate(EPOLL_EVENT_BYTES, Long.BYTES);
      event.set(JAVA_INT, 0, events);
      event.set(UNALIGNED_LONG, EPOLL_DATA_OFFSET, data);
      check("epoll_ctl", state, (int) EPOLL_CTL.invokeExact(state, epoll, operation, fd, event));
    } catch (Throwable e) {
      throw io(e);
    }
  }

  /** A new epoll instance. */
  static int epollCreate() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = newErrnoState(arena);
      return check("epoll_create1", state, (int) EPOLL_CREATE1.invokeExact(state, O_CLOEXEC));
    } catch (Throwable e) {
      throw io(e);
    }
  }

  /** Makes an event counter readable. */
  static void signal(int eventfd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment one = arena.allocateFrom(JAVA_LONG, 1);
      write(newErrnoState(arena), eventfd, one, Long.BYTES);
    }
  }

  /** A new event counter; it is readable from its first {@link #signal} on. */
  static int eventfd() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = newErrnoState(arena);
      return check("eventfd", state, (int) EVENTFD.invokeExact(state, 0, O_CLOEXEC | O_NONBLOCK));
    } catch (Throwable e) {
      throw io(e);
    }
  }

  /** Whether the filesystem that this descriptor of {@code /dev/fuse} served is gone. */
  static boolean isDisconnected(int fd) throws IOException {
    short pollerr = 8;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = newErrnoState(arena);
      MemorySegment poll = arena.allocate(8, 4);
      poll.set(JAVA_INT, 0, fd);
      check("poll", state, (int) POLL.invokeExact(state, poll, 1L, 0));
      return (poll.get(ValueLayout.JAVA_SHORT, 6) & pollerr) != 0;
    } catch (Throwable e) {
      throw io(e);
    }
  }

  /** Opens a file; {@link ErrnoException} says why it failed. */
  static int open(String path, int flags) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = newErrnoState(arena);
      MemorySegment name = arena.allocateFrom(path);
      return check("open " + path, state, (int) OPEN.invokeExact(state, name, flags));
    } catch (Throwable e) {
      throw io(e);
    }
  }

  /** Closes a file descriptor; nothing can be done about an error. */
  static void close(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      int ignored = (int) CLOSE.invokeExact(newErrnoState(arena), fd);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** {@code mount(2)}. */
  static void mount(String source, String target, String type, long flags, String options)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = newErrnoState(arena);
      check(
          "mount " + target,
          state,
          (int)
              MOUNT.invokeExact(
                  state,
                  arena.allocateFrom(source),
                  arena.allocateFrom(target),
                  arena.allocateFrom(type),
                  flags,
                  arena.allocateFrom(options)));
    } catch (Throwable e) {
      throw io(e);
    }
  }

  /** A system call that not every C library has a function for. */
  static int syscall(String call, long number, long a, long b, long c, long d, long e)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = newErrnoState(arena);
      long result = (long) SYSCALL.invokeExact(state, number, a, b, c, d, e);
      return check(call, state, (int) result);
    } catch (Throwable failure) {
      throw io(failure);
    }
  }

  /** {@code umount2(2)}. */
  static void unmount(String target, int flags) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = newErrnoState(arena);
      check(
          "umount " + target,
          state,
          (int) UMOUNT2.invokeExact(state, arena.allocateFrom(target), flags));
    } catch (Throwable e) {
      throw io(e);
    }
  }

  /**
   * The device of the filesystem that is on top at a path, as {@code major:minor}, and as {@code
   * /proc/self/mountinfo} has it. Costs the same however many mounts there are, and asks the
   * filesystem nothing, so that it works where its server hangs or is the caller: {@code
   * AT_STATX_DONT_SYNC} of statx(2), whose structure is that of {@code linux/stat.h}.
   */
  static String device(String path) throws IOException {
    int atFdcwd = -100;
    int flags = 0x100 | 0x800 | 0x4000; // AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | …_DONT_SYNC
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = newErrnoState(arena);
      MemorySegment result = arena.allocate(STATX_BYTES, Long.BYTES);
      check(
          "statx " + path,
          state,
          (int) STATX.invokeExact(state, atFdcwd, arena.allocateFrom(path), flags, 0, result));
      return Integer.toUnsignedString(result.get(JAVA_INT, STATX_DEV_MAJOR))
          + ":"
          + Integer.toUnsignedString(result.get(JAVA_INT, STATX_DEV_MAJOR + 4));
    } catch (Throwable e) {
      throw io(e);
    }
  }

  /** The effective user. */
  static int effectiveUser() {
    try {
      return (int) GETEUID.invokeExact();
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** The effective group. */
  static int effectiveGroup() {
    try {
      return (int) GETEGID.invokeExact();
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /**
   * Maps zeroed anonymous memory: page-aligned, and backed by physical memory only where it is
   * touched, which the memory of an arena is not.
   */
  static MemorySegment map(long bytes) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = newErrnoState(arena);
      int readWrite = 1 | 2;
      int privateAnonymous = 2 | 0x20;
      long address = (long) MMAP.invokeExact(state, 0L, bytes, readWrite, privateAnonymous, -1, 0L);
      if (address == -1) {
        throw new ErrnoException("mmap of " + bytes + " bytes", errno(state));
      }
      return MemorySegment.ofAddress(address).reinterpret(bytes);
    } catch (Throwable e) {
      throw io(e);
    }
  }

  /** Unmaps what {@link #map} returned; nothing may use it any more. */
  static void unmap(MemorySegment segment) {
    try (Arena arena = Arena.ofConfined()) {
      int ignored =
          (int) MUNMAP.invokeExact(newErrnoState(arena), segment.address(), segment.byteSize());
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** The error's text, such as {@code Permission denied}. */
  static String describe(int errno) {
    try {
      MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
      return text.reinterpret(256).getString(0);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static int check(String call, MemorySegment state, int result) throws ErrnoException {
    if (result < 0) {
      throw new ErrnoException(call, errno(state));
    }
    return result;
  }

  private static IOException io(Throwable e) {
    if (e instanceof IOException io) {
      return io;
    }
    throw unexpected(e);
  }

  private static AssertionError unexpected(Throwable e) {
    if (e instanceof RuntimeException runtime) {
      throw runtime;
    }
    if (e instanceof Error error) {
      throw error;
    }
    return new AssertionError(e);
  }

  /** A system call failed. */
  static final class ErrnoException extends IOException {
    private final int errno;

    ErrnoException(String call, int errno) {
      super(call + ": " + describe(errno));
      this.errno = errno;
    }

    /** The error number. */
    int errno() {
      return errno;
    }
  }
}
