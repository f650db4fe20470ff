package io.morsel.fuse;

import jnr.ffi.Pointer;
import jnr.ffi.annotations.Delegate;
import jnr.ffi.types.off_t;
import jnr.ffi.types.size_t;
import org.jspecify.annotations.Nullable;

/**
 * The operations of libfuse 2 that a layer needs, with paths as pointers: jnr-fuse's own callbacks
 * take strings, which can't hold names that are not valid in the JVM's charset.
 *
 * <p>Public, because the classes that jnr-ffi generates call them.
 */
final class JnrCallbacks {
  /** Indexes of the operations in {@code struct fuse_operations} of libfuse 2.6 to 2.9. */
  static final int GETATTR = 0;

  static final int READLINK = 1;
  static final int OPEN = 14;
  static final int READ = 15;
  static final int STATFS = 17;
  static final int GETXATTR = 22;
  static final int LISTXATTR = 23;
  static final int READDIR = 26;
  static final int INIT = 29;

  private JnrCallbacks() {}

  /** {@code getattr}, {@code open} and {@code statfs}: a path and a structure. */
  @FunctionalInterface
  public interface OnPath {
    /** Returns 0 or a negative error number. */
    @Delegate
    int call(Pointer path, Pointer structure);
  }

  /** {@code readlink} and {@code listxattr}: a path and room for the answer. */
  @FunctionalInterface
  public interface IntoBuffer {
    /** Returns what the operation defines, or a negative error number. */
    @Delegate
    int call(Pointer path, Pointer buffer, @size_t long size);
  }

  /** {@code getxattr}. */
  @FunctionalInterface
  public interface Getxattr {
    /** Returns the value's length or a negative error number. */
    @Delegate
    int call(Pointer path, Pointer name, Pointer value, @size_t long size);
  }

  /** {@code read}. */
  @FunctionalInterface
  public interface Read {
    /** Returns how many bytes were read or a negative error number. */
    @Delegate
    int call(Pointer path, Pointer buffer, @size_t long size, @off_t long offset, Pointer fileInfo);
  }

  /** {@code readdir}. */
  @FunctionalInterface
  public interface Readdir {
    /** Returns 0 or a negative error number. */
    @Delegate
    int call(Pointer path, Pointer buffer, Pointer filler, @off_t long offset, Pointer fileInfo);
  }

  /** {@code init}. */
  @FunctionalInterface
  public interface Init {
    /** Returns the filesystem's private data. */
    @Delegate
    @Nullable Pointer call(Pointer connection);
  }
}
