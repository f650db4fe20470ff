package io.morsel.runtime.diff;

import io.morsel.stargz.tar.ByteStrings;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The directories that a layer's entries go into, made where the layer leaves them out: as they are
 * in the layers below, or else as root's with mode 0755. For one thread.
 */
final class ParentDirectories implements AutoCloseable {
  private static final int DEFAULT_MODE = 0755;

  private final Calls calls;
  private final RootDirectory root;
  private final List<RootDirectory> lower;
  private final Whiteouts whiteouts;
  private final Made made;
  private final DirectoryTimes times;
  private final LayerBudget budget;

  /** The directory that was asked for last: entries come in the order of directories mostly. */
  private String lastPath = "";

  private int lastFd = -1;

  /**
   * Directories below {@code root}.
   *
   * @param lower the layers below, the uppermost first; none where they are in the root already
   */
  ParentDirectories(
      Calls calls,
      RootDirectory root,
      List<RootDirectory> lower,
      Whiteouts whiteouts,
      Made made,
      DirectoryTimes times,
      LayerBudget budget) {
    this.calls = calls;
    this.root = root;
    this.lower = lower;
    this.whiteouts = whiteouts;
    this.made = made;
    this.times = times;
    this.budget = budget;
  }

  /** A directory's descriptor, good until the next call. */
  int open(String path) throws IOException {
    if (lastFd >= 0 && path.equals(lastPath)) {
      return lastFd;
    }
    int found = root.find(path);
    if (found == -Errno.ENOENT || found == -Errno.ENOTDIR) {
      make(root.follow(path));
      found = root.find(path);
    }
    Calls.check(found, "open directory", path);
    close();
    lastPath = path;
    lastFd = found;
    return found;
  }

  /** Has paths looked up anew, since something on their way may have been replaced. */
  void forget() {
    // The descriptor stays open: the caller may still use it.
    lastPath = "\0";
  }

  private void make(List<String> components) throws IOException {
    for (int i = 1; i <= components.size(); i++) {
      String path = String.join("/", components.subList(0, i));
      budget.depth(path);
      int result = calls.makeDirectory(root.fd(), path);
      if (result == 0) {
        budget.entry();
        copyAttributes(path);
        made.add(root.fd(), path);
      } else if (result == -Errno.EEXIST) {
        makeInPlaceOfWhiteout(path);
      } else {
        Calls.check(result, "make directory", path);
      }
    }
  }

  private void makeInPlaceOfWhiteout(String path) throws IOException {
    FileStatus status = calls.status(root.fd(), path);
    if (status.isDirectory()) {
      return;
    }
    if (!status.isWhiteout()) {
      throw new ErrnoException("open directory " + ByteStrings.text(path), Errno.ENOTDIR);
    }
    budget.entry();
    Calls.check(calls.unlink(root.fd(), path, 0), "remove", path);
    Calls.check(calls.makeDirectory(root.fd(), path), "make directory", path);
    calls.changeMode(root.fd(), path, DEFAULT_MODE);
    whiteouts.madeAnew(root.fd(), path);
    made.add(root.fd(), path);
  }

  private void copyAttributes(String path) throws IOException {
    for (RootDirectory layer : lower) {
      int fd = calls.openInRoot(layer.fd(), path, Libc.O_PATH, 0);
      if (fd == -Errno.ENOENT) {
        continue;
      }
      if (fd == -Errno.ENOTDIR || fd == -Errno.ELOOP) {
        break;
      }
      Calls.check(fd, "open in a lower layer", path);
      try {
        FileStatus status = calls.status(fd);
        if (!status.isDirectory()) {
          break; // Replaced, also by a whiteout.
        }
        calls.changeOwner(root.fd(), path, status.userId(), status.groupId());
        copyXattrs(fd, path);
        calls.changeMode(root.fd(), path, status.permissions());
        times.put(path, status.mtimeSeconds(), status.mtimeNanos());
        return;
      } finally {
        calls.closeDescriptor(fd);
      }
    }
    calls.changeMode(root.fd(), path, DEFAULT_MODE);
  }

  private void copyXattrs(int from, String path) throws IOException {
    for (String key : calls.xattrs().names(from, ".")) {
      if (key.startsWith("trusted.")) {
        continue;
      }
      @Nullable String value = calls.xattrs().get(from, ".", key);
      if (value != null) {
        Calls.check(
            calls.xattrs().set(root.fd(), path, key, value), "set attribute " + key + " of", path);
      }
    }
  }

  @Override
  public void close() {
    calls.closeDescriptor(lastFd);
    lastFd = -1;
  }
}
