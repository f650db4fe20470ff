package io.morsel.stargz;

import io.morsel.stargz.LayerFormatException.Kind;
import io.morsel.stargz.erofs.ErofsNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The paths of a TOC: how they are spelled, and what they lead to in the tree so far. */
final class TocPaths {
  /** As many symlinks as Linux follows in one path. */
  private static final int MAX_LINKS = 40;

  private static final byte[] NONE = {};

  private final LayerLimits limits;
  private final ErofsNode root = implied();
  private final List<ErofsNode> overWhiteouts = new ArrayList<>();
  private int nodes = 1;

  /** How the directory of the last entry is spelled, with a slash at its end. */
  private byte[] lastDirectory = new byte[256];

  private int lastDirectoryBytes;

  /** What that leads to; null where it has to be looked up. */
  private @Nullable ErofsNode lastParent;

  TocPaths(LayerLimits limits) {
    this.limits = limits;
  }

  ErofsNode root() {
    return root;
  }

  /**
   * Directories that were made in the place of whiteouts: what lower layers have there is hidden.
   */
  List<ErofsNode> overWhiteouts() {
    return overWhiteouts;
  }

  /** A directory that no entry describes so far. */
  private static ErofsNode implied() {
    return new ErofsNode(0040755).tag(ImpliedDirectories.IMPLIED);
  }

  /** Counts an inode, of which hostile paths could imply very many. */
  void count(TocEntry entry) throws LayerFormatException {
    count(entry.name);
  }

  private void count(CharSequence name) throws LayerFormatException {
    if (++nodes > limits.maxEntries()) {
      throw new LayerFormatException(
          Kind.TOO_LARGE,
          "the TOC describes more than %d inodes, up to %s"
              .formatted(limits.maxEntries(), TocEntry.printable(name)));
    }
  }

  /**
   * The components of a path; {@code /x}, {@code ./x} and {@code x/} all mean {@code x}.
   *
   * @return empty for the root
   * @throws LayerFormatException if a component is {@code ..} or can't be a name
   */
  byte[][] split(byte[] path, TocEntry entry) throws LayerFormatException {
    List<byte[]> parts = new ArrayList<>();
    for (byte[] part : components(path)) {
      if (!ErofsNode.validName(part)) {
        throw new LayerFormatException(
            Kind.MALFORMED,
            "entry %s has a path that leads out of the layer, or a component that can't be a name"
                .formatted(entry.title()));
      }
      parts.add(part);
    }
    if (parts.size() > limits.maxDepth()) {
      throw new LayerFormatException(
          Kind.TOO_LARGE,
          "entry %s is %d directories deep; %d are allowed"
              .formatted(entry.title(), parts.size(), limits.maxDepth()));
    }
    return parts.toArray(new byte[0][]);
  }

  /**
   * The last component of a path in the same directory as the last one: TOCs list directories one
   * after the other, and most of a path need not be looked at again.
   *
   * @return empty where it is in another directory, or has to be looked at for another reason
   */
  byte[] sibling(byte[] path) {
    int slash = lastSlash(path);
    if (lastParent == null
        || slash + 1 != lastDirectoryBytes
        || !Arrays.equals(path, 0, slash + 1, lastDirectory, 0, slash + 1)) {
      return NONE;
    }
    byte[] name = Arrays.copyOfRange(path, slash + 1, end(path));
    return ErofsNode.validName(name) ? name : NONE;
  }

  /** The directory that {@link #sibling} found a path to be in. */
  ErofsNode siblingsParent() {
    if (lastParent == null) {
      throw new IllegalStateException("no directory is known");
    }
    return lastParent;
  }

  /** The directory of this path was looked up. */
  void remember(byte[] path, byte[] name, ErofsNode parent) {
    int slash = lastSlash(path);
    lastParent = null;
    // Not where a dot or a second slash follows, and the name stands before what was found.
    if (slash >= 0 && Arrays.equals(path, slash + 1, end(path), name, 0, name.length)) {
      if (slash + 1 > lastDirectory.length) {
        lastDirectory = new byte[Math.max(slash + 1, 2 * lastDirectory.length)];
      }
      System.arraycopy(path, 0, lastDirectory, 0, slash + 1);
      lastDirectoryBytes = slash + 1;
      lastParent = parent;
    }
  }

  /** Something was replaced in the tree: paths may lead elsewhere. */
  void forget() {
    lastParent = null;
  }

  /** Where a path ends without the slash of a directory. */
  private static int end(byte[] path) {
    return path.length > 0 && path[path.length - 1] == '/' ? path.length - 1 : path.length;
  }

  private static int lastSlash(byte[] path) {
    int slash = end(path) - 1;
    while (slash >= 0 && path[slash] != '/') {
      slash--;
    }
    return slash;
  }

  /** The directory that holds the path's last component; made, with its parents, if missing. */
  ErofsNode parentOf(byte[][] path, CharSequence name) throws LayerFormatException {
    // The usual case, without allocation.
    ErofsNode directory = root;
    for (int i = 0; i < path.length - 1; i++) {
      ErofsNode next = directory.child(path[i]);
      if (next == null) {
        count(name);
        next = implied();
        directory.put(path[i], next);
      } else if (!next.isDirectory()) {
        ErofsNode parent = walk(Arrays.copyOf(path, path.length - 1), true, name);
        if (parent == null) {
          throw new LayerFormatException(
              Kind.MALFORMED,
              "entry %s is below something that is no directory"
                  .formatted(TocEntry.printable(name)));
        }
        return parent;
      }
      directory = next;
    }
    return directory;
  }

  /** What is at the path, the last component's symlink not followed; null if there is nothing. */
  @Nullable ErofsNode find(byte[][] path, CharSequence name) throws LayerFormatException {
    if (path.length == 0) {
      return root;
    }
    ErofsNode parent = walk(Arrays.copyOf(path, path.length - 1), false, name);
    return parent == null ? null : parent.child(path[path.length - 1]);
  }

  /**
   * Follows a path to a directory, through symlinks as unpacking would, but never above the root.
   *
   * @return null if it leads to no directory
   */
  private @Nullable ErofsNode walk(byte[][] path, boolean create, CharSequence name)
      throws LayerFormatException {
    var left = new ArrayDeque<byte[]>(Arrays.asList(path));
    var above = new ArrayDeque<ErofsNode>();
    above.addLast(root);
    int links = 0;
    while (!left.isEmpty()) {
      byte[] part = left.removeFirst();
      if (part.length == 2 && part[0] == '.' && part[1] == '.') {
        if (above.size() > 1) {
          above.removeLast();
        }
        continue;
      }
      if (!ErofsNode.validName(part)) {
        return null;
      }
      ErofsNode directory = above.getLast();
      ErofsNode next = directory.child(part);
      if (next == null || (create && next.isWhiteout())) {
        if (!create) {
          return null;
        }
        if (above.size() > limits.maxDepth()) {
          return null;
        }
        count(name);
        if (next == null) {
          next = implied();
        } else {
          // Not implied: what it replaces says that lower layers' directory is gone.
          next = new ErofsNode(0040755);
          overWhiteouts.add(next);
        }
        directory.put(part, next);
      }
      if (next.isDirectory()) {
        above.addLast(next);
      } else if (next.isSymlink() && ++links <= MAX_LINKS) {
        byte[] target = next.symlinkTarget();
        if (target[0] == '/') {
          above.clear();
          above.addLast(root);
        }
        List<byte[]> parts = components(target);
        for (int i = parts.size() - 1; i >= 0; i--) {
          left.addFirst(parts.get(i));
        }
      } else {
        return null;
      }
    }
    return above.getLast();
  }

  private static List<byte[]> components(byte[] path) {
    List<byte[]> parts = new ArrayList<>();
    for (int from = 0, to; from < path.length; from = to + 1) {
      to = from;
      while (to < path.length && path[to] != '/') {
        to++;
      }
      if (to > from && !(to == from + 1 && path[from] == '.')) {
        parts.add(Arrays.copyOfRange(path, from, to));
      }
    }
    return parts;
  }
}
