package io.morsel.runtime.diff;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Locale;

/** The C library's functions that {@link Calls} makes, and the constants of their arguments. */
final class Libc {
  /** Flags of open(2) that differ between machines. */
  private static final boolean ARM =
      System.getProperty("os.arch", "").toLowerCase(Locale.ROOT).startsWith("aarch64");

  static final int O_WRONLY = 1;
  static final int O_CREAT = 0100;
  static final int O_EXCL = 0200;
  static final int O_NONBLOCK = 04000;
  static final int O_DIRECTORY = ARM ? 040000 : 0200000;
  static final int O_NOFOLLOW = ARM ? 0100000 : 0400000;
  static final int O_CLOEXEC = 02000000;
  static final int O_PATH = 010000000;

  static final int AT_FDCWD = -100;
  static final int AT_SYMLINK_NOFOLLOW = 0x100;
  static final int AT_REMOVEDIR = 0x200;
  static final int AT_NO_AUTOMOUNT = 0x800;
  static final int AT_EMPTY_PATH = 0x1000;

  static final int UMOUNT_NOFOLLOW = 8;
  static final int MNT_DETACH = 2;

  /** openat2(2), the same number on all machines; C libraries have no function for it. */
  static final long SYS_OPENAT2 = 437;

  static final long RESOLVE_NO_MAGICLINKS = 0x02;
  static final long RESOLVE_NO_SYMLINKS = 0x04;
  static final long RESOLVE_IN_ROOT = 0x10;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");

  /** Receives {@code errno}. */
  static final StructLayout STATE = Linker.Option.captureStateLayout();

  private static final VarHandle ERRNO =
      MethodHandles.insertCoordinates(
          STATE.varHandle(StructLayout.PathElement.groupElement("errno")), 1, 0L);

  static final MethodHandle OPENAT =
      variadic("openat", JAVA_INT, 3, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  static final MethodHandle SYSCALL =
      variadic("syscall", JAVA_LONG, 1, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
  static final MethodHandle CLOSE = handle("close", JAVA_INT, JAVA_INT);
  static final MethodHandle READ = handle("read", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  static final MethodHandle PWRITE =
      handle("pwrite", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);
  static final MethodHandle FTRUNCATE = handle("ftruncate", JAVA_INT, JAVA_INT, JAVA_LONG);
  static final MethodHandle STATX =
      handle("statx", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS);
  static final MethodHandle GETDENTS =
      handle("getdents64", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  static final MethodHandle READLINKAT =
      handle("readlinkat", JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG);
  static final MethodHandle MKDIRAT = handle("mkdirat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  static final MethodHandle MKNODAT =
      handle("mknodat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG);
  static final MethodHandle SYMLINKAT = handle("symlinkat", JAVA_INT, ADDRESS, JAVA_INT, ADDRESS);
  static final MethodHandle LINKAT =
      handle("linkat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT);
  static final MethodHandle UNLINKAT = handle("unlinkat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  static final MethodHandle FCHOWNAT =
      handle("fchownat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT);
  static final MethodHandle FCHMODAT =
      handle("fchmodat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  static final MethodHandle UTIMENSAT =
      handle("utimensat", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT);
  static final MethodHandle LSETXATTR =
      handle("lsetxattr", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT);
  static final MethodHandle LREMOVEXATTR = handle("lremovexattr", JAVA_INT, ADDRESS, ADDRESS);
  static final MethodHandle LGETXATTR =
      handle("lgetxattr", JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);
  static final MethodHandle LLISTXATTR =
      handle("llistxattr", JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
  static final MethodHandle SYNCFS = handle("syncfs", JAVA_INT, JAVA_INT);
  static final MethodHandle MOUNT =
      handle("mount", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS);
  static final MethodHandle UMOUNT2 = handle("umount2", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle STRERROR =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("strerror"), FunctionDescriptor.of(ADDRESS, JAVA_INT));

  private Libc() {}

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

  /** The number that the last call left in {@code state}. */
  static int errno(MemorySegment state) {
    return (int) ERRNO.get(state);
  }

  /** The error's text, such as {@code Permission denied}. */
  static String text(int errno) {
    try {
      MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
      return text.reinterpret(256).getString(0);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
