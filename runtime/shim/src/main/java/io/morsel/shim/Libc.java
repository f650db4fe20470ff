package io.morsel.shim;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

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

/** The system calls that bundles need and Java has not. */
final class Libc {
  private static final int UMOUNT_NOFOLLOW = 8;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      MethodHandles.insertCoordinates(
          STATE.varHandle(StructLayout.PathElement.groupElement("errno")), 1, 0L);
  private static final MethodHandle MKFIFO = pathAndInt("mkfifo");
  private static final MethodHandle UMOUNT2 = pathAndInt("umount2");
  private static final MethodHandle STRERROR =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("strerror"), FunctionDescriptor.of(ADDRESS, JAVA_INT));

  private Libc() {}

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
        throw new IOException("can't " + what + " " + path + ": " + text((int) ERRNO.get(state)));
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
