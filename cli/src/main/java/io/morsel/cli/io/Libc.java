package io.morsel.cli.io;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

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

/** The functions of the C library that standard streams and terminals need and Java has not. */
final class Libc {
  /** More than {@code struct termios} has on any architecture; its fields are not looked at. */
  static final int TERMIOS_BYTES = 256;

  /** {@code TIOCGWINSZ} of asm-generic/ioctls.h. */
  private static final long TIOCGWINSZ = 0x5413;

  private static final int WINSIZE_BYTES = 8;
  private static final int TCSADRAIN = 1;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      MethodHandles.insertCoordinates(
          STATE.varHandle(StructLayout.PathElement.groupElement("errno")), 1, 0L);

  private Libc() {}

  /** Each function is linked when it is first used: few commands need one, and hardly any all. */
  private static final class Mkfifo {
    static final MethodHandle HANDLE =
        handle("mkfifo", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
  }

  private static final class Terminal {
    static final MethodHandle TCGETATTR =
        handle("tcgetattr", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
    static final MethodHandle TCSETATTR =
        handle("tcsetattr", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
    static final MethodHandle CFMAKERAW =
        LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("cfmakeraw"), FunctionDescriptor.ofVoid(ADDRESS));
    static final MethodHandle IOCTL =
        LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("ioctl"),
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
            Linker.Option.captureCallState("errno"),
            Linker.Option.firstVariadicArg(2));
  }

  private static final class Strerror {
    static final MethodHandle HANDLE =
        LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("strerror"),
            FunctionDescriptor.of(ADDRESS, JAVA_INT));
  }

  private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        descriptor,
        Linker.Option.captureCallState("errno"));
  }

  /** Makes a FIFO that only its owner may open; see mkfifo(3). */
  static void mkfifo(Path path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int result =
          (int) Mkfifo.HANDLE.invokeExact(state, arena.allocateFrom(path.toString()), 0600);
      check(result, state, "make FIFO " + path);
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Reads a terminal's settings into {@code termios}; see tcgetattr(3). */
  static void tcgetattr(int descriptor, MemorySegment termios) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int result = (int) Terminal.TCGETATTR.invokeExact(state, descriptor, termios);
      check(result, state, "read the terminal's settings");
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Changes a terminal's settings once its output is written; see tcsetattr(3). */
  static void tcsetattr(int descriptor, MemorySegment termios) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int result = (int) Terminal.TCSETATTR.invokeExact(state, descriptor, TCSADRAIN, termios);
      check(result, state, "change the terminal's settings");
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Makes settings those of a terminal that passes every byte on; see cfmakeraw(3). */
  static void cfmakeraw(MemorySegment termios) {
    try {
      Terminal.CFMAKERAW.invokeExact(termios);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** A terminal's size; see ioctl_tty(2). */
  static RawTerminal.Size windowSize(int descriptor) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      MemorySegment size = arena.allocate(WINSIZE_BYTES, Short.BYTES);
      int result = (int) Terminal.IOCTL.invokeExact(state, descriptor, TIOCGWINSZ, size);
      check(result, state, "ask for the terminal's size");
      // Rows, columns, and two that nobody uses, as unsigned shorts.
      return new RawTerminal.Size(
          Short.toUnsignedInt(size.get(JAVA_SHORT, Short.BYTES)),
          Short.toUnsignedInt(size.get(JAVA_SHORT, 0)));
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static void check(int result, MemorySegment state, String what) throws IOException {
    if (result < 0) {
      throw new IOException("can't " + what + ": " + text((int) ERRNO.get(state)));
    }
  }

  private static String text(int errno) {
    try {
      MemorySegment text = (MemorySegment) Strerror.HANDLE.invokeExact(errno);
      return text.reinterpret(256).getString(0);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
