package io.morsel.runtime.diff;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory for the arguments and the outcome of one thread's system calls. */
final class CallMemory {
  /** With its zero byte; what is longer, the kernel would refuse too. */
  private static final int PATH_BYTES = 4096;

  private final MemorySegment state;
  private final MemorySegment first;
  private final MemorySegment second;

  CallMemory(Arena arena) {
    this.state = arena.allocate(Libc.STATE);
    this.first = arena.allocate(PATH_BYTES);
    this.second = arena.allocate(PATH_BYTES);
  }

  /** Receives {@code errno}. */
  MemorySegment state() {
    return state;
  }

  /** What a call returned, or the negative error number. */
  long result(long returned) {
    return returned >= 0 ? returned : -Libc.errno(state);
  }

  /** A byte string as an argument, good until the next one. */
  MemorySegment first(String text) throws ErrnoException {
    return put(first, text);
  }

  /** A byte string as a further argument, good until the next one. */
  MemorySegment second(String text) throws ErrnoException {
    return put(second, text);
  }

  private static MemorySegment put(MemorySegment target, String text) throws ErrnoException {
    if (text.length() >= PATH_BYTES) {
      throw new ErrnoException("name of " + text.length() + " bytes", Errno.ENAMETOOLONG);
    }
    MemorySegment.copy(text.getBytes(ISO_8859_1), 0, target, JAVA_BYTE, 0, text.length());
    target.set(JAVA_BYTE, text.length(), (byte) 0);
    return target;
  }

  /** What a call threw, of which none throws anything by itself. */
  static AssertionError unexpected(Throwable e) {
    if (e instanceof RuntimeException runtime) {
      throw runtime;
    }
    if (e instanceof Error error) {
      throw error;
    }
    return new AssertionError(e);
  }

  /** The failure of a call that was checked where it was made. */
  static ErrnoException failure(Throwable e) {
    if (e instanceof ErrnoException known) {
      return known;
    }
    throw unexpected(e);
  }
}
