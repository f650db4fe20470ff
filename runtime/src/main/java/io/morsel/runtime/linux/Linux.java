package io.morsel.runtime.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;

/**
 * The system calls themselves. Those that change a thread's namespaces must be made on a platform
 * thread that ends afterwards. Safe for use by many threads.
 */
public final class Linux {
  /** mount(2): no writes. */
  public static final long MS_RDONLY = 1;

  /** mount(2): set-user-ID bits have no effect. */
  public static final long MS_NOSUID = 2;

  /** mount(2): device files can't be opened. */
  public static final long MS_NODEV = 4;

  /** mount(2): nothing can be executed. */
  public static final long MS_NOEXEC = 8;

  /** mount(2): changes the flags of a mount. */
  public static final long MS_REMOUNT = 32;

  /** mount(2): shows a directory or file at another place. */
  public static final long MS_BIND = 4096;

  /** mount(2): with all that is mounted below. */
  public static final long MS_REC = 16384;

  /** mount(2): unmounts come in from the outer namespace, mounts do not go out. */
  public static final long MS_SLAVE = 1 << 19;

  /** unshare(2): a mount namespace for the calling thread alone. */
  public static final int CLONE_NEWNS = 0x20000;

  /** unshare(2): a network namespace for the calling thread alone. */
  public static final int CLONE_NEWNET = 0x40000000;

  /** unshare(2): a table of open files for the calling thread alone. */
  static final int CLONE_FILES = 0x400;

  private static final int MNT_DETACH = 2;
  private static final int UMOUNT_NOFOLLOW = 8;
  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      MethodHandles.insertCoordinates(
          STATE.varHandle(StructLayout.PathElement.groupElement("errno")), 1, 0L);

  /** {@code long syscall(long number, …)}: every argument fills a register. */
  private static final MethodHandle SYSCALL =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("syscall"),
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG),
          CAPTURE,
          Linker.Option.firstVariadicArg(1));

  private static final MethodHandle MOUNT =
      handle("mount", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS);
  private static final MethodHandle UNSHARE = handle("unshare", JAVA_INT, JAVA_INT);
  private static final MethodHandle READ = handle("read", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle CLOSE = handle("close", JAVA_INT, JAVA_INT);

  /**
   * What most runs do without: a handle takes milliseconds to be made, which a short command's user
   * would wait for.
   */
  private static final class Rare {
    static final MethodHandle UMOUNT2 = handle("umount2", JAVA_INT, ADDRESS, JAVA_INT);
    static final MethodHandle CHDIR = handle("chdir", JAVA_INT, ADDRESS);
    static final MethodHandle STRERROR =
        LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("strerror"),
            FunctionDescriptor.of(ADDRESS, JAVA_INT));
  }

  private Linux() {}

  private static MethodHandle handle(String name, MemoryLayout result, MemoryLayout... parameters) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(result, parameters),
        CAPTURE);
  }

  /**
   * Mounts; see mount(2).
   *
   * @throws IOException if the kernel refuses
   */
  public static void mount(String source, Path target, String type, long flags, String data)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int result =
          (int)
              MOUNT.invokeExact(
                  state,
                  arena.allocateFrom(source),
                  arena.allocateFrom(target.toString()),
                  arena.allocateFrom(type),
                  flags,
                  arena.allocateFrom(data));
      check(result, state, "mount", target);
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Takes what is mounted topmost on {@code target} out of the tree; see umount2(2).
   *
   * @throws IOException if nothing is mounted there, or the kernel refuses
   */
  public static void detach(Path target) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int result =
          (int)
              Rare.UMOUNT2.invokeExact(
                  state, arena.allocateFrom(target.toString()), MNT_DETACH | UMOUNT_NOFOLLOW);
      check(result, state, "unmount", target);
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Gives the calling thread namespaces of its own; see unshare(2).
   *
   * @throws IOException if the kernel refuses, above all who is not root
   */
  public static void unshare(int flags) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int result = (int) UNSHARE.invokeExact(state, flags);
      check(result, state, "make a namespace for", Path.of("/proc/thread-self"));
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Changes the directory of a thread that does not share it with the others; see chdir(2). */
  static void chdir(Path directory) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int result = (int) Rare.CHDIR.invokeExact(state, arena.allocateFrom(directory.toString()));
      check(result, state, "enter", directory);
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** A segment that receives {@code errno}. */
  static MemorySegment newErrnoState(Arena arena) {
    return arena.allocate(STATE);
  }

  /** Any system call whose second argument is an address; the negative error number if it fails. */
  static long syscall(
      MemorySegment state, long number, long a, MemorySegment b, long c, long d, long e) {
    try {
      long result = (long) SYSCALL.invokeExact(state, number, a, b, c, d, e);
      return result < 0 ? -(int) ERRNO.get(state) : result;
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  /** See read(2); the negative error number if it fails. */
  static long read(MemorySegment state, int fd, MemorySegment buffer, long bytes) {
    try {
      long result = (long) READ.invokeExact(state, fd, buffer, bytes);
      return result < 0 ? -(int) ERRNO.get(state) : result;
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  /** See close(2). */
  static void close(MemorySegment state, int fd) {
    try {
      int _ = (int) CLOSE.invokeExact(state, fd);
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  private static void check(int result, MemorySegment state, String what, Path object)
      throws IOException {
    if (result < 0) {
      throw new IOException(
          "can't " + what + " " + object + ": " + errorText((int) ERRNO.get(state)));
    }
  }

  /** What an error number means. */
  static String errorText(int errno) {
    try {
      MemorySegment text = (MemorySegment) Rare.STRERROR.invokeExact(errno);
      return text.reinterpret(256).getString(0);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
