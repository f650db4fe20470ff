package io.morsel.runtime.diff;

import io.morsel.stargz.tar.ByteStrings;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A directory that paths are resolved in as if it were the root of everything: symbolic links are
 * followed, and none of them, nor {@code ..}, leads out of it. For one thread.
 */
final class RootDirectory implements AutoCloseable {
  /** As many links as the kernel follows in one path. */
  private static final int MAX_LINKS = 40;

  private final Calls calls;
  private final int fd;

  private RootDirectory(Calls calls, int fd) {
    this.calls = calls;
    this.fd = fd;
  }

  /** The directory at this absolute path, a byte string. */
  static RootDirectory open(Calls calls, String absolute) throws IOException {
    return new RootDirectory(calls, calls.openDirectory(absolute));
  }

  int fd() {
    return fd;
  }

  /** A directory's descriptor for use in {@link Calls}; else the negative error number. */
  int find(String path) throws IOException {
    return calls.openInRoot(fd, path, Libc.O_PATH | Libc.O_DIRECTORY, 0);
  }

  /** A directory's descriptor to read it by; no symbolic link may be on the way. */
  int openForReading(String path) throws IOException {
    return (int)
        Calls.check(
            calls.openInRoot(
                fd, path, Libc.O_DIRECTORY | Libc.O_NOFOLLOW, Libc.RESOLVE_NO_SYMLINKS),
            "open directory",
            path);
  }

  /**
   * Where a path leads of which something is missing: its components below the root, all links
   * followed, also those whose targets are missing. What stands for nothing, a whiteout of
   * overlayfs, counts as missing.
   */
  List<String> follow(String path) throws IOException {
    Deque<String> pending = new ArrayDeque<>(components(path));
    List<String> real = new ArrayList<>();
    int existing = 0;
    int links = 0;
    while (!pending.isEmpty()) {
      String component = pending.removeFirst();
      if (component.equals("..")) {
        if (!real.isEmpty()) {
          real.removeLast();
        }
        existing = Math.min(existing, real.size());
        continue;
      }
      boolean reachable = existing == real.size();
      real.add(component);
      if (!reachable) {
        continue;
      }
      String reached = String.join("/", real);
      @Nullable FileStatus status = calls.find(fd, reached);
      if (status == null || status.isWhiteout()) {
        continue;
      }
      if (status.isDirectory()) {
        existing++;
        continue;
      }
      if (!status.isSymlink()) {
        throw new ErrnoException("open directory " + ByteStrings.text(reached), Errno.ENOTDIR);
      }
      links++;
      if (links > MAX_LINKS) {
        throw new ErrnoException("follow " + ByteStrings.text(reached), Errno.ELOOP);
      }
      String target = calls.readLink(fd, reached);
      real.removeLast();
      if (target.startsWith("/")) {
        real.clear();
        existing = 0;
      }
      components(target).reversed().forEach(pending::addFirst);
    }
    return real;
  }

  private static List<String> components(String path) {
    return Arrays.stream(path.split("/", -1))
        .filter(component -> !component.isEmpty() && !component.equals("."))
        .toList();
  }

  @Override
  public void close() {
    calls.closeDescriptor(fd);
  }
}
