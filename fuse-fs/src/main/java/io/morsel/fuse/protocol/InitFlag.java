package io.morsel.fuse.protocol;

/** Features that INIT agrees on: the low 32 bits of {@code FUSE_*} in {@code <linux/fuse.h>}. */
public final class InitFlag {
  /** Several reads of one file at a time. */
  public static final int ASYNC_READ = 1;

  /** LOOKUP answers {@code .} and {@code ..}, so that file handles outlive the kernel's caches. */
  public static final int EXPORT_SUPPORT = 1 << 4;

  /** READDIRPLUS is answered. */
  public static final int DO_READDIRPLUS = 1 << 13;

  /** The kernel chooses between READDIR and READDIRPLUS by what the caller does. */
  public static final int READDIRPLUS_AUTO = 1 << 14;

  /** Direct reads are sent without waiting for the one before. */
  public static final int ASYNC_DIO = 1 << 15;

  /** ENOSYS to OPEN means: files are not opened, and keep their cache. */
  public static final int NO_OPEN_SUPPORT = 1 << 17;

  /** Lookups and listings in one directory at a time. */
  public static final int PARALLEL_DIROPS = 1 << 18;

  /** The reply names {@link InitOut#MAX_PAGES_OFFSET}. */
  public static final int MAX_PAGES = 1 << 22;

  /** Targets of symlinks are cached. */
  public static final int CACHE_SYMLINKS = 1 << 23;

  /** ENOSYS to OPENDIR means: directories are not opened, and their listing is cached. */
  public static final int NO_OPENDIR_SUPPORT = 1 << 24;

  private InitFlag() {}
}
