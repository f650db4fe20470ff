package io.morsel.stargz.erofs;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** System calls on paths of any bytes, which java.nio.file can't name. Not thread-safe. */
public final class Posix implements AutoCloseable {
  private static final int BUFFER = 512 << 10;
  private static final Linker LINKER = Linker.nativeLinker();
  private static final MemoryLayout ERRNO = Linker.Option.captureStateLayout();

  private static final MethodHandle MOUNT =
      handle("mount", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS);
  private static final MethodHandle UMOUNT = handle("umount2", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle STATX =
      handle("statx", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle READLINK =
      handle("readlink", JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
  private static final MethodHandle LISTXATTR =
      handle("llistxattr", JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
  private static final MethodHandle GETXATTR =
      handle("lgetxattr", JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);
  private static final MethodHandle OPEN = handle("open", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle CLOSE = handle("close", JAVA_INT, JAVA_INT);
  private static final MethodHandle PREAD =
      handle("pread", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle GETDENTS =
      handle("getdents64", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment errno = arena.allocate(ERRNO);
  private final MemorySegment path = arena.allocate(8 << 10);
  private final MemorySegment text = arena.allocate(8 << 10);
  private final MemorySegment buffer = arena.allocate(BUFFER, 8);

  /** What {@code statx} says of an inode; the device's number as the kernel encodes it. */
  public record Stat(
      int mode,
      long ino,
      long size,
      int uid,
      int gid,
      int nlink,
      long mtimeSeconds,
      int mtimeNanos,
      int rdev) {}

  private static MethodHandle handle(String name, MemoryLayout result, MemoryLayout... arguments) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(result, arguments),
        Linker.Option.captureCallState("errno"));
  }

  private interface Call {
    long run() throws Throwable;
  }

  private long call(String what, Call call) throws IOException {
    long result;
    try {
      result = call.run();
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
    if (result < 0) {
      throw new IOException(what + ": errno " + errno.get(JAVA_INT, 0));
    }
    return result;
  }

  public void mount(String source, String target, String type, long flags, String options)
      throws IOException {
    MemorySegment from = arena.allocateFrom(source);
    MemorySegment kind = arena.allocateFrom(type);
    MemorySegment data = arena.allocateFrom(options);
    call(
        "mount " + source + " on " + target,
        () -> (int) MOUNT.invokeExact(errno, from, arena.allocateFrom(target), kind, flags, data));
  }

  public void unmount(String target) throws IOException {
    MemorySegment to = arena.allocateFrom(target);
    call("umount " + target, () -> (int) UMOUNT.invokeExact(errno, to, 0));
  }

  public Stat stat(byte[] file) throws IOException {
    // AT_FDCWD, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS; linux/stat.h.
    put(path, file);
    call("statx", () -> (int) STATX.invokeExact(errno, -100, path, 0x100, 0x7FF, buffer));
    int major = buffer.get(JAVA_INT, 128);
    int minor = buffer.get(JAVA_INT, 132);
    return new Stat(
        buffer.get(JAVA_SHORT, 28) & 0xFFFF,
        buffer.get(JAVA_LONG, 32),
        buffer.get(JAVA_LONG, 40),
        buffer.get(JAVA_INT, 20),
        buffer.get(JAVA_INT, 24),
        buffer.get(JAVA_INT, 16),
        buffer.get(JAVA_LONG, 112),
        buffer.get(JAVA_INT, 120),
        (minor & 0xFF) | major << 8 | (minor & ~0xFF) << 12);
  }

  public byte[] readlink(byte[] file) throws IOException {
    put(path, file);
    return bytes(
        0, call("readlink", () -> (long) READLINK.invokeExact(errno, path, buffer, (long) BUFFER)));
  }

  public List<byte[]> xattrNames(byte[] file) throws IOException {
    put(path, file);
    long length =
        call("llistxattr", () -> (long) LISTXATTR.invokeExact(errno, path, buffer, (long) BUFFER));
    var names = new ArrayList<byte[]>();
    for (long at = 0; at < length; at += names.getLast().length + 1) {
      names.add(cString(at));
    }
    return names;
  }

  public byte[] xattr(byte[] file, byte[] name) throws IOException {
    put(path, file);
    put(text, name);
    return bytes(
        0,
        call(
            "lgetxattr " + new String(name, StandardCharsets.UTF_8),
            () -> (long) GETXATTR.invokeExact(errno, path, text, buffer, (long) BUFFER)));
  }

  public byte[] read(byte[] file, long offset, int length) throws IOException {
    put(path, file);
    int fd = (int) call("open", () -> (int) OPEN.invokeExact(errno, path, 0));
    try {
      return bytes(
          0,
          call("pread", () -> (long) PREAD.invokeExact(errno, fd, buffer, (long) length, offset)));
    } finally {
      call("close", () -> (int) CLOSE.invokeExact(errno, fd));
    }
  }

  /** The names in a directory, in the kernel's order. */
  public List<byte[]> list(byte[] directory) throws IOException {
    put(path, directory);
    int fd = (int) call("open", () -> (int) OPEN.invokeExact(errno, path, 0x10000));
    var names = new ArrayList<byte[]>();
    try {
      while (true) {
        long length =
            call("getdents64", () -> (long) GETDENTS.invokeExact(errno, fd, buffer, (long) BUFFER));
        if (length == 0) {
          return names;
        }
        for (long at = 0; at < length; at += buffer.get(JAVA_SHORT, at + 16)) {
          names.add(cString(at + 19));
        }
      }
    } finally {
      call("close", () -> (int) CLOSE.invokeExact(errno, fd));
    }
  }

  public static byte[] join(byte[] directory, byte[] name) {
    byte[] joined = Arrays.copyOf(directory, directory.length + 1 + name.length);
    joined[directory.length] = '/';
    System.arraycopy(name, 0, joined, directory.length + 1, name.length);
    return joined;
  }

  private static void put(MemorySegment target, byte[] string) {
    MemorySegment.copy(string, 0, target, ValueLayout.JAVA_BYTE, 0, string.length);
    target.set(JAVA_BYTE, string.length, (byte) 0);
  }

  private byte[] cString(long at) {
    long end = at;
    while (buffer.get(JAVA_BYTE, end) != 0) {
      end++;
    }
    return bytes(at, end - at);
  }

  private byte[] bytes(long at, long length) {
    return buffer.asSlice(at, length).toArray(JAVA_BYTE);
  }

  @Override
  public void close() {
    arena.close();
  }
}
