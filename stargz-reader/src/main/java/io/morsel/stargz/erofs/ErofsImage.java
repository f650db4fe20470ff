package io.morsel.stargz.erofs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A memory-mapped EROFS metadata image, read without an object per inode.
 *
 * <p>Safe for use by many threads until closed. An image is checked when it is opened, and every
 * access is bounds-checked, so that a damaged one fails with {@link
 * io.morsel.stargz.LayerFormatException} and never reads past the mapping.
 */
public final class ErofsImage implements AutoCloseable {
  private ErofsImage() {}

  /** Maps the image. */
  public static ErofsImage open(Path file) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** The root directory's inode. */
  public long rootNid() {
    throw new UnsupportedOperationException();
  }

  /** How many inodes the image has. */
  public long inodeCount() {
    throw new UnsupportedOperationException();
  }

  /** How many 4 KiB blocks the layer's data has. */
  public long dataBlocks() {
    throw new UnsupportedOperationException();
  }

  /** The inode at {@code nid}. */
  public ErofsInode inode(long nid) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** The inode that {@code directory} has under {@code name}; -1 where it has none. */
  public long lookup(long directory, byte[] name) throws IOException {
    throw new UnsupportedOperationException();
  }

  /**
   * Visits a directory's entries, {@code .} and {@code ..} included, in the order of their cookies.
   *
   * @param cookie 0 to start, or what an earlier visit was given as its entry's next cookie
   */
  public void list(long directory, long cookie, EntryVisitor visitor) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** A symlink's target. */
  public byte[] symlinkTarget(long nid) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** The full names ({@code user.x}, {@code security.capability}, …) of an inode's attributes. */
  public List<byte[]> xattrNames(long nid) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** The value of an inode's attribute by its full name; null where it has none. */
  public byte @Nullable [] xattr(long nid, byte[] name) throws IOException {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException();
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
