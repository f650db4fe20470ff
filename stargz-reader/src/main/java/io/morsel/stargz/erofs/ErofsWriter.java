package io.morsel.stargz.erofs;

import static io.morsel.stargz.erofs.ErofsFormat.*;

import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerFormatException.Kind;
import io.morsel.stargz.erofs.ErofsFormat.XattrPrefix;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a tree as an EROFS metadata image.
 *
 * <p>Block 0 holds the superblock and the slot of the data device; then come all inodes, breadth
 * first, each followed by its attributes and, if it fits into the same block, its directory entries
 * or link target; then the blocks of larger directories and link targets. Regular files use the
 * plain layout: their block addresses lie behind the image's own blocks, where the kernel maps the
 * data device, so that there is no chunk index. The same tree always gives the same bytes.
 *
 * <p>The image is laid out first and then written from front to back, so nothing but the tree is
 * held in memory.
 */
public final class ErofsWriter {
  private static final Logger log = LoggerFactory.getLogger(ErofsWriter.class);
  private static final byte[] DOT = {'.'};
  private static final byte[] DOT_DOT = {'.', '.'};
  private static final long MAX_BLOCKS = 0xFFFF_FFFFL;

  private final List<ErofsNode> inodes = new ArrayList<>();
  private final long dataBlocks;
  private long inodeEnd = FIRST_INODE;
  private long bodyBlocks;

  private ErofsWriter(long dataBlocks) {
    this.dataBlocks = dataBlocks;
  }

  /**
   * Writes the image.
   *
   * @param root the tree's root, a directory; the tree must not change meanwhile
   * @param dataBytes the size of the layer's data, to which the regular files' offsets refer
   * @param file created; must not exist
   * @throws LayerFormatException if the tree exceeds what the format can address
   */
  public static void write(ErofsNode root, long dataBytes, Path file) throws IOException {
    if (!root.isDirectory()) {
      throw new IllegalArgumentException("the root of a tree must be a directory");
    }
    var writer = new ErofsWriter(blocks(dataBytes));
    writer.layOut(root);
    try (var out = new ErofsOutput(file)) {
      writer.writeSuperblock(out);
      for (ErofsNode node : writer.inodes) {
        writer.writeInode(out, node);
      }
      out.padTo(writer.firstBody() << BLOCK_BITS);
      for (ErofsNode node : writer.inodes) {
        writeOwnBlocks(out, node);
      }
      out.finish();
    } finally {
      writer.forget();
    }
  }

  private static void writeOwnBlocks(ErofsOutput out, ErofsNode node) throws IOException {
    if (node.block >= 0) {
      writeBody(out, node);
      out.padTo(blocks(out.position()) << BLOCK_BITS);
    }
  }

  /** Leaves the tree as it was, so that it can be written again. */
  private void forget() {
    inodes.forEach(ErofsWriter::forget);
  }

  private static void forget(ErofsNode node) {
    node.nlink = 0;
    node.parent = null;
  }

  private long firstBody() {
    return blocks(inodeEnd);
  }

  private long imageBlocks() {
    return firstBody() + bodyBlocks;
  }

  private void layOut(ErofsNode root) throws IOException {
    countLinks(root);
    for (ErofsNode node : inodes) {
      place(node);
    }
    if (imageBlocks() + dataBlocks > MAX_BLOCKS) {
      throw new LayerFormatException(
          Kind.TOO_LARGE,
          "the layer needs %d blocks of metadata and %d of data; EROFS can address %d together"
              .formatted(imageBlocks(), dataBlocks, MAX_BLOCKS));
    }
  }

  /** Lists the inodes breadth first, so that those of one directory lie together. */
  private void countLinks(ErofsNode root) {
    root.nlink = 2;
    root.parent = root;
    inodes.add(root);
    for (int i = 0; i < inodes.size(); i++) {
      listChildren(inodes.get(i));
    }
  }

  private void listChildren(ErofsNode node) {
    for (int i = 0, count = node.childCount(); i < count; i++) {
      ErofsNode child = node.child(i);
      if (child.isDirectory()) {
        if (child.parent != null) {
          throw new IllegalArgumentException("a directory has two names");
        }
        child.parent = node;
        child.nlink = 2;
        node.nlink++;
        inodes.add(child);
      } else if (child.nlink++ == 0) {
        inodes.add(child);
      }
    }
  }

  private void place(ErofsNode node) throws IOException {
    long head = INODE_SIZE + xattrBytes(node);
    long body = bodyBytes(node);
    node.bodyBytes = body;
    boolean inline = body > 0 && head + body <= BLOCK_SIZE;
    long length = inline ? head + body : head;
    // Neither an inode nor an inline body may cross a block.
    long whole = inline ? length : INODE_SIZE;
    long left = BLOCK_SIZE - inodeEnd % BLOCK_SIZE;
    long start = whole <= left ? inodeEnd : inodeEnd + left;
    node.nid = start / SLOT_SIZE;
    inodeEnd = (start + length + SLOT_SIZE - 1) / SLOT_SIZE * SLOT_SIZE;
    node.block = -1;
    if (body > 0 && !inline) {
      // Relative to the first body; what is beyond an int is refused as a whole later.
      node.block = (int) Math.min(bodyBlocks, Integer.MAX_VALUE);
      bodyBlocks += blocks(body);
      if (bodyBlocks > Integer.MAX_VALUE) {
        throw new LayerFormatException(Kind.TOO_LARGE, "the layer's directories exceed 8 TiB");
      }
    }
  }

  /** The size of a directory's entries or of a link's target; regular files have theirs apart. */
  private static long bodyBytes(ErofsNode node) {
    return switch (node.type()) {
      case S_IFLNK -> node.target().length;
      case S_IFDIR -> {
        var size = new DirectorySize();
        forEachEntry(node, size);
        yield size.bytes();
      }
      default -> 0;
    };
  }

  private void writeSuperblock(ErofsOutput out) throws IOException {
    ByteBuffer block = ByteBuffer.allocate(BLOCK_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    ErofsNode root = inodes.getFirst();
    block.putInt(SB_OFFSET, SB_MAGIC_VALUE);
    block.putInt(SB_OFFSET + SB_FEATURE_COMPAT, COMPAT_CHECKSUM | COMPAT_MTIME);
    block.put(SB_OFFSET + SB_BLOCK_BITS, (byte) BLOCK_BITS);
    block.putShort(SB_OFFSET + SB_ROOT_NID, (short) root.nid);
    block.putLong(SB_OFFSET + SB_INODES, inodes.size());
    block.putInt(SB_OFFSET + SB_BLOCKS, (int) imageBlocks());
    block.putInt(SB_OFFSET + SB_FEATURE_INCOMPAT, INCOMPAT_DEVICE_TABLE);
    block.putShort(SB_OFFSET + SB_EXTRA_DEVICES, (short) 1);
    block.putShort(SB_OFFSET + SB_DEVICE_SLOT, (short) (DEVICE_OFFSET / DEVICE_SIZE));
    block.putInt(DEVICE_OFFSET + DEVICE_BLOCKS, (int) dataBlocks);
    block.putInt(DEVICE_OFFSET + DEVICE_MAPPED_BLOCK, (int) imageBlocks());
    block.putInt(SB_OFFSET + SB_CHECKSUM, checksum(block.array()));
    out.put(block.array());
  }

  /** The checksum of the first block, whose checksum field must be 0. */
  static int checksum(byte[] firstBlock) {
    var crc = new CRC32C();
    crc.update(firstBlock, SB_OFFSET, BLOCK_SIZE - SB_OFFSET);
    // EROFS leaves out the final inversion.
    return (int) ~crc.getValue();
  }

  private void writeInode(ErofsOutput out, ErofsNode node) throws IOException {
    out.padTo(node.nid * SLOT_SIZE);
    long body = node.bodyBytes;
    boolean inline = body > 0 && node.block < 0;
    long xattrBytes = xattrBytes(node);
    ByteBuffer inode = out.reserve(INODE_SIZE);
    int layout = inline ? LAYOUT_INLINE : LAYOUT_PLAIN;
    inode.putShort((short) (FORMAT_EXTENDED | layout << 1));
    inode.putShort((short) (xattrBytes == 0 ? 0 : (xattrBytes - XATTR_HEADER) / 4 + 1));
    inode.putShort((short) node.mode());
    inode.putShort((short) 0);
    inode.putLong(node.isRegular() ? node.sizeBytes() : body);
    inode.putInt(union(node, body));
    inode.putInt(out.nextIno());
    inode.putInt(node.uid());
    inode.putInt(node.gid());
    inode.putLong(node.mtimeSeconds());
    inode.putInt(node.mtimeNanos());
    inode.putInt(node.nlink);
    inode.putLong(0);
    inode.putLong(0);
    if (xattrBytes > 0) {
      writeXattrs(out, node);
    }
    if (inline) {
      writeBody(out, node);
    }
  }

  private int union(ErofsNode node, long body) {
    return switch (node.type()) {
      case S_IFREG -> {
        if (node.sizeBytes() == 0) {
          yield 0;
        }
        long first = node.dataOffset() >>> BLOCK_BITS;
        if (node.dataOffset() < 0 || first + blocks(node.sizeBytes()) > dataBlocks) {
          throw new IllegalArgumentException("a file's bytes are not within the layer's data");
        }
        yield (int) (imageBlocks() + first);
      }
      case S_IFCHR, S_IFBLK -> node.rdev();
      default -> body > 0 && node.block >= 0 ? (int) (firstBody() + node.block) : 0;
    };
  }

  private static void writeBody(ErofsOutput out, ErofsNode node) throws IOException {
    if (node.type() == S_IFLNK) {
      out.put(node.target());
      return;
    }
    var block = new DirectoryBlock(out);
    forEachEntry(node, block);
    block.flush();
  }

  private static long xattrBytes(ErofsNode node) throws IOException {
    long bytes = 0;
    for (Map.Entry<byte[], byte[]> xattr : node.xattrs().entrySet()) {
      XattrPrefix prefix = prefixOf(xattr.getKey());
      if (prefix == null) {
        log.debug(
            "left out an extended attribute of a class that EROFS can't store: {}",
            new String(xattr.getKey(), StandardCharsets.UTF_8));
        continue;
      }
      int suffix = xattr.getKey().length - prefix.length();
      if (suffix > MAX_NAME || xattr.getValue().length > 0xFFFF) {
        throw new LayerFormatException(
            Kind.TOO_LARGE,
            "an extended attribute has a name of %d and a value of %d bytes"
                .formatted(xattr.getKey().length, xattr.getValue().length));
      }
      bytes += padded(XATTR_ENTRY + suffix + xattr.getValue().length);
    }
    if (bytes / 4 + 1 > MAX_XATTR_COUNT) {
      throw new LayerFormatException(
          Kind.TOO_LARGE, "an inode has " + bytes + " bytes of extended attributes");
    }
    return bytes == 0 ? 0 : XATTR_HEADER + bytes;
  }

  private static void writeXattrs(ErofsOutput out, ErofsNode node) throws IOException {
    out.put(new byte[XATTR_HEADER]);
    for (Map.Entry<byte[], byte[]> xattr : node.xattrs().entrySet()) {
      byte[] name = xattr.getKey();
      byte[] value = xattr.getValue();
      XattrPrefix prefix = prefixOf(name);
      if (prefix == null) {
        continue;
      }
      int skip = prefix.length();
      ByteBuffer head = out.reserve(XATTR_ENTRY);
      head.put((byte) (name.length - skip));
      head.put((byte) prefix.index());
      head.putShort((short) value.length);
      out.put(Arrays.copyOfRange(name, skip, name.length));
      out.put(value);
      out.padTo(padded(out.position()));
    }
  }

  private static @Nullable XattrPrefix prefixOf(byte[] name) {
    for (XattrPrefix prefix : XattrPrefix.ALL) {
      if (prefix.covers(name)) {
        return prefix;
      }
    }
    return null;
  }

  private static long padded(long bytes) {
    return (bytes + 3) & ~3L;
  }

  /**
   * Visits a directory's entries with {@code .} and {@code ..} where they belong by their bytes.
   */
  private static <X extends Exception> void forEachEntry(ErofsNode directory, EntrySink<X> sink)
      throws X {
    ErofsNode parent = directory.parent == null ? directory : directory.parent;
    boolean dot = false;
    boolean dotDot = false;
    for (int i = 0, count = directory.childCount(); i < count; i++) {
      byte[] name = directory.childName(i);
      if (!dot && Arrays.compareUnsigned(DOT, name) < 0) {
        dot = true;
        sink.entry(DOT, directory);
      }
      if (!dotDot && Arrays.compareUnsigned(DOT_DOT, name) < 0) {
        dotDot = true;
        sink.entry(DOT_DOT, parent);
      }
      sink.entry(name, directory.child(i));
    }
    if (!dot) {
      sink.entry(DOT, directory);
    }
    if (!dotDot) {
      sink.entry(DOT_DOT, parent);
    }
  }

  private interface EntrySink<X extends Exception> {
    void entry(byte[] name, ErofsNode node) throws X;
  }

  /** How many bytes a directory's entries take: all blocks but the last count as full. */
  private static final class DirectorySize implements EntrySink<RuntimeException> {
    private long full;
    private int used;

    @Override
    public void entry(byte[] name, ErofsNode node) {
      int length = DIRENT_SIZE + name.length;
      if (used + length > BLOCK_SIZE) {
        full += BLOCK_SIZE;
        used = 0;
      }
      used += length;
    }

    long bytes() {
      return full + used;
    }
  }

  /** Collects one block's entries: their fixed parts come first, then all names. */
  private static final class DirectoryBlock implements EntrySink<IOException> {
    private final ErofsOutput out;
    private final List<byte[]> names = new ArrayList<>();
    private final List<ErofsNode> nodes = new ArrayList<>();
    private int used;

    DirectoryBlock(ErofsOutput out) {
      this.out = out;
    }

    @Override
    public void entry(byte[] name, ErofsNode node) throws IOException {
      int length = DIRENT_SIZE + name.length;
      if (used + length > BLOCK_SIZE) {
        long start = out.position();
        flush();
        out.padTo(start + BLOCK_SIZE);
      }
      used += length;
      names.add(name);
      nodes.add(node);
    }

    void flush() throws IOException {
      int nameOffset = names.size() * DIRENT_SIZE;
      for (int i = 0; i < names.size(); i++) {
        ByteBuffer dirent = out.reserve(DIRENT_SIZE);
        dirent.putLong(nodes.get(i).nid);
        dirent.putShort((short) nameOffset);
        dirent.put((byte) direntType(nodes.get(i).mode()));
        dirent.put((byte) 0);
        nameOffset += names.get(i).length;
      }
      for (byte[] name : names) {
        out.put(name);
      }
      names.clear();
      nodes.clear();
      used = 0;
    }
  }
}
