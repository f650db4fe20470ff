package io.morsel.bench.host;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The machine's page cache. */
public final class PageCache {
  private PageCache() {}

  /** Writes back what is dirty, and drops what is cached of every file, directory and inode. */
  public static void drop() {
    Command.of("sync").succeed();
    try {
      Files.writeString(Path.of("/proc/sys/vm/drop_caches"), "3\n");
    } catch (IOException e) {
      throw new HostException("can't drop the page cache: " + e.getMessage(), e);
    }
  }

  /** Reads files, so that they are cached. */
  public static void warm(Iterable<Path> files) {
    byte[] buffer = new byte[1 << 20];
    for (Path file : files) {
      try (InputStream in = Files.newInputStream(file)) {
        while (in.read(buffer) > 0) {
          // Only to have it read.
        }
      } catch (IOException e) {
        throw new HostException("can't read " + file + ": " + e.getMessage(), e);
      }
    }
  }
}
