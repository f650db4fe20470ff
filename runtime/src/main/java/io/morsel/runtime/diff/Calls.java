package io.morsel.runtime.diff;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.morsel.stargz.tar.ByteStrings;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The system calls by which trees are written and read, with the memory that they need; for the
 * thread that made it.
 *
 * <p>A call that waits for a filesystem, which may be served by this very process, does so outside
 * of Java, so that the threads that serve can run, and collect garbage.
 *
 * <p>A file is named by a directory's descriptor and a byte string. Calls whose failure can be an
 * answer return the negative error number; the others throw {@link ErrnoException}. None of them
 * follows a symbolic link at the end of a name, but {@link #openInRoot} where told to.
 */
final class Calls implements AutoCloseable {
  /** How much one call reads or writes at most. */
  static final int BUFFER_BYTES = 256 << 10;

  private static final int STATX_BYTES = 256;
  private static final int STATX_BASIC = 0x7ff;

  private final Arena arena = Arena.ofConfined();
  private final CallMemory memory = new CallMemory(arena);
  private final MemorySegment state = memory.state();
  private final XattrCalls xattrs = new XattrCalls(arena, memory);
  private final MemorySegment statx = arena.allocate(STATX_BYTES, Long.BYTES);
  private final MemorySegment times = arena.allocate(4L * Long.BYTES, Long.BYTES);
  private final MemorySegment how = arena.allocate(3L * Long.BYTES, Long.BYTES);
  private final MemorySegment buffer = arena.allocate(BUFFER_BYTES, Long.BYTES);

  @Override
  public void close() {
    arena.close();
  }

  /** Extended attributes. */
  XattrCalls xattrs() {
    return xattrs;
  }

  /** What a call returned, unless that is an error. */
  static long check(long result, String call, String name) throws ErrnoException {
    if (result < 0) {
      String shown = ByteStrings.text(name);
      throw new ErrnoException(shown.isEmpty() ? call : call + " " + shown, (int) -result);
    }
    return result;
  }

  private long result(long returned) {
    return memory.result(returned);
  }

  private MemorySegment name(String name) throws ErrnoException {
    return memory.first(name);
  }

  /** openat(2), always with {@code O_CLOEXEC}; the descriptor. */
  int open(int directory, String name, int flags, int mode) throws ErrnoException {
    MemorySegment text = name(name);
    try {
      int fd =
          (int)
              Libc.OPENAT.invokeExact(
                  state, directory, text, flags | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, mode);
      return (int) result(fd);
    } catch (Throwable e) {
      throw CallMemory.unexpected(e);
    }
  }

  /** Opens a directory by a path of the process's own namespace, which may be a link. */
  int openDirectory(String absolute) throws ErrnoException {
    MemorySegment text = name(absolute);
    int fd;
    try {
      fd =
          (int)
              Libc.OPENAT.invokeExact(
                  state, Libc.AT_FDCWD, text, Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0);
    } catch (Throwable e) {
      throw CallMemory.unexpected(e);
    }
    return (int) check(result(fd), "open directory", absolute);
  }

  /**
   * openat2(2): opens a path as if {@code root} were the root directory, so that neither {@code ..}
   * nor a symbolic link leads out of it.
   *
   * @param resolve further {@code RESOLVE_} flags
   */
  int openInRoot(int root, String name, int flags, long resolve) throws ErrnoException {
    // "" would be nothing at all, and not the root.
    MemorySegment text = name(name.isEmpty() ? "." : name);
    how.set(JAVA_LONG, 0, flags | Libc.O_CLOEXEC);
    how.set(JAVA_LONG, 8, 0);
    how.set(JAVA_LONG, 16, resolve | Libc.RESOLVE_IN_ROOT | Libc.RESOLVE_NO_MAGICLINKS);
    while (true) {
      long fd;
      try {
        fd =
            (long)
                Libc.SYSCALL.invokeExact(
                    state, Libc.SYS_OPENAT2, (long) root, text, how, how.byteSize());
      } catch (Throwable e) {
        throw CallMemory.unexpected(e);
      }
      int result = (int) result(fd);
      if (result == -Errno.ENOSYS) {
        throw new ErrnoException(
            "openat2 (layers can't be unpacked safely without it, which Linux 5.6 has)",
            Errno.ENOSYS);
      }
      // Something was renamed somewhere on the machine, and ".." was not safe to follow meanwhile.
      if (result != -Errno.EAGAIN) {
        return result;
      }
    }
  }

  void closeDescriptor(int fd) {
    if (fd < 0) {
      return;
    }
    try {
      int ignored = (int) Libc.CLOSE.invokeExact(state, fd);
    } catch (Throwable e) {
      throw CallMemory.unexpected(e);
    }
  }

  /** Writes all of it at this place of a file. */
  void write(int fd, byte[] bytes, int length, long offset) throws ErrnoException {
    int done = 0;
    while (done < length) {
      int part = Math.min(BUFFER_BYTES, length - done);
      MemorySegment.copy(bytes, done, buffer, JAVA_BYTE, 0, part);
      long n;
      try {
        n = (long) Libc.PWRITE.invokeExact(state, fd, buffer, (long) part, offset + done);
      } catch (Throwable e) {
        throw CallMemory.unexpected(e);
      }
      done += (int) check(result(n), "write", "");
    }
  }

  /** Reads on in a file; 0 at its end. */
  int read(int fd, byte[] target, int offset, int length) throws ErrnoException {
    long n;
    try {
      n = (long) Libc.READ.invokeExact(state, fd, buffer, (long) Math.min(length, BUFFER_BYTES));
    } catch (Throwable e) {
      throw CallMemory.unexpected(e);
    }
    int read = (int) check(result(n), "read", "");
    MemorySegment.copy(buffer, JAVA_BYTE, 0, target, offset, read);
    return read;
  }

  void truncate(int fd, long sizeBytes) throws ErrnoException {
    try {
      int done = (int) Libc.FTRUNCATE.invokeExact(state, fd, sizeBytes);
      check(result(done), "truncate", "");
    } catch (Throwable e) {
      throw CallMemory.failure(e);
    }
  }

  /** The status of a file; null where there is none. */
  @Nullable FileStatus find(int directory, String name) throws ErrnoException {
    long result = statx(directory, name);
    if (result == -Errno.ENOENT) {
      return null;
    }
    check(result, "stat", name);
    return readStatus();
  }

  /** The status of a file. */
  FileStatus status(int directory, String name) throws ErrnoException {
    check(statx(directory, name), "stat", name);
    return readStatus();
  }

  /** The status of what is open. */
  FileStatus status(int fd) throws ErrnoException {
    return status(fd, "");
  }

  private long statx(int directory, String name) throws ErrnoException {
    MemorySegment text = name(name);
    int flags = Libc.AT_SYMLINK_NOFOLLOW | Libc.AT_NO_AUTOMOUNT | Libc.AT_EMPTY_PATH;
    try {
      int done = (int) Libc.STATX.invokeExact(state, directory, text, flags, STATX_BASIC, statx);
      return result(done);
    } catch (Throwable e) {
      throw CallMemory.unexpected(e);
    }
  }

  /** The structure of {@code linux/stat.h}, which is the same on all machines. */
  private FileStatus readStatus() {
    long device =
        Integer.toUnsignedLong(statx.get(JAVA_INT, 136)) << 32
            | Integer.toUnsignedLong(statx.get(JAVA_INT, 140));
    return new FileStatus(
        Short.toUnsignedInt(statx.get(JAVA_SHORT, 28)),
        statx.get(JAVA_INT, 16),
        Integer.toUnsignedLong(statx.get(JAVA_INT, 20)),
        Integer.toUnsignedLong(statx.get(JAVA_INT, 24)),
        statx.get(JAVA_LONG, 32),
        statx.get(JAVA_LONG, 40),
        statx.get(JAVA_LONG, 112),
        statx.get(JAVA_INT, 120),
        device,
        statx.get(JAVA_INT, 128),
        statx.get(JAVA_INT, 132));
  }

  /** The names in a directory that is open for reading, but for the two of dots; sorted. */
  List<String> list(int fd) throws ErrnoException {
    List<String> names = new ArrayList<>();
    while (true) {
      long n;
      try {
        n = (long) Libc.GETDENTS.invokeExact(state, fd, buffer, buffer.byteSize());
      } catch (Throwable e) {
        throw CallMemory.unexpected(e);
      }
      long end = check(result(n), "list directory", "");
      if (end == 0) {
        Collections.sort(names);
        return names;
      }
      // struct linux_dirent64: inode, offset, length of the record, type, name.
      for (long at = 0; at < end; at += Short.toUnsignedInt(buffer.get(JAVA_SHORT, at + 16))) {
        String name = buffer.getString(at + 19, ISO_8859_1);
        if (!name.equals(".") && !name.equals("..")) {
          names.add(name);
        }
      }
    }
  }

  /** Where a symbolic link points. */
  String readLink(int directory, String name) throws ErrnoException {
    MemorySegment text = name(name);
    long n;
    try {
      n = (long) Libc.READLINKAT.invokeExact(state, directory, text, buffer, buffer.byteSize());
    } catch (Throwable e) {
      throw CallMemory.unexpected(e);
    }
    return bytes((int) check(result(n), "read link", name));
  }

  private String bytes(int length) {
    byte[] bytes = new byte[length];
    MemorySegment.copy(buffer, JAVA_BYTE, 0, bytes, 0, length);
    return new String(bytes, ISO_8859_1);
  }

  /** Makes a directory that only its owner may use; 0, or the negative error number. */
  int makeDirectory(int directory, String name) throws ErrnoException {
    MemorySegment text = name(name);
    try {
      return (int) result((int) Libc.MKDIRAT.invokeExact(state, directory, text, 0700));
    } catch (Throwable e) {
      throw CallMemory.unexpected(e);
    }
  }

  /** Makes a device or a FIFO. */
  void makeNode(int directory, String name, int mode, long major, long minor)
      throws ErrnoException {
    MemorySegment text = name(name);
    // As makedev(3) spreads the bits.
    long device =
        ((major & 0xfffff000L) << 32)
            | ((major & 0xfff) << 8)
            | ((minor & 0xffffff00L) << 12)
            | (minor & 0xff);
    try {
      check(
          result((int) Libc.MKNODAT.invokeExact(state, directory, text, mode, device)),
          "make node",
          name);
    } catch (Throwable e) {
      throw CallMemory.failure(e);
    }
  }

  void makeSymlink(String target, int directory, String name) throws ErrnoException {
    MemorySegment text = name(name);
    MemorySegment link = memory.second(target);
    try {
      check(
          result((int) Libc.SYMLINKAT.invokeExact(state, link, directory, text)),
          "make symbolic link",
          name);
    } catch (Throwable e) {
      throw CallMemory.failure(e);
    }
  }

  void makeLink(int oldDirectory, String oldName, int directory, String name)
      throws ErrnoException {
    MemorySegment text = name(name);
    MemorySegment old = memory.second(oldName);
    try {
      check(
          result((int) Libc.LINKAT.invokeExact(state, oldDirectory, old, directory, text, 0)),
          "make hard link",
          name);
    } catch (Throwable e) {
      throw CallMemory.failure(e);
    }
  }

  /** Removes a name; 0, or the negative error number. */
  int unlink(int directory, String name, int flags) throws ErrnoException {
    MemorySegment text = name(name);
    try {
      return (int) result((int) Libc.UNLINKAT.invokeExact(state, directory, text, flags));
    } catch (Throwable e) {
      throw CallMemory.unexpected(e);
    }
  }

  void changeOwner(int directory, String name, long userId, long groupId) throws ErrnoException {
    MemorySegment text = name(name);
    try {
      int flags = Libc.AT_SYMLINK_NOFOLLOW;
      int done =
          (int)
              Libc.FCHOWNAT.invokeExact(state, directory, text, (int) userId, (int) groupId, flags);
      check(result(done), "change owner of", name);
    } catch (Throwable e) {
      throw CallMemory.failure(e);
    }
  }

  /** Changes the permissions of what the caller knows to be no symbolic link. */
  void changeMode(int directory, String name, int permissions) throws ErrnoException {
    MemorySegment text = name(name);
    try {
      check(
          result((int) Libc.FCHMODAT.invokeExact(state, directory, text, permissions, 0)),
          "change mode of",
          name);
    } catch (Throwable e) {
      throw CallMemory.failure(e);
    }
  }

  /** Sets the times of last access and modification; 0, or the negative error number. */
  int changeTimes(int directory, String name, long seconds, int nanos) throws ErrnoException {
    MemorySegment text = name(name);
    for (int i = 0; i < 2; i++) {
      times.setAtIndex(JAVA_LONG, 2L * i, seconds);
      times.setAtIndex(JAVA_LONG, 2L * i + 1, nanos);
    }
    try {
      int flags = Libc.AT_SYMLINK_NOFOLLOW;
      return (int) result((int) Libc.UTIMENSAT.invokeExact(state, directory, text, times, flags));
    } catch (Throwable e) {
      throw CallMemory.unexpected(e);
    }
  }

  /** Has everything of a filesystem on its disk when this returns. */
  void sync(int fd) throws ErrnoException {
    try {
      check(result((int) Libc.SYNCFS.invokeExact(state, fd)), "sync filesystem", "");
    } catch (Throwable e) {
      throw CallMemory.failure(e);
    }
  }
}
