package io.morsel.runtime.diff;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The calls of xattr(7); part of {@link Calls}. */
final class XattrCalls {
  /** The most bytes that a value or a list of names has in Linux. */
  private static final int XATTR_BYTES = 64 << 10;

  private final CallMemory memory;
  private final MemorySegment buffer;

  XattrCalls(Arena arena, CallMemory memory) {
    this.memory = memory;
    this.buffer = arena.allocate(XATTR_BYTES);
  }

  /** Attributes have no calls that take a directory; the descriptor's link leads there. */
  private MemorySegment byDescriptor(int directory, String name) throws ErrnoException {
    return memory.first("/proc/self/fd/" + directory + "/" + name);
  }

  /**
   * Sets an extended attribute; 0, or the negative error number.
   *
   * @param name the file's; {@code .} for the directory itself
   */
  int set(int directory, String name, String key, String value) throws ErrnoException {
    MemorySegment text = byDescriptor(directory, name);
    MemorySegment attribute = memory.second(key);
    if (value.length() > XATTR_BYTES) {
      return -Errno.ERANGE;
    }
    MemorySegment.copy(value.getBytes(ISO_8859_1), 0, buffer, JAVA_BYTE, 0, value.length());
    try {
      return (int)
          memory.result(
              (int)
                  Libc.LSETXATTR.invokeExact(
                      memory.state(), text, attribute, buffer, (long) value.length(), 0));
    } catch (Throwable e) {
      throw CallMemory.unexpected(e);
    }
  }

  /** Removes an attribute. */
  void remove(int directory, String name, String key) throws ErrnoException {
    MemorySegment text = byDescriptor(directory, name);
    MemorySegment attribute = memory.second(key);
    try {
      Calls.check(
          memory.result((int) Libc.LREMOVEXATTR.invokeExact(memory.state(), text, attribute)),
          "remove attribute " + key + " of",
          name);
    } catch (Throwable e) {
      throw CallMemory.failure(e);
    }
  }

  /** The names of a file's extended attributes, sorted; none where it can have none. */
  List<String> names(int directory, String name) throws ErrnoException {
    MemorySegment text = byDescriptor(directory, name);
    long n;
    try {
      n = (long) Libc.LLISTXATTR.invokeExact(memory.state(), text, buffer, buffer.byteSize());
    } catch (Throwable e) {
      throw CallMemory.unexpected(e);
    }
    long bytes = memory.result(n);
    if (bytes == -Errno.ENOTSUP || bytes == 0) {
      return List.of();
    }
    String all = bytes((int) Calls.check(bytes, "list attributes of", name));
    // Each name ends in a zero byte.
    return Arrays.stream(all.split("\0")).sorted().toList();
  }

  /** An extended attribute's value; null where the file has none of this name. */
  @Nullable String get(int directory, String name, String key) throws ErrnoException {
    MemorySegment text = byDescriptor(directory, name);
    MemorySegment attribute = memory.second(key);
    long n;
    try {
      n =
          (long)
              Libc.LGETXATTR.invokeExact(
                  memory.state(), text, attribute, buffer, buffer.byteSize());
    } catch (Throwable e) {
      throw CallMemory.unexpected(e);
    }
    long bytes = memory.result(n);
    if (bytes == -Errno.ENODATA || bytes == -Errno.ENOTSUP) {
      return null;
    }
    return bytes((int) Calls.check(bytes, "read attribute " + key + " of", name));
  }

  private String bytes(int length) {
    byte[] bytes = new byte[length];
    MemorySegment.copy(buffer, JAVA_BYTE, 0, bytes, 0, length);
    return new String(bytes, ISO_8859_1);
  }
}
