package io.morsel.stargz.erofs;

import static io.morsel.stargz.erofs.ErofsFormat.*;

import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerFormatException.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;

/**
 * Writes a view of an image as an image of its own.
 *
 * <p>Owner, permissions and time of a directory are overwritten where they are in a copy of the
 * file. Attributes that a directory did not have need room, and its inode can't grow between its
 * neighbours: then the whole tree is laid out and written again, which takes memory for each inode.
 */
final class ErofsCopy {
  /** A copy is made for each mount, and the kernel keeps it as long. */
  private static final long MAX_COPIED_BYTES = 256L << 20;

  /** Some 200 bytes each while the tree is in memory. */
  private static final long MAX_WRITTEN_INODES = 200_000;

  private ErofsCopy() {}

  static void write(ErofsImage image, Path target) throws IOException {
    if (hasMoreXattrs(image)) {
      writeAnew(image, target);
    } else {
      overwrite(image, target);
    }
  }

  private static boolean hasMoreXattrs(ErofsImage image) throws IOException {
    for (long nid : image.shownNids()) {
      if (image.xattrNames(nid).size() > image.storedXattrNames(nid).size()) {
        return true;
      }
    }
    return false;
  }

  private static void overwrite(ErofsImage image, Path target) throws IOException {
    long bytes = Files.size(image.file());
    if (bytes > MAX_COPIED_BYTES) {
      throw new LayerFormatException(
          Kind.TOO_LARGE,
          "a copy of %s would have %d bytes, %d at most are copied"
              .formatted(image.file(), bytes, MAX_COPIED_BYTES));
    }
    Files.copy(image.file(), target);
    try (FileChannel file = FileChannel.open(target, StandardOpenOption.WRITE)) {
      for (long nid : image.shownNids()) {
        ErofsInode inode = image.inode(nid);
        long at = nid * SLOT_SIZE;
        put(file, at + INODE_MODE, little(2).putShort((short) inode.mode()));
        put(file, at + INODE_UID, little(8).putInt(inode.uid()).putInt(inode.gid()));
        put(
            file,
            at + INODE_MTIME,
            little(12).putLong(inode.mtimeSeconds()).putInt(inode.mtimeNanos()));
      }
    }
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void put(FileChannel file, long at, ByteBuffer bytes) throws IOException {
    bytes.flip();
    while (bytes.hasRemaining()) {
      at += file.write(bytes, at);
    }
  }

  private static void writeAnew(ErofsImage image, Path target) throws IOException {
    if (image.inodeCount() > MAX_WRITTEN_INODES) {
      throw new LayerFormatException(
          Kind.TOO_LARGE,
          "%s has %d inodes, with other attributes at most %d are written again"
              .formatted(image.file(), image.inodeCount(), MAX_WRITTEN_INODES));
    }
    ErofsWriter.write(tree(image), image.dataBlocks() << BLOCK_BITS, target);
  }

  private static ErofsNode tree(ErofsImage image) throws IOException {
    record Directory(long nid, ErofsNode node) {}
    Map<Long, ErofsNode> linked = new HashMap<>();
    Queue<Directory> pending = new ArrayDeque<>();
    ErofsNode root = node(image, image.rootNid());
    pending.add(new Directory(image.rootNid(), root));
    while (!pending.isEmpty()) {
      Directory directory = pending.remove();
      image.list(
          directory.nid(),
          0,
          (name, nid, type, next) -> {
            if (!ErofsNode.validName(name)) {
              return true; // . and ..
            }
            if (type == S_IFDIR) {
              ErofsNode child = node(image, nid);
              directory.node().put(name, child);
              pending.add(new Directory(nid, child));
              return true;
            }
            ErofsNode child = linked.get(nid);
            if (child == null) {
              child = node(image, nid);
              if (image.inode(nid).nlink() > 1) {
                linked.put(nid, child);
              }
            }
            directory.node().put(name, child);
            return true;
          });
    }
    return root;
  }

  private static ErofsNode node(ErofsImage image, long nid) throws IOException {
    ErofsInode inode = image.inode(nid);
    ErofsNode node =
        new ErofsNode(inode.mode())
            .owner(inode.uid(), inode.gid())
            .mtime(inode.mtimeSeconds(), inode.mtimeNanos());
    switch (inode.mode() & S_IFMT) {
      case S_IFREG -> node.data(inode.sizeBytes(), inode.dataOffset());
      case S_IFLNK -> node.target(image.symlinkTarget(nid));
      // new_decode_dev of the kernel's kdev_t.h.
      case S_IFCHR, S_IFBLK ->
          node.device(
              (inode.rdev() & 0xFFF00) >>> 8,
              (inode.rdev() & 0xFF) | ((inode.rdev() >>> 12) & 0xFFF00));
      default -> {}
    }
    for (byte[] name : image.xattrNames(nid)) {
      byte[] value = image.xattr(nid, name);
      if (value != null) {
        node.xattr(name, value);
      }
    }
    return node;
  }
}
