package io.morsel.fuse.protocol;

/** The requests of the protocol: {@code enum fuse_opcode}. */
public final class Opcode {
  /** Find a name in a directory. */
  public static final int LOOKUP = 1;

  /** The kernel drops a node; no reply. */
  public static final int FORGET = 2;

  /** Attributes of a node. */
  public static final int GETATTR = 3;

  /** Change attributes. */
  public static final int SETATTR = 4;

  /** Target of a symlink. */
  public static final int READLINK = 5;

  /** Make a symlink. */
  public static final int SYMLINK = 6;

  /** Make a node. */
  public static final int MKNOD = 8;

  /** Make a directory. */
  public static final int MKDIR = 9;

  /** Remove a name. */
  public static final int UNLINK = 10;

  /** Remove a directory. */
  public static final int RMDIR = 11;

  /** Rename. */
  public static final int RENAME = 12;

  /** Make a hard link. */
  public static final int LINK = 13;

  /** Open a file. */
  public static final int OPEN = 14;

  /** Read from a file. */
  public static final int READ = 15;

  /** Write to a file. */
  public static final int WRITE = 16;

  /** Figures of the filesystem. */
  public static final int STATFS = 17;

  /** The last user of an open file is gone. */
  public static final int RELEASE = 18;

  /** Set an extended attribute. */
  public static final int SETXATTR = 21;

  /** Value of an extended attribute. */
  public static final int GETXATTR = 22;

  /** Names of the extended attributes. */
  public static final int LISTXATTR = 23;

  /** Remove an extended attribute. */
  public static final int REMOVEXATTR = 24;

  /** Agree on version and features; the first request. */
  public static final int INIT = 26;

  /** Open a directory. */
  public static final int OPENDIR = 27;

  /** List a directory. */
  public static final int READDIR = 28;

  /** The last user of an open directory is gone. */
  public static final int RELEASEDIR = 29;

  /** Create and open a file. */
  public static final int CREATE = 35;

  /** Give up an earlier request; no reply but EAGAIN. */
  public static final int INTERRUPT = 36;

  /** The filesystem ends. */
  public static final int DESTROY = 38;

  /** The kernel drops many nodes; no reply. */
  public static final int BATCH_FORGET = 42;

  /** Allocate space. */
  public static final int FALLOCATE = 43;

  /** List a directory with the attributes of its entries. */
  public static final int READDIRPLUS = 44;

  /** Rename with flags. */
  public static final int RENAME2 = 45;

  /** Copy between files. */
  public static final int COPY_FILE_RANGE = 47;

  /** Make a file without a name. */
  public static final int TMPFILE = 51;

  private Opcode() {}
}
