package io.morsel.runtime.diff;

/**
 * What statx(2) says of a file.
 *
 * @param mode type and permissions, as {@code st_mode} has them
 * @param links how many names the inode has
 * @param inode its number, unique on its device
 * @param device the filesystem's device, major and minor number in one
 * @param rdevMajor the major number of a device that the file is
 * @param rdevMinor the minor number of a device that the file is
 */
record FileStatus(
    int mode,
    int links,
    long userId,
    long groupId,
    long inode,
    long sizeBytes,
    long mtimeSeconds,
    int mtimeNanos,
    long device,
    int rdevMajor,
    int rdevMinor) {
  private static final int TYPE = 0170000;
  static final int FIFO = 0010000;
  static final int CHARACTER_DEVICE = 0020000;
  static final int DIRECTORY = 0040000;
  static final int BLOCK_DEVICE = 0060000;
  static final int REGULAR = 0100000;
  static final int SYMLINK = 0120000;

  /** The type's bits of the mode, one of the constants here. */
  int type() {
    return mode & TYPE;
  }

  /** Permissions, setuid, setgid and sticky bit. */
  int permissions() {
    return mode & 07777;
  }

  boolean isDirectory() {
    return type() == DIRECTORY;
  }

  boolean isRegular() {
    return type() == REGULAR;
  }

  boolean isSymlink() {
    return type() == SYMLINK;
  }

  /** Whether overlayfs takes the file for a whiteout: a character device 0:0. */
  boolean isWhiteout() {
    return type() == CHARACTER_DEVICE && rdevMajor == 0 && rdevMinor == 0;
  }

  boolean isSameFileAs(FileStatus other) {
    return device == other.device && inode == other.inode;
  }
}
