package io.morsel.snapshotter;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** Keeps a second daemon from using the same root. */
public final class RootLock implements AutoCloseable {
  private final FileChannel file;

  private RootLock(FileChannel file) {
    this.file = file;
  }

  /**
   * Takes the lock; the kernel gives it back when the process ends, however it does.
   *
   * @throws IOException if another process has it, which is named
   */
  public static RootLock take(Path root) throws IOException {
    Path path = root.resolve("lock");
    FileChannel file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    boolean taken = false;
    try {
      FileLock lock = tryLock(file);
      if (lock == null) {
        throw new IOException(
            "another morsel daemon (pid "
                + holder(file)
                + ") uses the root "
                + root
                + "; stop it or choose another root");
      }
      taken = true;
      file.truncate(0);
      file.write(
          ByteBuffer.wrap(
              Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.UTF_8)),
          0);
      return new RootLock(file);
    } finally {
      if (!taken) {
        file.close();
      }
    }
  }

  private static @Nullable FileLock tryLock(FileChannel file) throws IOException {
    try {
      return file.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  private static String holder(FileChannel file) throws IOException {
    ByteBuffer pid = ByteBuffer.allocate(20);
    int read = file.read(pid, 0);
    return read <= 0 ? "unknown" : new String(pid.array(), 0, read, StandardCharsets.UTF_8).strip();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
