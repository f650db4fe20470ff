package io.morsel.snapshotter;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.morsel.stargz.erofs.DirectoryAttributes;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A directory of an unpacked layer, which does not change any more. Through system calls, since
 * names need not be text, and Java knows no extended attributes but the user's.
 */
final class DiskDirectory implements LowerDirectory {
  // From linux/fcntl.h, linux/stat.h and errno.h.
  private static final int AT_FDCWD = -100;
  private static final int AT_SYMLINK_NOFOLLOW = 0x100;
  private static final int STATX_BASIC_STATS = 0x7ff;
  private static final int S_IFMT = 0170000;
  private static final int S_IFDIR = 0040000;
  private static final int ENOENT = 2;
  private static final int ENAMETOOLONG = 36;
  private static final int ENODATA = 61;
  private static final int EOPNOTSUPP = 95;

  /** The fields of {@code struct statx} that are read, by their offsets. */
  private static final int STATX_BYTES = 256;

  private static final int UID_OFFSET = 0x14;
  private static final int GID_OFFSET = 0x18;
  private static final int MODE_OFFSET = 0x1c;
  private static final int MTIME_OFFSET = 0x70;
  private static final int MTIME_NANOS_OFFSET = 0x78;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final VarHandle ERRNO =
      Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final MethodHandle STATX =
      function("statx", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle LLISTXATTR =
      function("llistxattr", JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
  private static final MethodHandle LGETXATTR =
      function("lgetxattr", JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);

  /** By which overlayfs marks opaque directories; the second in user namespaces. */
  private static final List<byte[]> OPAQUE =
      List.of(ascii("trusted.overlay.opaque"), ascii("user.overlay.opaque"));

  private final byte[] path;
  private final int permissions;
  private final int uid;
  private final int gid;
  private final long mtimeSeconds;
  private final int mtimeNanos;

  private DiskDirectory(byte[] path, MemorySegment statx) {
    this.path = path;
    permissions = statx.get(JAVA_SHORT, MODE_OFFSET) & 07777;
    uid = statx.get(JAVA_INT, UID_OFFSET);
    gid = statx.get(JAVA_INT, GID_OFFSET);
    mtimeSeconds = statx.get(JAVA_LONG, MTIME_OFFSET);
    mtimeNanos = statx.get(JAVA_INT, MTIME_NANOS_OFFSET);
  }

  /**
   * The directory at this path.
   *
   * @throws NoSuchFileException if there is nothing
   */
  static DiskDirectory of(Path path) throws IOException {
    return switch (at(DiskUsage.bytes(path))) {
      case LowerEntry.Directory(DiskDirectory directory) -> directory;
      case LowerEntry.Absent() -> throw new NoSuchFileException(path.toString());
      default -> throw new IOException(path + " is no directory");
    };
  }

  private static LowerEntry at(byte[] path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
      MemorySegment statx = arena.allocate(STATX_BYTES, 8);
      int result =
          (int)
              STATX.invokeExact(
                  state,
                  AT_FDCWD,
                  string(arena, path),
                  AT_SYMLINK_NOFOLLOW,
                  STATX_BASIC_STATS,
                  statx);
      if (result == 0) {
        return (statx.get(JAVA_SHORT, MODE_OFFSET) & S_IFMT) == S_IFDIR
            ? new LowerEntry.Directory(new DiskDirectory(path, statx))
            : LowerEntry.NO_DIRECTORY;
      }
      int errno = errno(state);
      if (errno == ENOENT || errno == ENAMETOOLONG) {
        // Unpacking could not have made a path that is too long.
        return LowerEntry.ABSENT;
      }
      throw failure("statx", path, errno);
    } catch (Throwable e) {
      throw io(e);
    }
  }

  @Override
  public LowerEntry child(byte[] name) throws IOException {
    byte[] child = Arrays.copyOf(path, path.length + 1 + name.length);
    child[path.length] = '/';
    System.arraycopy(name, 0, child, path.length + 1, name.length);
    return at(child);
  }

  @Override
  public boolean isOpaque() throws IOException {
    for (byte[] name : OPAQUE) {
      if (Arrays.equals(xattr(name), new byte[] {'y'})) {
        return true;
      }
    }
    return false;
  }

  @Override
  public DirectoryAttributes attributes() throws IOException {
    List<byte[]> names = new ArrayList<>();
    List<byte[]> values = new ArrayList<>();
    for (byte[] name : xattrNames()) {
      byte[] value = xattr(name);
      if (value != null) {
        names.add(name);
        values.add(value);
      }
    }
    return new DirectoryAttributes(permissions, uid, gid, mtimeSeconds, mtimeNanos, names, values);
  }

  private List<byte[]> xattrNames() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
      MemorySegment name = string(arena, path);
      long size = (long) LLISTXATTR.invokeExact(state, name, MemorySegment.NULL, 0L);
      if (size < 0 && errno(state) == EOPNOTSUPP) {
        return List.of();
      }
      MemorySegment list = arena.allocate(Math.max(1, size));
      long length = size <= 0 ? size : (long) LLISTXATTR.invokeExact(state, name, list, size);
      if (length < 0) {
        throw failure("llistxattr", path, errno(state));
      }
      List<byte[]> names = new ArrayList<>();
      for (long start = 0, end = 0; end < length; end++) {
        if (list.get(JAVA_BYTE, end) == 0) {
          names.add(list.asSlice(start, end - start).toArray(JAVA_BYTE));
          start = end + 1;
        }
      }
      return names;
    } catch (Throwable e) {
      throw io(e);
    }
  }

  private byte @Nullable [] xattr(byte[] name) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
      MemorySegment file = string(arena, path);
      MemorySegment key = string(arena, name);
      long size = (long) LGETXATTR.invokeExact(state, file, key, MemorySegment.NULL, 0L);
      if (size < 0 && (errno(state) == ENODATA || errno(state) == EOPNOTSUPP)) {
        return null;
      }
      MemorySegment value = arena.allocate(Math.max(1, size));
      long length = size <= 0 ? size : (long) LGETXATTR.invokeExact(state, file, key, value, size);
      if (length < 0) {
        throw failure("lgetxattr", path, errno(state));
      }
      return value.asSlice(0, length).toArray(JAVA_BYTE);
    } catch (Throwable e) {
      throw io(e);
    }
  }

  private static MemorySegment string(Arena arena, byte[] bytes) {
    MemorySegment string = arena.allocate(bytes.length + 1L);
    MemorySegment.copy(bytes, 0, string, JAVA_BYTE, 0, bytes.length);
    return string;
  }

  private static int errno(MemorySegment state) {
    return (int) ERRNO.get(state, 0L);
  }

  private static IOException failure(String call, byte[] path, int errno) {
    return new IOException(
        "%s of %s: errno %d".formatted(call, new String(path, StandardCharsets.UTF_8), errno));
  }

  /** What a downcall threw; itself unless it is an IOException. */
  private static IOException io(Throwable e) {
    return switch (e) {
      case IOException failure -> failure;
      case RuntimeException failure -> throw failure;
      case Error failure -> throw failure;
      default -> throw new AssertionError(e);
    };
  }

  private static MethodHandle function(String name, ValueLayout result, ValueLayout... parameters) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(result, parameters),
        Linker.Option.captureCallState("errno"));
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
