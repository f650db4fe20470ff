package io.morsel.snapshotter;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * Walks a tree for what its files have allocated, which Java's own attributes do not tell: {@code
 * statx(2)}.
 */
final class DiskUsage {
  /** Receives one directory entry. */
  @FunctionalInterface
  interface Visitor {
    /**
     * One entry.
     *
     * @param inode equal for two names of one inode
     * @param allocatedBytes what the inode has allocated
     */
    void visit(Inode inode, long allocatedBytes);
  }

  /** An inode's identity. */
  record Inode(int deviceMajor, int deviceMinor, long number) {}

  // From linux/fcntl.h, linux/stat.h and errno.h.
  private static final int AT_FDCWD = -100;
  private static final int AT_SYMLINK_NOFOLLOW = 0x100;
  private static final int STATX_INO = 0x100;
  private static final int STATX_BLOCKS = 0x400;
  private static final int ENOENT = 2;
  private static final int ENOTDIR = 20;

  /** The fields of {@code struct statx} that are read, by their offsets. */
  private static final int STATX_BYTES = 256;

  private static final int INO_OFFSET = 32;
  private static final int BLOCKS_OFFSET = 48;
  private static final int DEV_MAJOR_OFFSET = 136;
  private static final int DEV_MINOR_OFFSET = 140;

  /** The unit of {@code stx_blocks}, whatever the filesystem's block size. */
  private static final int BLOCK_BYTES = 512;

  private static final Linker LINKER = Linker.nativeLinker();

  private static final MethodHandle STATX =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("statx"),
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS),
          Linker.Option.captureCallState("errno"));

  private static final VarHandle ERRNO =
      Linker.Option.captureStateLayout()
          .varHandle(java.lang.foreign.MemoryLayout.PathElement.groupElement("errno"));

  private DiskUsage() {}

  /** Visits {@code root} and all below it; entries that vanish meanwhile are left out. */
  static void walk(Path root, Visitor visitor) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(STATX_BYTES, 8);
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
      Files.walkFileTree(
          root,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes)
                throws IOException {
              return visitFile(path, attributes);
            }

            @Override
            public FileVisitResult visitFile(Path path, BasicFileAttributes attributes)
                throws IOException {
              if (statx(path, buffer, state)) {
                visitor.visit(
                    new Inode(
                        buffer.get(ValueLayout.JAVA_INT, DEV_MAJOR_OFFSET),
                        buffer.get(ValueLayout.JAVA_INT, DEV_MINOR_OFFSET),
                        buffer.get(ValueLayout.JAVA_LONG, INO_OFFSET)),
                    buffer.get(ValueLayout.JAVA_LONG, BLOCKS_OFFSET) * BLOCK_BYTES);
              }
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path path, IOException failure)
                throws IOException {
              boolean vanished =
                  failure instanceof NoSuchFileException
                      || failure instanceof NotDirectoryException;
              if (vanished && !path.equals(root)) {
                return FileVisitResult.CONTINUE;
              }
              throw failure;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path path, @Nullable IOException failure) {
              return FileVisitResult.CONTINUE;
            }
          });
    }
  }

  /** Fills {@code buffer}; false where the entry has vanished. */
  private static boolean statx(Path path, MemorySegment buffer, MemorySegment state)
      throws IOException {
    byte[] name = bytes(path);
    int result;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment nameSegment = arena.allocate(name.length + 1L);
      MemorySegment.copy(name, 0, nameSegment, ValueLayout.JAVA_BYTE, 0, name.length);
      result =
          (int)
              STATX.invokeExact(
                  state,
                  AT_FDCWD,
                  nameSegment,
                  AT_SYMLINK_NOFOLLOW,
                  STATX_INO | STATX_BLOCKS,
                  buffer);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
    if (result == 0) {
      return true;
    }
    int errno = (int) ERRNO.get(state, 0L);
    if (errno == ENOENT || errno == ENOTDIR) {
      return false;
    }
    throw new IOException("can't stat " + path + ": errno " + errno);
  }

  /**
   * A path's bytes. Names need not be text, and {@code toString} is not faithful then; the URI is.
   */
  static byte[] bytes(Path path) {
    String uri = path.toUri().getRawPath();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(uri.length());
    int length = uri.length() > 1 && uri.endsWith("/") ? uri.length() - 1 : uri.length();
    for (int i = 0; i < length; i++) {
      char c = uri.charAt(i);
      if (c == '%') {
        bytes.write(Integer.parseInt(uri, i + 1, i + 3, 16));
        i += 2;
      } else {
        bytes.writeBytes(String.valueOf(c).getBytes(StandardCharsets.UTF_8));
      }
    }
    return bytes.toByteArray();
  }
}
