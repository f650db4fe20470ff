package io.morsel.runtime.diff;

import io.morsel.stargz.tar.ByteStrings;
import io.morsel.stargz.tar.SparseMap;
import io.morsel.stargz.tar.TarEntry;
import io.morsel.stargz.tar.TarHeaders;
import io.morsel.stargz.tar.TarType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes what differs between two trees as a layer's tar, as containerd does: each change comes
 * behind the directories it is in, whole seconds only, sockets are left out. Equal trees give equal
 * bytes. For one thread.
 */
final class LayerWriter implements TreeComparison.Listener, AutoCloseable {
  private record Inode(long device, long number) {}

  private final Calls calls;
  private final RootDirectory tree;
  private final OutputStream out;
  private final OptionalLong latestSeconds;
  private final ByteArrayOutputStream header = new ByteArrayOutputStream();
  private final byte[] buffer = new byte[Calls.BUFFER_BYTES];

  /** Directories that are in the tar. */
  private final Set<String> directories = new HashSet<>();

  /** The name in the tar of each inode with several names. */
  private final Map<Inode, String> written = new HashMap<>();

  /** Names of unchanged inodes, which have to be repeated if another name of theirs is new. */
  private final Map<Inode, List<TreeNode>> unchanged = new HashMap<>();

  private @Nullable String lastDirectory;
  private int lastFd = -1;

  /**
   * A writer of changes in {@code tree}.
   *
   * @param latestSeconds later modification times become this one, in seconds since 1970
   */
  LayerWriter(Calls calls, RootDirectory tree, OutputStream out, OptionalLong latestSeconds) {
    this.calls = calls;
    this.tree = tree;
    this.out = out;
    this.latestSeconds = latestSeconds;
  }

  @Override
  public void deleted(@Nullable TreeNode parent, String name) throws IOException {
    includeDirectory(parent);
    String path = parent == null ? "" : parent.path() + "/";
    // The same time for all, so that equal trees give equal layers.
    long seconds = latestSeconds.orElse(0);
    write(
        new TarEntry(
            TarType.REGULAR,
            path + Whiteouts.PREFIX + name,
            "",
            0,
            0,
            0,
            "",
            "",
            seconds,
            0,
            0,
            0,
            Map.of(),
            Map.of(),
            0,
            SparseMap.NONE));
  }

  @Override
  public void changed(TreeNode node) throws IOException {
    FileStatus status = node.status();
    @Nullable TarType type = type(status);
    if (type == null) {
      return;
    }
    if (status.isDirectory()) {
      includeDirectory(node);
      return;
    }
    includeDirectory(node.parent());
    if (status.links() == 1) {
      write(node, type);
      return;
    }
    Inode inode = inode(status);
    @Nullable String first = written.putIfAbsent(inode, node.path());
    if (first != null) {
      write(entry(node, TarType.HARD_LINK, first));
      return;
    }
    write(node, type);
    @Nullable List<TreeNode> others = unchanged.remove(inode);
    if (others != null) {
      for (TreeNode other : others) {
        includeDirectory(other.parent());
        write(entry(other, TarType.HARD_LINK, node.path()));
      }
    }
  }

  @Override
  public void unchanged(TreeNode node) throws IOException {
    if (type(node.status()) == null) {
      return;
    }
    Inode inode = inode(node.status());
    @Nullable String first = written.get(inode);
    if (first == null) {
      unchanged.computeIfAbsent(inode, key -> new ArrayList<>()).add(node);
    } else {
      includeDirectory(node.parent());
      write(entry(node, TarType.HARD_LINK, first));
    }
  }

  private void includeDirectory(@Nullable TreeNode directory) throws IOException {
    if (directory != null && directories.add(directory.path())) {
      includeDirectory(directory.parent());
      write(directory, TarType.DIRECTORY);
    }
  }

  private static Inode inode(FileStatus status) {
    return new Inode(status.device(), status.inode());
  }

  /** The type in a tar; null for a socket, which has none. */
  private static @Nullable TarType type(FileStatus status) {
    return switch (status.type()) {
      case FileStatus.REGULAR -> TarType.REGULAR;
      case FileStatus.DIRECTORY -> TarType.DIRECTORY;
      case FileStatus.SYMLINK -> TarType.SYMLINK;
      case FileStatus.CHARACTER_DEVICE -> TarType.CHARACTER_DEVICE;
      case FileStatus.BLOCK_DEVICE -> TarType.BLOCK_DEVICE;
      case FileStatus.FIFO -> TarType.FIFO;
      default -> null;
    };
  }

  private void write(TreeNode node, TarType type) throws IOException {
    String link =
        type == TarType.SYMLINK ? calls.readLink(directory(node.path()), name(node.path())) : "";
    TarEntry entry = entry(node, type, link);
    if (type != TarType.REGULAR) {
      write(entry);
      return;
    }
    int fd =
        (int)
            Calls.check(
                calls.open(directory(node.path()), name(node.path()), Libc.O_NONBLOCK, 0),
                "open",
                node.path());
    try {
      write(entry);
      writeContent(fd, node);
    } finally {
      calls.closeDescriptor(fd);
    }
  }

  private void writeContent(int fd, TreeNode node) throws IOException {
    long size = node.status().sizeBytes();
    if (!calls.status(fd).isSameFileAs(node.status())) {
      throw changing(node);
    }
    long done = 0;
    while (done < size) {
      int read = calls.read(fd, buffer, 0, (int) Math.min(buffer.length, size - done));
      if (read == 0) {
        throw changing(node);
      }
      out.write(buffer, 0, read);
      done += read;
    }
    out.write(new byte[TarHeaders.padding(size)]);
  }

  private static IOException changing(TreeNode node) {
    return new IOException(
        ByteStrings.text(node.path())
            + " changed while it was read; pause the container that writes to it");
  }

  private void write(TarEntry entry) throws IOException {
    header.reset();
    TarHeaders.write(entry, header);
    header.writeTo(out);
  }

  private TarEntry entry(TreeNode node, TarType type, String link) throws IOException {
    FileStatus status = node.status();
    boolean device =
        status.type() == FileStatus.CHARACTER_DEVICE || status.type() == FileStatus.BLOCK_DEVICE;
    return new TarEntry(
        type,
        status.isDirectory() ? node.path() + "/" : node.path(),
        link,
        status.permissions(),
        status.userId(),
        status.groupId(),
        "",
        "",
        Math.min(status.mtimeSeconds(), latestSeconds.orElse(Long.MAX_VALUE)),
        0,
        device ? Integer.toUnsignedLong(status.rdevMajor()) : 0,
        device ? Integer.toUnsignedLong(status.rdevMinor()) : 0,
        LayerXattrs.of(calls, directory(node.path()), name(node.path())),
        Map.of(),
        type == TarType.REGULAR ? status.sizeBytes() : 0,
        SparseMap.NONE);
  }

  private static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** The directory that a path is in, opened anew without following what may have become links. */
  private int directory(String path) throws IOException {
    String parent = path.substring(0, Math.max(0, path.lastIndexOf('/')));
    if (!parent.equals(lastDirectory)) {
      int fd = tree.openForReading(parent);
      close();
      lastDirectory = parent;
      lastFd = fd;
    }
    return lastFd;
  }

  /** Writes the end of the tar. */
  void finish() throws IOException {
    out.write(new byte[TarHeaders.END_BYTES]);
  }

  @Override
  public void close() {
    calls.closeDescriptor(lastFd);
    lastFd = -1;
    lastDirectory = null;
  }
}
