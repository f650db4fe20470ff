package io.morsel.stargz.erofs;

import static io.morsel.stargz.erofs.ErofsFormat.*;

import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerFormatException.Kind;
import io.morsel.stargz.erofs.ErofsFormat.XattrPrefix;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A memory-mapped EROFS metadata image, read without an object per inode.
 *
 * <p>Safe for use by many threads until closed. An image is checked when it is opened, and every
 * access is bounds-checked, so that a damaged one fails with {@link
 * io.morsel.stargz.LayerFormatException} and never reads past the mapping.
 *
 * <p>Reads what {@link ErofsWriter} writes: extended inodes, the plain and the inline layout,
 * inline attributes, one data device. Images with other features of EROFS are refused.
 */
public final class ErofsImage implements AutoCloseable {
  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path file;
  private final Arena arena;
  private final MemorySegment image;
  private final long size;
  private final long rootNid;
  private final long inodeCount;
  private final long dataBlocks;
  private final long firstDataBlock;

  /** The directories that are shown with other attributes, ascending; mostly none. */
  private final long[] shownNids;

  private final DirectoryAttributes[] shown;
  private final boolean isView;

  private ErofsImage(Path file, Arena arena, MemorySegment image) throws IOException {
    this.file = file;
    this.arena = arena;
    this.image = image;
    size = image.byteSize();
    if (size < FIRST_INODE || u32(SB_OFFSET) != Integer.toUnsignedLong(SB_MAGIC_VALUE)) {
      throw malformed("it has no EROFS superblock");
    }
    if (u8(SB_OFFSET + SB_BLOCK_BITS) != BLOCK_BITS
        || u32(SB_OFFSET + SB_META_BLOCK) != 0
        || u32(SB_OFFSET + SB_FEATURE_INCOMPAT) != INCOMPAT_DEVICE_TABLE
        || u16(SB_OFFSET + SB_EXTRA_DEVICES) != 1
        || u16(SB_OFFSET + SB_DEVICE_SLOT) != DEVICE_OFFSET / DEVICE_SIZE) {
      throw malformed("it uses EROFS features that layer indexes don't have");
    }
    byte[] first = bytes(0, BLOCK_SIZE);
    Arrays.fill(first, SB_OFFSET + SB_CHECKSUM, SB_OFFSET + SB_CHECKSUM + 4, (byte) 0);
    if (Integer.toUnsignedLong(ErofsWriter.checksum(first)) != u32(SB_OFFSET + SB_CHECKSUM)) {
      throw malformed("its superblock's checksum does not match");
    }
    long blocks = u32(SB_OFFSET + SB_BLOCKS);
    if (blocks << BLOCK_BITS != size) {
      throw malformed("it has %d bytes, not the %d blocks it names".formatted(size, blocks));
    }
    rootNid = u16(SB_OFFSET + SB_ROOT_NID);
    inodeCount = u64(SB_OFFSET + SB_INODES);
    dataBlocks = u32(DEVICE_OFFSET + DEVICE_BLOCKS);
    firstDataBlock = u32(DEVICE_OFFSET + DEVICE_MAPPED_BLOCK);
    if (inodeCount < 1 || inodeCount > size / INODE_SIZE || firstDataBlock < blocks) {
      throw malformed("its superblock contradicts itself");
    }
    shownNids = new long[0];
    shown = new DirectoryAttributes[0];
    isView = false;
    requireDirectory(rootNid);
  }

  private ErofsImage(ErofsImage original, long[] shownNids, DirectoryAttributes[] shown) {
    file = original.file;
    arena = original.arena;
    image = original.image;
    size = original.size;
    rootNid = original.rootNid;
    inodeCount = original.inodeCount;
    dataBlocks = original.dataBlocks;
    firstDataBlock = original.firstDataBlock;
    this.shownNids = shownNids;
    this.shown = shown;
    isView = true;
  }

  /**
   * A view of this image that shows some directories with other attributes. Everything else, and
   * the mapping, is the original's: it must stay open as long as the view is in use, and closing
   * the view does nothing.
   *
   * @param attributes by the directories' inodes
   * @throws LayerFormatException if one of them is no directory
   */
  public ErofsImage withDirectoryAttributes(Map<Long, DirectoryAttributes> attributes)
      throws IOException {
    Map<Long, DirectoryAttributes> sorted = new TreeMap<>();
    for (int i = 0; i < shown.length; i++) {
      sorted.put(shownNids[i], shown[i]);
    }
    sorted.putAll(attributes);
    long[] nids = sorted.keySet().stream().mapToLong(Long::longValue).toArray();
    for (long nid : nids) {
      requireDirectory(nid);
    }
    return new ErofsImage(this, nids, sorted.values().toArray(new DirectoryAttributes[0]));
  }

  private @Nullable DirectoryAttributes shown(long nid) {
    if (shownNids.length == 0) {
      return null;
    }
    int index = Arrays.binarySearch(shownNids, nid);
    return index < 0 ? null : shown[index];
  }

  /**
   * Maps the image.
   *
   * @throws java.nio.file.NoSuchFileException if there is none
   * @throws LayerFormatException if it is not an image that {@link ErofsWriter} could have written
   */
  @SuppressWarnings("MustBeClosedChecker") // The image owns the arena and closes it.
  public static ErofsImage open(Path file) throws IOException {
    Arena arena = Arena.ofShared();
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      MemorySegment image = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      return new ErofsImage(file, arena, image);
    } catch (Throwable e) {
      arena.close();
      throw e;
    }
  }

  /**
   * The file that holds the image. Of a view it is the original's, which says nothing of the other
   * attributes: see {@link #copyTo}.
   */
  public Path file() {
    return file;
  }

  /** Whether directories are shown with other attributes than {@link #file} has. */
  public boolean isView() {
    return shownNids.length > 0;
  }

  /**
   * Writes what is shown here as an image of its own, for those who read the file themselves.
   *
   * @param target created; must not exist
   * @throws LayerFormatException of kind {@code TOO_LARGE} where the copy would take more space or
   *     memory than it is worth
   */
  public void copyTo(Path target) throws IOException {
    ErofsCopy.write(this, target);
  }

  /** The directories that are shown with other attributes, ascending. */
  long[] shownNids() {
    return shownNids.clone();
  }

  /** The root directory's inode. */
  public long rootNid() {
    return rootNid;
  }

  /** How many inodes the image has. */
  public long inodeCount() {
    return inodeCount;
  }

  /** How many 4 KiB blocks the layer's data has. */
  public long dataBlocks() {
    return dataBlocks;
  }

  /**
   * The inode at {@code nid}.
   *
   * @throws LayerFormatException if there is none, or it is damaged
   */
  public ErofsInode inode(long nid) throws IOException {
    long at = inodeOffset(nid);
    int mode = u16(at + INODE_MODE);
    int type = mode & S_IFMT;
    long bytes = u64(at + INODE_BYTES);
    long union = u32(at + INODE_UNION);
    long nanos = u32(at + INODE_MTIME_NANOS);
    if (bytes < 0 || nanos > 999_999_999) {
      throw malformed("inode " + nid + " has an impossible size or time");
    }
    DirectoryAttributes other = type == S_IFDIR ? shown(nid) : null;
    if (other != null) {
      return new ErofsInode(
          nid,
          u32(at + INODE_INO),
          type | other.permissions(),
          bytes,
          other.uid(),
          other.gid(),
          other.mtimeSeconds(),
          other.mtimeNanos(),
          (int) u32(at + INODE_NLINK),
          0,
          -1);
    }
    long dataOffset = -1;
    if (type == S_IFREG && bytes > 0) {
      if (union < firstDataBlock || union - firstDataBlock + blocks(bytes) > dataBlocks) {
        throw malformed("inode " + nid + " is a file outside the layer's data");
      }
      dataOffset = (union - firstDataBlock) << BLOCK_BITS;
    }
    return new ErofsInode(
        nid,
        u32(at + INODE_INO),
        mode,
        bytes,
        (int) u32(at + INODE_UID),
        (int) u32(at + INODE_GID),
        u64(at + INODE_MTIME),
        (int) nanos,
        (int) u32(at + INODE_NLINK),
        type == S_IFCHR || type == S_IFBLK ? (int) union : 0,
        dataOffset);
  }

  /**
   * The inode that {@code directory} has under {@code name}; -1 where it has none.
   *
   * @throws LayerFormatException if {@code directory} is no directory, or is damaged
   */
  public long lookup(long directory, byte[] name) throws IOException {
    long at = requireDirectory(directory);
    long length = u64(at + INODE_BYTES);
    long start = bodyOffset(directory, at, length);
    // The last block whose first name is not greater than the one looked for.
    long low = 0;
    long high = blocks(length) - 1;
    while (low < high) {
      long middle = (low + high + 1) >>> 1;
      long block = start + (middle << BLOCK_BITS);
      int used = blockLength(length, middle);
      if (compareName(directory, block, used, direntCount(directory, block, used), 0, name) <= 0) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    if (high < 0) {
      return -1;
    }
    long block = start + (low << BLOCK_BITS);
    int used = blockLength(length, low);
    int count = direntCount(directory, block, used);
    int from = 0;
    int to = count - 1;
    while (from <= to) {
      int middle = (from + to) >>> 1;
      int order = compareName(directory, block, used, count, middle, name);
      if (order == 0) {
        return u64(block + (long) middle * DIRENT_SIZE);
      }
      if (order < 0) {
        from = middle + 1;
      } else {
        to = middle - 1;
      }
    }
    return -1;
  }

  /**
   * Visits a directory's entries, {@code .} and {@code ..} included, in the order of their cookies.
   *
   * @param cookie 0 to start, or what an earlier visit was given as its entry's next cookie
   * @throws LayerFormatException if {@code directory} is no directory, or is damaged
   */
  public void list(long directory, long cookie, EntryVisitor visitor) throws IOException {
    long at = requireDirectory(directory);
    long length = u64(at + INODE_BYTES);
    long start = bodyOffset(directory, at, length);
    if (cookie < 0 || cookie >= length) {
      return;
    }
    // A cookie is the offset of the next entry's fixed part in the directory.
    int index = (int) (cookie % BLOCK_SIZE) / DIRENT_SIZE;
    for (long number = cookie >>> BLOCK_BITS; number < blocks(length); number++, index = 0) {
      long block = start + (number << BLOCK_BITS);
      int used = blockLength(length, number);
      int count = direntCount(directory, block, used);
      for (; index < count; index++) {
        int from = nameStart(directory, block, used, count, index);
        int to = nameEnd(directory, block, used, count, index);
        long dirent = block + (long) index * DIRENT_SIZE;
        int type = modeType(u8(dirent + 10));
        if (type < 0) {
          throw malformed("directory " + directory + " has an entry of unknown type");
        }
        long next = (number << BLOCK_BITS) + (index + 1L) * DIRENT_SIZE;
        if (!visitor.entry(bytes(block + from, to - from), u64(dirent), type, next)) {
          return;
        }
      }
    }
  }

  /**
   * A symlink's target.
   *
   * @throws LayerFormatException if {@code nid} is no symlink, or is damaged
   */
  public byte[] symlinkTarget(long nid) throws IOException {
    long at = inodeOffset(nid);
    long length = u64(at + INODE_BYTES);
    if ((u16(at + INODE_MODE) & S_IFMT) != S_IFLNK || length < 1 || length >= BLOCK_SIZE) {
      throw malformed("inode " + nid + " is no symlink");
    }
    return bytes(bodyOffset(nid, at, length), (int) length);
  }

  /** The full names ({@code user.x}, {@code security.capability}, …) of an inode's attributes. */
  public List<byte[]> xattrNames(long nid) throws IOException {
    List<byte[]> names = storedXattrNames(nid);
    DirectoryAttributes other = shown(nid);
    if (other != null) {
      for (byte[] name : other.xattrNames()) {
        if (names.stream().noneMatch(own -> Arrays.equals(own, name))) {
          names.add(name);
        }
      }
    }
    return names;
  }

  /** Those that the file has; a view may show more. */
  List<byte[]> storedXattrNames(long nid) throws IOException {
    long at = inodeOffset(nid) + INODE_SIZE;
    long end = at + xattrBytes(at - INODE_SIZE);
    List<byte[]> names = new ArrayList<>();
    for (at += XATTR_HEADER; at < end; at = nextXattr(nid, at, end)) {
      XattrPrefix prefix = prefix(nid, u8(at + 1));
      int length = u8(at);
      requireWithin(nid, at, end);
      byte[] name = prefix.withRoomFor(length);
      MemorySegment.copy(
          image, ValueLayout.JAVA_BYTE, at + XATTR_ENTRY, name, prefix.length(), length);
      names.add(name);
    }
    return names;
  }

  /** The value of an inode's attribute by its full name; null where it has none. */
  public byte @Nullable [] xattr(long nid, byte[] name) throws IOException {
    long at = inodeOffset(nid) + INODE_SIZE;
    long end = at + xattrBytes(at - INODE_SIZE);
    for (at += XATTR_HEADER; at < end; at = nextXattr(nid, at, end)) {
      requireWithin(nid, at, end);
      XattrPrefix prefix = prefix(nid, u8(at + 1));
      int skip = prefix.length();
      int length = u8(at);
      if (prefix.covers(name)
          && name.length - skip == length
          && compare(at + XATTR_ENTRY, length, name, skip) == 0) {
        return bytes(at + XATTR_ENTRY + length, u16(at + 2));
      }
    }
    DirectoryAttributes other = shown(nid);
    if (other != null) {
      for (int i = 0; i < other.xattrNames().size(); i++) {
        if (Arrays.equals(other.xattrNames().get(i), name)) {
          return other.xattrValues().get(i).clone();
        }
      }
    }
    return null;
  }

  /** Unmaps the image, unless this is a view of it; no thread may be using it. */
  @Override
  public void close() {
    if (!isView) {
      arena.close();
    }
  }

  private long inodeOffset(long nid) throws IOException {
    if (nid < FIRST_INODE / SLOT_SIZE || nid > (size - INODE_SIZE) / SLOT_SIZE) {
      throw malformed("there is no inode " + nid);
    }
    long at = nid * SLOT_SIZE;
    int format = u16(at);
    int layout = format >> 1;
    if ((format & 1) != FORMAT_EXTENDED || (layout != LAYOUT_PLAIN && layout != LAYOUT_INLINE)) {
      throw malformed("inode " + nid + " has the unknown format " + format);
    }
    if (modeTypeUnknown(u16(at + INODE_MODE)) || at + INODE_SIZE + xattrBytes(at) > size) {
      throw malformed("inode " + nid + " is damaged");
    }
    return at;
  }

  private static boolean modeTypeUnknown(int mode) {
    return switch (mode & S_IFMT) {
      case S_IFREG, S_IFDIR, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK, S_IFLNK -> false;
      default -> true;
    };
  }

  private long requireDirectory(long nid) throws IOException {
    long at = inodeOffset(nid);
    if ((u16(at + INODE_MODE) & S_IFMT) != S_IFDIR) {
      throw malformed("inode " + nid + " is no directory");
    }
    return at;
  }

  /** Where the bytes of a directory or symlink start; all of them are within the image. */
  private long bodyOffset(long nid, long at, long length) throws IOException {
    boolean inline = u16(at) >> 1 == LAYOUT_INLINE;
    long start = inline ? at + INODE_SIZE + xattrBytes(at) : u32(at + INODE_UNION) << BLOCK_BITS;
    if (length < 0 || start > size || length > size - start) {
      throw malformed("the content of inode " + nid + " is not within the image");
    }
    return start;
  }

  private static int blockLength(long length, long block) {
    return (int) Math.min(BLOCK_SIZE, length - (block << BLOCK_BITS));
  }

  private int direntCount(long directory, long block, int used) throws IOException {
    int names = used < DIRENT_SIZE ? 0 : u16(block + 8);
    if (names < DIRENT_SIZE || names % DIRENT_SIZE != 0 || names >= used) {
      throw damagedDirectory(directory);
    }
    return names / DIRENT_SIZE;
  }

  private int nameStart(long directory, long block, int used, int count, int index)
      throws IOException {
    int start = u16(block + (long) index * DIRENT_SIZE + 8);
    if (start < count * DIRENT_SIZE || start >= used) {
      throw damagedDirectory(directory);
    }
    return start;
  }

  private int nameEnd(long directory, long block, int used, int count, int index)
      throws IOException {
    int start = nameStart(directory, block, used, count, index);
    int end;
    if (index + 1 < count) {
      end = nameStart(directory, block, used, count, index + 1);
    } else {
      // Where a further block follows, the last name ends at a zero or with the block.
      end = start;
      while (end < used && end - start <= MAX_NAME && u8(block + end) != 0) {
        end++;
      }
    }
    if (end <= start || end - start > MAX_NAME) {
      throw damagedDirectory(directory);
    }
    return end;
  }

  private int compareName(long directory, long block, int used, int count, int index, byte[] name)
      throws IOException {
    int from = nameStart(directory, block, used, count, index);
    int to = nameEnd(directory, block, used, count, index);
    return compare(block + from, to - from, name, 0);
  }

  /** Compares bytes of the image with those of {@code other} from {@code skip} on, unsigned. */
  private int compare(long at, int length, byte[] other, int skip) {
    int common = Math.min(length, other.length - skip);
    for (int i = 0; i < common; i++) {
      int order = Byte.compareUnsigned(image.get(ValueLayout.JAVA_BYTE, at + i), other[skip + i]);
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(length, other.length - skip);
  }

  private long xattrBytes(long at) throws IOException {
    int count = u16(at + INODE_XATTR_COUNT);
    return count == 0 ? 0 : XATTR_HEADER + (count - 1) * 4L;
  }

  private void requireWithin(long nid, long at, long end) throws IOException {
    if (end - at < XATTR_ENTRY || end - at < XATTR_ENTRY + u8(at) + u16(at + 2)) {
      throw malformed("the extended attributes of inode " + nid + " are damaged");
    }
  }

  private long nextXattr(long nid, long at, long end) throws IOException {
    requireWithin(nid, at, end);
    return at + ((XATTR_ENTRY + u8(at) + u16(at + 2) + 3) & ~3);
  }

  private XattrPrefix prefix(long nid, int index) throws IOException {
    for (XattrPrefix prefix : XattrPrefix.ALL) {
      if (prefix.index() == index) {
        return prefix;
      }
    }
    throw malformed("inode " + nid + " has an extended attribute of unknown class " + index);
  }

  private void check(long at, long length) throws IOException {
    if (at < 0 || length < 0 || at > size - length) {
      throw malformed("it refers to " + length + " bytes at " + at + ", past its end");
    }
  }

  private int u8(long at) throws IOException {
    check(at, 1);
    return image.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
  }

  private int u16(long at) throws IOException {
    check(at, 2);
    return image.get(U16, at) & 0xFFFF;
  }

  private long u32(long at) throws IOException {
    check(at, 4);
    return Integer.toUnsignedLong(image.get(U32, at));
  }

  private long u64(long at) throws IOException {
    check(at, 8);
    return image.get(U64, at);
  }

  private byte[] bytes(long at, int length) throws IOException {
    check(at, length);
    byte[] bytes = new byte[length];
    MemorySegment.copy(image, ValueLayout.JAVA_BYTE, at, bytes, 0, length);
    return bytes;
  }

  private LayerFormatException damagedDirectory(long directory) {
    return malformed("directory " + directory + " is damaged");
  }

  private LayerFormatException malformed(String what) {
    return new LayerFormatException(
        Kind.MALFORMED,
        "The index " + file + " can't be read: " + what + ". Remove it to have it built again.");
  }

  /** Receives the entries of a directory. */
  @FunctionalInterface
  public interface EntryVisitor {
    /**
     * Receives one entry.
     *
     * @param name the entry's name
     * @param nid its inode
     * @param type the inode's type bits, as in {@code st_mode & S_IFMT}
     * @param nextCookie where to go on after this entry
     * @return whether to go on now
     */
    boolean entry(byte[] name, long nid, int type, long nextCookie) throws IOException;
  }
}
