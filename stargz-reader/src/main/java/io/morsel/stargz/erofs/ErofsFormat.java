package io.morsel.stargz.erofs;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Layout constants of the part of EROFS that a layer index uses; see {@code fs/erofs/erofs_fs.h} of
 * the Linux kernel. All numbers on disk are little endian.
 */
final class ErofsFormat {
  static final int BLOCK_BITS = 12;
  static final int BLOCK_SIZE = 1 << BLOCK_BITS;

  /** Inodes are addressed in units of this many bytes. */
  static final int SLOT_SIZE = 32;

  static final int MAX_NAME = 255;

  // The superblock.
  static final int SB_OFFSET = 1024;
  static final int SB_SIZE = 128;
  static final int SB_MAGIC_VALUE = 0xE0F5E1E2;
  static final int SB_CHECKSUM = 4;
  static final int SB_FEATURE_COMPAT = 8;
  static final int SB_BLOCK_BITS = 12;
  static final int SB_ROOT_NID = 14;
  static final int SB_INODES = 16;
  static final int SB_BLOCKS = 36;
  static final int SB_META_BLOCK = 40;
  static final int SB_FEATURE_INCOMPAT = 80;
  static final int SB_EXTRA_DEVICES = 86;
  static final int SB_DEVICE_SLOT = 88;
  static final int COMPAT_CHECKSUM = 1;
  static final int COMPAT_MTIME = 2;
  static final int INCOMPAT_DEVICE_TABLE = 8;

  // The slot of the second device: the layer's data. It follows the superblock.
  static final int DEVICE_OFFSET = SB_OFFSET + SB_SIZE;
  static final int DEVICE_SIZE = 128;
  static final int DEVICE_BLOCKS = 64;
  static final int DEVICE_MAPPED_BLOCK = 68;

  /** Inodes start in the second block, so that the first, which is checksummed, is small. */
  static final int FIRST_INODE = BLOCK_SIZE;

  // Extended inodes.
  static final int INODE_SIZE = 64;
  static final int INODE_XATTR_COUNT = 2;
  static final int INODE_MODE = 4;
  static final int INODE_BYTES = 8;
  static final int INODE_UNION = 16;
  static final int INODE_INO = 20;
  static final int INODE_UID = 24;
  static final int INODE_GID = 28;
  static final int INODE_MTIME = 32;
  static final int INODE_MTIME_NANOS = 40;
  static final int INODE_NLINK = 44;
  static final int FORMAT_EXTENDED = 1;
  static final int LAYOUT_PLAIN = 0;
  static final int LAYOUT_INLINE = 2;

  // Inline extended attributes: a header, then entries padded to 4 bytes.
  static final int XATTR_HEADER = 12;
  static final int XATTR_ENTRY = 4;
  static final int MAX_XATTR_COUNT = 0xFFFF;

  static final int DIRENT_SIZE = 12;

  static final int S_IFMT = 0xF000;
  static final int S_IFIFO = 0x1000;
  static final int S_IFCHR = 0x2000;
  static final int S_IFDIR = 0x4000;
  static final int S_IFBLK = 0x6000;
  static final int S_IFREG = 0x8000;
  static final int S_IFLNK = 0xA000;
  static final int S_IFSOCK = 0xC000;

  private ErofsFormat() {}

  /** A class of attribute names, which are stored as a number and what follows the prefix. */
  enum XattrPrefix {
    USER(1, "user.", false),
    ACL_ACCESS(2, "system.posix_acl_access", true),
    ACL_DEFAULT(3, "system.posix_acl_default", true),
    TRUSTED(4, "trusted.", false),
    SECURITY(6, "security.", false);

    static final List<XattrPrefix> ALL = List.of(values());

    private final int index;

    @SuppressWarnings("ImmutableEnumChecker") // Never handed out, never written to.
    private final byte[] prefix;

    private final boolean whole;

    XattrPrefix(int index, String prefix, boolean whole) {
      this.index = index;
      this.prefix = prefix.getBytes(StandardCharsets.US_ASCII);
      this.whole = whole;
    }

    int index() {
      return index;
    }

    int length() {
      return prefix.length;
    }

    /** A full name: the prefix, and room for a suffix. */
    byte[] withRoomFor(int suffix) {
      return Arrays.copyOf(prefix, prefix.length + suffix);
    }

    /** Whether the name belongs to this class; the two ACLs have no suffix, all others need one. */
    boolean covers(byte[] name) {
      return (whole ? name.length == prefix.length : name.length > prefix.length)
          && Arrays.mismatch(name, 0, prefix.length, prefix, 0, prefix.length) < 0;
    }
  }

  /** The type byte of a directory entry for an inode's mode. */
  static int direntType(int mode) {
    return switch (mode & S_IFMT) {
      case S_IFREG -> 1;
      case S_IFDIR -> 2;
      case S_IFCHR -> 3;
      case S_IFBLK -> 4;
      case S_IFIFO -> 5;
      case S_IFSOCK -> 6;
      case S_IFLNK -> 7;
      default -> throw new IllegalArgumentException("mode without a known type: " + mode);
    };
  }

  /** The type bits of a mode for the type byte of a directory entry; -1 for an unknown one. */
  static int modeType(int direntType) {
    return switch (direntType) {
      case 1 -> S_IFREG;
      case 2 -> S_IFDIR;
      case 3 -> S_IFCHR;
      case 4 -> S_IFBLK;
      case 5 -> S_IFIFO;
      case 6 -> S_IFSOCK;
      case 7 -> S_IFLNK;
      default -> -1;
    };
  }

  static long blocks(long bytes) {
    return (bytes + BLOCK_SIZE - 1) >>> BLOCK_BITS;
  }
}
