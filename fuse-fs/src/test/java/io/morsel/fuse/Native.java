package io.morsel.fuse;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What a program sees of a tree, names as bytes: Java's paths can't hold names that no charset has.
 */
final class Native {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final long ERRNO =
      STATE.byteOffset(StructLayout.PathElement.groupElement("errno"));
  private static final MethodHandle STATX =
      handle("statx", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle READLINK =
      handle("readlink", JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
  private static final MethodHandle LISTXATTR =
      handle("llistxattr", JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
  private static final MethodHandle GETXATTR =
      handle("lgetxattr", JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);
  private static final MethodHandle SETXATTR =
      handle("lsetxattr", JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT);
  private static final MethodHandle OPENDIR = handle("opendir", ADDRESS, ADDRESS);
  private static final MethodHandle READDIR = handle("readdir", ADDRESS, ADDRESS);
  private static final MethodHandle SEEKDIR =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("seekdir"),
          FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG));
  private static final MethodHandle CLOSEDIR = handle("closedir", JAVA_INT, ADDRESS);
  private static final MethodHandle OPEN =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("open"),
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
          Linker.Option.firstVariadicArg(2),
          Linker.Option.captureCallState("errno"));
  private static final MethodHandle PREAD =
      handle("pread", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);

  private Native() {}

  /** A duplicate of a descriptor of this process. */
  static int duplicate(int descriptor) {
    try {
      MethodHandle dup =
          LINKER.downcallHandle(
              LINKER.defaultLookup().findOrThrow("dup"), FunctionDescriptor.of(JAVA_INT, JAVA_INT));
      return (int) dup.invokeExact(descriptor);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static MethodHandle handle(String name, ValueLayout result, ValueLayout... parameters) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(result, parameters),
        Linker.Option.captureCallState("errno"));
  }

  record Stat(
      int mode,
      int nlink,
      int uid,
      int gid,
      long ino,
      long size,
      long blocks,
      long mtimeSeconds,
      int mtimeNanos,
      int major,
      int minor) {}

  /** A directory entry; its name has one char for each byte. */
  record Entry(String name, long ino, int type, long cookie) {
    byte[] nameBytes() {
      return name.getBytes(StandardCharsets.ISO_8859_1);
    }
  }

  static byte[] join(byte[] directory, byte[] name) {
    byte[] path = new byte[directory.length + 1 + name.length];
    System.arraycopy(directory, 0, path, 0, directory.length);
    path[directory.length] = '/';
    System.arraycopy(name, 0, path, directory.length + 1, name.length);
    return path;
  }

  private static MemorySegment string(Arena arena, byte[] bytes) {
    MemorySegment string = arena.allocate(bytes.length + 1L);
    MemorySegment.copy(bytes, 0, string, JAVA_BYTE, 0, bytes.length);
    return string;
  }

  private static long check(MemorySegment state, long result) throws IOException {
    if (result < 0) {
      throw new Linux.ErrnoException("call", state.get(JAVA_INT, ERRNO));
    }
    return result;
  }

  static Stat stat(byte[] path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      MemorySegment out = arena.allocate(256, 8);
      int atFdcwd = -100;
      int noFollow = 0x100;
      int all = 0x7ff;
      check(
          state, (int) STATX.invokeExact(state, atFdcwd, string(arena, path), noFollow, all, out));
      return new Stat(
          Short.toUnsignedInt(out.get(JAVA_SHORT, 0x1c)),
          out.get(JAVA_INT, 0x10),
          out.get(JAVA_INT, 0x14),
          out.get(JAVA_INT, 0x18),
          out.get(JAVA_LONG, 0x20),
          out.get(JAVA_LONG, 0x28),
          out.get(JAVA_LONG, 0x30),
          out.get(JAVA_LONG, 0x70),
          out.get(JAVA_INT, 0x78),
          out.get(JAVA_INT, 0x80),
          out.get(JAVA_INT, 0x84));
    } catch (Throwable e) {
      throw io(e);
    }
  }

  static byte[] readlink(byte[] path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      MemorySegment out = arena.allocate(8192);
      long n =
          check(
              state, (long) READLINK.invokeExact(state, string(arena, path), out, out.byteSize()));
      return out.asSlice(0, n).toArray(JAVA_BYTE);
    } catch (Throwable e) {
      throw io(e);
    }
  }

  /** The names of the attributes, asked for with as much room as a first call says. */
  static List<byte[]> xattrNames(byte[] path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      MemorySegment name = string(arena, path);
      long size = check(state, (long) LISTXATTR.invokeExact(state, name, MemorySegment.NULL, 0L));
      MemorySegment out = arena.allocate(Math.max(1, size));
      long n = size == 0 ? 0 : check(state, (long) LISTXATTR.invokeExact(state, name, out, size));
      List<byte[]> names = new ArrayList<>();
      long start = 0;
      for (long i = 0; i < n; i++) {
        if (out.get(JAVA_BYTE, i) == 0) {
          names.add(out.asSlice(start, i - start).toArray(JAVA_BYTE));
          start = i + 1;
        }
      }
      return names;
    } catch (Throwable e) {
      throw io(e);
    }
  }

  /** An attribute's value; {@code room} 0 asks only for its size, and returns that many zeros. */
  static byte[] xattr(byte[] path, byte[] name, int room) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      MemorySegment out = arena.allocate(Math.max(1, room));
      long n =
          check(
              state,
              (long)
                  GETXATTR.invokeExact(
                      state, string(arena, path), string(arena, name), out, (long) room));
      return room == 0 ? new byte[(int) n] : out.asSlice(0, n).toArray(JAVA_BYTE);
    } catch (Throwable e) {
      throw io(e);
    }
  }

  static void setXattr(byte[] path, byte[] name, byte[] value) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      check(
          state,
          (long)
              SETXATTR.invokeExact(
                  state,
                  string(arena, path),
                  string(arena, name),
                  string(arena, value),
                  (long) value.length,
                  0));
    } catch (Throwable e) {
      throw io(e);
    }
  }

  /** Lists a directory, from an entry's cookie on if that is not 0. */
  static List<Entry> list(byte[] path, long cookie) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      MemorySegment directory = (MemorySegment) OPENDIR.invokeExact(state, string(arena, path));
      if (directory.address() == 0) {
        throw new Linux.ErrnoException("opendir", state.get(JAVA_INT, ERRNO));
      }
      try {
        if (cookie != 0) {
          SEEKDIR.invokeExact(directory, cookie);
        }
        List<Entry> entries = new ArrayList<>();
        while (true) {
          state.set(JAVA_INT, ERRNO, 0);
          MemorySegment found = (MemorySegment) READDIR.invokeExact(state, directory);
          if (found.address() == 0) {
            return entries;
          }
          MemorySegment head = found.reinterpret(19);
          MemorySegment entry = found.reinterpret(head.get(JAVA_SHORT, 16) & 0xffff);
          int end = 19;
          while (entry.get(JAVA_BYTE, end) != 0) {
            end++;
          }
          entries.add(
              new Entry(
                  new String(
                      entry.asSlice(19, end - 19).toArray(JAVA_BYTE), StandardCharsets.ISO_8859_1),
                  entry.get(JAVA_LONG, 0),
                  entry.get(JAVA_BYTE, 18),
                  entry.get(JAVA_LONG, 8)));
        }
      } finally {
        int _ = (int) CLOSEDIR.invokeExact(state, directory);
      }
    } catch (Throwable e) {
      throw io(e);
    }
  }

  /** Reads up to {@code length} bytes of a file in one call. */
  static byte[] read(byte[] path, long offset, int length) throws IOException {
    int fd = open(path);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      MemorySegment out = arena.allocate(Math.max(1, length));
      long n = check(state, (long) PREAD.invokeExact(state, fd, out, (long) length, offset));
      return out.asSlice(0, n).toArray(JAVA_BYTE);
    } catch (Throwable e) {
      throw io(e);
    } finally {
      Linux.close(fd);
    }
  }

  private static int open(byte[] path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      return (int) check(state, (int) OPEN.invokeExact(state, string(arena, path), 0));
    } catch (Throwable e) {
      throw io(e);
    }
  }

  private static IOException io(Throwable e) {
    return e instanceof IOException io ? io : new IOException(e);
  }
}
