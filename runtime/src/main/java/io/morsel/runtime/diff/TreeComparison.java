package io.morsel.runtime.diff;

import io.morsel.stargz.tar.ByteStrings;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What differs between two trees, found by walking both: the semantics of containerd's double walk
 * (continuity's package {@code fs}), and attributes of users beside those that it compares.
 *
 * <p>Two files are the same if type, mode, owner, device number and attributes are, and of all but
 * directories also size and modification time. Where both times have no part of a second, they may
 * have been cut off by a tar, and the content decides. For one thread.
 */
final class TreeComparison {
  /** Hears of differences in the order of names, a directory before what is in it. */
  interface Listener {
    /** A file is new or changed. */
    void changed(TreeNode node) throws IOException;

    /** A file is the same, and has further names, which may be new. */
    void unchanged(TreeNode node) throws IOException;

    /** A name is gone, with all that was below it. */
    void deleted(@Nullable TreeNode parent, String name) throws IOException;
  }

  private final Calls calls;
  private final Listener listener;
  private final int maxDepth;
  private final BooleanSupplier cancelled;
  private final byte[] left = new byte[Calls.BUFFER_BYTES];
  private final byte[] right = new byte[Calls.BUFFER_BYTES];

  TreeComparison(Calls calls, Listener listener, int maxDepth, BooleanSupplier cancelled) {
    this.calls = calls;
    this.listener = listener;
    this.maxDepth = maxDepth;
    this.cancelled = cancelled;
  }

  /** Compares two trees; the roots themselves are not compared. */
  void compare(RootDirectory lower, RootDirectory upper) throws IOException {
    compare(lower.fd(), upper.fd(), null, 0);
  }

  /** Compares two directories; {@code lower} is negative where there is none. */
  private void compare(int lower, int upper, @Nullable TreeNode parent, int depth)
      throws IOException {
    if (depth > maxDepth) {
      throw new IOException("directories are nested deeper than " + maxDepth + " (see [limits])");
    }
    List<String> old = lower < 0 ? List.of() : calls.list(lower);
    List<String> now = calls.list(upper);
    int i = 0;
    int j = 0;
    while (i < old.size() || j < now.size()) {
      if (cancelled.getAsBoolean()) {
        throw new IOException("the client gave up");
      }
      int order = i == old.size() ? 1 : j == now.size() ? -1 : old.get(i).compareTo(now.get(j));
      if (order < 0) {
        listener.deleted(parent, old.get(i));
      } else {
        String name = now.get(j);
        @Nullable FileStatus before = order == 0 ? calls.status(lower, name) : null;
        compare(lower, before, upper, name, parent, depth);
      }
      i += order <= 0 ? 1 : 0;
      j += order >= 0 ? 1 : 0;
    }
  }

  private void compare(
      int lower,
      @Nullable FileStatus before,
      int upper,
      String name,
      @Nullable TreeNode parent,
      int depth)
      throws IOException {
    @Nullable FileStatus status = calls.find(upper, name);
    if (status == null) {
      // A container that runs has removed it since the directory was listed.
      if (before != null) {
        listener.deleted(parent, name);
      }
      return;
    }
    TreeNode node = TreeNode.in(parent, name, status);
    if (before == null || !isSame(lower, before, upper, status, name)) {
      listener.changed(node);
    } else if (!status.isDirectory() && status.links() > 1) {
      listener.unchanged(node);
    }
    if (status.isDirectory()) {
      int inUpper = open(upper, name);
      int inLower = -1;
      try {
        if (before != null && before.isDirectory()) {
          inLower = open(lower, name);
        }
        compare(inLower, inUpper, node, depth + 1);
      } finally {
        calls.closeDescriptor(inUpper);
        calls.closeDescriptor(inLower);
      }
    }
  }

  private int open(int directory, String name) throws IOException {
    return (int)
        Calls.check(calls.open(directory, name, Libc.O_DIRECTORY, 0), "open directory", name);
  }

  private boolean isSame(int lower, FileStatus before, int upper, FileStatus now, String name)
      throws IOException {
    if (before.isSameFileAs(now)) {
      return true;
    }
    if (before.mode() != now.mode()
        || before.userId() != now.userId()
        || before.groupId() != now.groupId()
        || before.rdevMajor() != now.rdevMajor()
        || before.rdevMinor() != now.rdevMinor()
        || !LayerXattrs.of(calls, lower, name).equals(LayerXattrs.of(calls, upper, name))) {
      return false;
    }
    if (now.isDirectory()) {
      return true;
    }
    if (before.sizeBytes() != now.sizeBytes()
        || before.mtimeSeconds() != now.mtimeSeconds()
        || before.mtimeNanos() != now.mtimeNanos()) {
      return false;
    }
    if (now.mtimeNanos() != 0) {
      return true;
    }
    if (now.isSymlink()) {
      return calls.readLink(lower, name).equals(calls.readLink(upper, name));
    }
    return !now.isRegular() || now.sizeBytes() == 0 || isSameContent(lower, upper, name);
  }

  private boolean isSameContent(int lower, int upper, String name) throws IOException {
    int before = openFile(lower, name);
    int now = -1;
    try {
      now = openFile(upper, name);
      while (true) {
        int length = fill(before, left);
        if (length != fill(now, right) || !Arrays.equals(left, 0, length, right, 0, length)) {
          return false;
        }
        if (length == 0) {
          return true;
        }
      }
    } finally {
      calls.closeDescriptor(before);
      calls.closeDescriptor(now);
    }
  }

  private int openFile(int directory, String name) throws IOException {
    return (int)
        Calls.check(
            calls.open(directory, name, Libc.O_NONBLOCK, 0), "open", ByteStrings.text(name));
  }

  private int fill(int fd, byte[] buffer) throws IOException {
    int filled = 0;
    while (filled < buffer.length) {
      int read = calls.read(fd, buffer, filled, buffer.length - filled);
      if (read == 0) {
        break;
      }
      filled += read;
    }
    return filled;
  }
}
