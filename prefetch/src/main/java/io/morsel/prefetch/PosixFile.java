package io.morsel.prefetch;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * A file read and written at positions through the C library ({@code pread(2)}, {@code pwrite(2)}).
 *
 * <p>A {@code FileChannel} closes itself when an interrupted thread touches it; a layer's data must
 * outlive the readers that are interrupted. Safe for use by many threads; whoever closes the file
 * sees to it that nobody uses it any more, since descriptors are reused.
 */
final class PosixFile implements AutoCloseable {
  static final int EIO = 5;
  static final int ENOSPC = 28;
  static final int EDQUOT = 122;
  private static final int EINTR = 4;

  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0x40;
  private static final int O_CLOEXEC = 0x80000;
  private static final int MODE = 0600;
  private static final int SEEK_END = 2;

  // struct statx of linux/stat.h, the same on every architecture.
  private static final int AT_FDCWD = -100;
  private static final int STATX_BLOCKS = 0x400;
  private static final int STATX_BYTES = 256;
  private static final int STX_BLOCKS_OFFSET = 48;

  /** How much of a heap buffer goes through native memory at a time. */
  private static final int BOUNCE_BYTES = 128 << 10;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final SymbolLookup LIBC = LINKER.defaultLookup();
  private static final MemoryLayout CAPTURE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO_VALUE =
      CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final ThreadLocal<MemorySegment> ERRNO =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CAPTURE));

  private static final MethodHandle OPEN =
      LINKER.downcallHandle(
          LIBC.findOrThrow("open"),
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT),
          Linker.Option.captureCallState("errno"),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle PREAD = transfer("pread");
  private static final MethodHandle PWRITE = transfer("pwrite");
  private static final MethodHandle FDATASYNC =
      function("fdatasync", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
  private static final MethodHandle CLOSE =
      function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
  private static final MethodHandle FTRUNCATE =
      function(
          "ftruncate",
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
  private static final MethodHandle LSEEK =
      function(
          "lseek",
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT));
  private static final MethodHandle STATX =
      function(
          "statx",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS));
  private static final MethodHandle STRERROR =
      LINKER.downcallHandle(
          LIBC.findOrThrow("strerror"),
          FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));

  private final Path path;
  private final int descriptor;

  private PosixFile(Path path, int descriptor) {
    this.path = path;
    this.descriptor = descriptor;
  }

  /** Opens the file for reading and writing, and makes it, empty and private, if there is none. */
  static PosixFile open(Path path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = ERRNO.get();
      MemorySegment name = arena.allocateFrom(path.toString());
      int descriptor;
      do {
        descriptor = (int) OPEN.invokeExact(errno, name, O_RDWR | O_CREAT | O_CLOEXEC, MODE);
      } while (descriptor < 0 && errno(errno) == EINTR);
      if (descriptor < 0) {
        throw failure("open", path, errno(errno));
      }
      return new PosixFile(path, descriptor);
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** The file's size in bytes. */
  long size() throws IOException {
    try {
      MemorySegment errno = ERRNO.get();
      long size = (long) LSEEK.invokeExact(errno, descriptor, 0L, SEEK_END);
      if (size < 0) {
        throw failure("lseek", path, errno(errno));
      }
      return size;
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Makes the file this long; what is new of it is a hole. */
  void truncate(long sizeBytes) throws IOException {
    try {
      MemorySegment errno = ERRNO.get();
      if ((int) FTRUNCATE.invokeExact(errno, descriptor, sizeBytes) != 0) {
        throw failure("ftruncate", path, errno(errno));
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Fills {@code target} from {@code offset} on, or as far as the file reaches. */
  void read(ByteBuffer target, long offset) throws IOException {
    if (target.isDirect()) {
      transfer(PREAD, "pread", target, offset);
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      ByteBuffer bounce =
          arena.allocate(Math.min(BOUNCE_BYTES, Math.max(1, target.remaining()))).asByteBuffer();
      long position = offset;
      while (target.hasRemaining()) {
        bounce.clear().limit(Math.min(bounce.capacity(), target.remaining()));
        transfer(PREAD, "pread", bounce, position);
        boolean end = bounce.hasRemaining();
        bounce.flip();
        position += bounce.remaining();
        target.put(bounce);
        if (end) {
          return;
        }
      }
    }
  }

  /** Writes all of {@code source}, which must be direct, from {@code offset} on. */
  void write(ByteBuffer source, long offset) throws IOException {
    if (!source.isDirect()) {
      throw new IllegalArgumentException("a heap buffer");
    }
    transfer(PWRITE, "pwrite", source, offset);
    if (source.hasRemaining()) {
      throw failure("pwrite", path, EIO);
    }
  }

  private void transfer(MethodHandle call, String name, ByteBuffer buffer, long offset)
      throws IOException {
    MemorySegment errno = ERRNO.get();
    long position = offset;
    try {
      while (buffer.hasRemaining()) {
        long n =
            (long)
                call.invokeExact(
                    errno,
                    descriptor,
                    MemorySegment.ofBuffer(buffer),
                    (long) buffer.remaining(),
                    position);
        if (n < 0) {
          if (errno(errno) == EINTR) {
            continue;
          }
          throw failure(name, path, errno(errno));
        }
        if (n == 0) {
          return;
        }
        buffer.position(buffer.position() + (int) n);
        position += n;
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Returns once what was written is on the disk ({@code fdatasync(2)}). */
  void sync() throws IOException {
    try {
      MemorySegment errno = ERRNO.get();
      if ((int) FDATASYNC.invokeExact(errno, descriptor) != 0) {
        throw failure("fdatasync", path, errno(errno));
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      MemorySegment errno = ERRNO.get();
      // Not repeated on EINTR: Linux has released the descriptor by then.
      if ((int) CLOSE.invokeExact(errno, descriptor) != 0 && errno(errno) != EINTR) {
        throw failure("close", path, errno(errno));
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** How much of the disk a file takes, holes not counted ({@code statx(2)}, stx_blocks). */
  static long allocatedBytes(Path path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = ERRNO.get();
      MemorySegment name = arena.allocateFrom(path.toString());
      MemorySegment statx = arena.allocate(STATX_BYTES, 8);
      if ((int) STATX.invokeExact(errno, AT_FDCWD, name, 0, STATX_BLOCKS, statx) != 0) {
        throw failure("statx", path, errno(errno));
      }
      return 512 * statx.get(ValueLayout.JAVA_LONG, STX_BLOCKS_OFFSET);
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static int errno(MemorySegment capture) {
    return (int) ERRNO_VALUE.get(capture, 0L);
  }

  private static PosixException failure(String call, Path path, int errno) {
    String reason;
    try {
      MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
      reason = text.reinterpret(256).getString(0);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
    return new PosixException(errno, call + " " + path + ": " + reason);
  }

  private static MethodHandle transfer(String name) {
    return function(
        name,
        FunctionDescriptor.of(
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_INT,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG));
  }

  private static MethodHandle function(String name, FunctionDescriptor descriptor) {
    return LINKER.downcallHandle(
        LIBC.findOrThrow(name), descriptor, Linker.Option.captureCallState("errno"));
  }

  /** A call of the C library failed. */
  static final class PosixException extends IOException {
    private final int errno;

    PosixException(int errno, String message) {
      super(message);
      this.errno = errno;
    }

    /** Whether the device, or the owner's share of it, is full. */
    boolean isNoSpace() {
      return errno == ENOSPC || errno == EDQUOT;
    }
  }
}
