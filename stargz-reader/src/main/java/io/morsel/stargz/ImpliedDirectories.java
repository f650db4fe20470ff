package io.morsel.stargz;

import io.morsel.stargz.LayerFormatException.Kind;
import io.morsel.stargz.erofs.ErofsNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * The directories of a layer that no entry of its TOC describes: parents that entries name and
 * nothing else says anything of, among them often the root.
 *
 * <p>Kept as the part of the tree that leads to them, each directory before what is in it:
 *
 * <pre>
 *   0  inode                        8
 *   8  depth; the root's is 0       4
 *  12  1 if implied, 0 if above     1
 *  13  length of the name           1
 *  14  name
 * </pre>
 *
 * <p>Safe for use by many threads until the index is closed.
 */
public final class ImpliedDirectories {
  /** The tag of a directory that no entry has described. */
  static final int IMPLIED = -1;

  /** The tag of a directory that has such a one below it. */
  private static final int ABOVE = -2;

  private static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int HEAD = 14;
  private static final int MAX_NAME = 255;

  private final Path file;
  private final MemorySegment list;

  /** The list in this part of a file. */
  ImpliedDirectories(Path file, MemorySegment list) {
    this.file = file;
    this.list = list;
  }

  /** Receives directories. */
  @FunctionalInterface
  public interface Visitor {
    /**
     * One directory.
     *
     * @param depth how many directories it is below the root, and so how many of those before it
     *     are above it: the last one of each smaller depth
     * @param name its name; empty for the root
     * @param nid its inode
     * @param implied whether it is implied; otherwise it only leads to one that is
     */
    void directory(int depth, byte[] name, long nid, boolean implied) throws IOException;
  }

  /** Whether there are none. */
  public boolean isEmpty() {
    return list.byteSize() == 0;
  }

  /**
   * Visits the implied directories and those that lead to them: the root first, each directory
   * before those in it, and these right after it.
   *
   * @throws LayerFormatException if the index is damaged
   */
  public void forEach(Visitor visitor) throws IOException {
    int above = -1;
    for (long at = 0; at < list.byteSize(); ) {
      if (list.byteSize() - at < HEAD) {
        throw damaged();
      }
      int depth = list.get(I32, at + 8);
      int length = Byte.toUnsignedInt(list.get(ValueLayout.JAVA_BYTE, at + 13));
      if (depth < 0
          || depth > above + 1
          || (depth == 0) != (at == 0)
          || (depth == 0) != (length == 0)
          || list.byteSize() - at < HEAD + length) {
        throw damaged();
      }
      byte[] name = list.asSlice(at + HEAD, length).toArray(ValueLayout.JAVA_BYTE);
      visitor.directory(
          depth, name, list.get(I64, at), list.get(ValueLayout.JAVA_BYTE, at + 12) != 0);
      above = depth;
      at += HEAD + length;
    }
  }

  /** Marks the directories that are above implied ones. */
  static void mark(ErofsNode root) {
    List<ErofsNode> directories = new ArrayList<>();
    int[] parents = new int[64];
    directories.add(root);
    for (int i = 0; i < directories.size(); i++) {
      ErofsNode directory = directories.get(i);
      for (int j = 0, count = directory.childCount(); j < count; j++) {
        ErofsNode child = directory.child(j);
        if (child.isDirectory()) {
          if (directories.size() == parents.length) {
            parents = Arrays.copyOf(parents, parents.length * 2);
          }
          parents[directories.size()] = i;
          directories.add(child);
        }
      }
    }
    for (int i = directories.size() - 1; i > 0; i--) {
      ErofsNode parent = directories.get(parents[i]);
      if (directories.get(i).tag() != 0 && parent.tag() == 0) {
        parent.tag(ABOVE);
      }
    }
  }

  /** Takes records to write. */
  @FunctionalInterface
  interface Sink {
    void put(ByteBuffer record) throws IOException;
  }

  /** Gives the records of a tree that is {@linkplain #mark marked} and has been written. */
  static void write(ErofsNode root, Sink sink) throws IOException {
    if (root.tag() == 0) {
      return;
    }
    ByteBuffer record = ByteBuffer.allocate(HEAD + MAX_NAME).order(ByteOrder.LITTLE_ENDIAN);
    put(record, root, 0, new byte[0], sink);
    var open = new ArrayDeque<Iterator<Map.Entry<byte[], ErofsNode>>>();
    open.addLast(root.children().entrySet().iterator());
    while (!open.isEmpty()) {
      if (!open.getLast().hasNext()) {
        open.removeLast();
        continue;
      }
      Map.Entry<byte[], ErofsNode> entry = open.getLast().next();
      ErofsNode node = entry.getValue();
      if (node.isDirectory() && node.tag() != 0) {
        put(record, node, open.size(), entry.getKey(), sink);
        open.addLast(node.children().entrySet().iterator());
      }
    }
  }

  private static void put(ByteBuffer record, ErofsNode node, int depth, byte[] name, Sink sink)
      throws IOException {
    record.clear();
    record.putLong(node.nid()).putInt(depth);
    record.put((byte) (node.tag() == IMPLIED ? 1 : 0)).put((byte) name.length).put(name);
    sink.put(record.flip());
  }

  private LayerFormatException damaged() {
    return new LayerFormatException(
        Kind.MALFORMED,
        "The index %s can't be read: its list of implied directories is damaged. Remove it to have it built again."
            .formatted(file));
  }
}
