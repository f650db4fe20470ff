package io.morsel.stargz.tar;

/** What kind of object a tar entry is. */
public enum TarType {
  /** A regular file. */
  REGULAR('0', "reg"),
  /** A further name of an earlier entry. */
  HARD_LINK('1', "hardlink"),
  /** A symbolic link. */
  SYMLINK('2', "symlink"),
  /** A character device. */
  CHARACTER_DEVICE('3', "char"),
  /** A block device. */
  BLOCK_DEVICE('4', "block"),
  /** A directory. */
  DIRECTORY('5', "dir"),
  /** A named pipe. */
  FIFO('6', "fifo");

  private final char flag;
  private final String tocName;

  TarType(char flag, String tocName) {
    this.flag = flag;
    this.tocName = tocName;
  }

  /** The type flag in a tar header. */
  char flag() {
    return flag;
  }

  /** The type's name in a TOC, as in the eStargz specification. */
  public String tocName() {
    return tocName;
  }

  /** Whether it is a device, which has a number. */
  public boolean isDevice() {
    return this == CHARACTER_DEVICE || this == BLOCK_DEVICE;
  }

  /** Whether it has a link target. */
  public boolean isLink() {
    return this == HARD_LINK || this == SYMLINK;
  }
}
