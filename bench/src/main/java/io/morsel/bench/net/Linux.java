package io.morsel.bench.net;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** The system calls that networks need. Each is about the calling thread, a platform thread. */
final class Linux {
  private static final int O_RDONLY_CLOEXEC = 0x80000;
  private static final int CLONE_NEWNET = 0x40000000;
  private static final int PR_SET_TIMERSLACK = 29;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final MethodHandle OPEN = variadic("open", 2, ADDRESS, JAVA_INT);
  private static final MethodHandle PRCTL = variadic("prctl", 1, JAVA_INT, JAVA_LONG);
  private static final MethodHandle SETNS = handle("setns", JAVA_INT, JAVA_INT);
  private static final MethodHandle CLOSE = handle("close", JAVA_INT);

  private Linux() {}

  private static MethodHandle handle(String name, ValueLayout... parameters) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name), FunctionDescriptor.of(JAVA_INT, parameters));
  }

  private static MethodHandle variadic(String name, int firstVariadic, ValueLayout... parameters) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(JAVA_INT, parameters),
        Linker.Option.firstVariadicArg(firstVariadic));
  }

  /**
   * Has the kernel wake the thread when it asked to be woken, and not up to 50 µs later together
   * with others. A kernel that refuses leaves it less precise, and nothing else.
   */
  static void wakePrecisely() {
    try {
      var _ = (int) PRCTL.invokeExact(PR_SET_TIMERSLACK, 1L);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Moves the thread to another network namespace, for good.
   *
   * @param file as {@code ip netns} makes it
   */
  static void enterNetworkNamespace(String file) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment path = arena.allocateFrom(file);
      int descriptor = (int) OPEN.invokeExact(path, O_RDONLY_CLOEXEC);
      if (descriptor < 0) {
        throw new IOException("can't open " + file);
      }
      int entered = (int) SETNS.invokeExact(descriptor, CLONE_NEWNET);
      var _ = (int) CLOSE.invokeExact(descriptor);
      if (entered < 0) {
        throw new IOException("setns failed on " + file + "; it needs root");
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
