package io.morsel.cli.terminal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * The terminal of standard input, whose keys go as they are to a program elsewhere; see termios(3).
 */
public final class RawTerminal implements AutoCloseable {
  private static final int STDIN = 0;
  private static final int TCSADRAIN = 1;
  private static final long TIOCGWINSZ = 0x5413;

  /** More than {@code struct termios} has on any architecture. */
  private static final long TERMIOS_BYTES = 256;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final MethodHandle TCGETATTR = function("tcgetattr", JAVA_INT, ADDRESS);
  private static final MethodHandle TCSETATTR = function("tcsetattr", JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle CFMAKERAW =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("cfmakeraw"), FunctionDescriptor.ofVoid(ADDRESS));
  private static final MethodHandle IOCTL =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("ioctl"),
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
          Linker.Option.firstVariadicArg(2));

  private final byte[] before;
  private boolean raw;

  private RawTerminal(byte[] before) {
    this.before = before;
  }

  private static MethodHandle function(String name, ValueLayout... parameters) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name), FunctionDescriptor.of(JAVA_INT, parameters));
  }

  /**
   * A terminal's size.
   *
   * @param columns characters of a line
   * @param rows lines
   */
  public record Size(int columns, int rows) {}

  /** The terminal, as it is; nothing where standard input is none. */
  public static Optional<RawTerminal> ofStandardInput() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(TERMIOS_BYTES, Long.BYTES);
      if ((int) TCGETATTR.invokeExact(STDIN, state) != 0) {
        return Optional.empty();
      }
      return Optional.of(new RawTerminal(state.toArray(ValueLayout.JAVA_BYTE)));
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  /** From now on keys are neither echoed, nor gathered to lines, nor become signals. */
  public synchronized void makeRaw() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(TERMIOS_BYTES, Long.BYTES);
      MemorySegment.copy(before, 0, state, ValueLayout.JAVA_BYTE, 0, before.length);
      CFMAKERAW.invokeExact(state);
      int _ = (int) TCSETATTR.invokeExact(STDIN, TCSADRAIN, state);
      raw = true;
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  /** Its size now; nothing where it does not say. */
  public Optional<Size> size() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(8, 8);
      if ((int) IOCTL.invokeExact(STDIN, TIOCGWINSZ, size) != 0) {
        return Optional.empty();
      }
      int rows = Short.toUnsignedInt(size.getAtIndex(JAVA_SHORT, 0));
      int columns = Short.toUnsignedInt(size.getAtIndex(JAVA_SHORT, 1));
      return rows == 0 || columns == 0 ? Optional.empty() : Optional.of(new Size(columns, rows));
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  /** The terminal is as it was. Idempotent. */
  @Override
  public synchronized void close() {
    if (!raw) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(TERMIOS_BYTES, Long.BYTES);
      MemorySegment.copy(before, 0, state, ValueLayout.JAVA_BYTE, 0, before.length);
      int _ = (int) TCSETATTR.invokeExact(STDIN, TCSADRAIN, state);
      raw = false;
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }
}
