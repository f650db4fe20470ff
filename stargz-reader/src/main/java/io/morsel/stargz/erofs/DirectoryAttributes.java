package io.morsel.stargz.erofs;

import java.util.List;

/**
 * What a directory is shown with instead of what the image says of it: see {@link
 * ErofsImage#withDirectoryAttributes}.
 *
 * @param permissions the permission bits, with setuid, setgid and sticky
 * @param uid the owner
 * @param gid the owning group
 * @param mtimeSeconds modification time, whole seconds since the epoch
 * @param mtimeNanos its fraction
 * @param xattrNames the full names of extended attributes that it has besides the image's own
 * @param xattrValues their values, in the same order
 */
public record DirectoryAttributes(
    int permissions,
    int uid,
    int gid,
    long mtimeSeconds,
    int mtimeNanos,
    List<byte[]> xattrNames,
    List<byte[]> xattrValues) {
  /** Copies the lists, and checks what is of them. */
  public DirectoryAttributes {
    if ((permissions & ~07777) != 0 || mtimeNanos < 0 || mtimeNanos > 999_999_999) {
      throw new IllegalArgumentException("impossible permissions or time");
    }
    if (xattrNames.size() != xattrValues.size()) {
      throw new IllegalArgumentException("names and values of different number");
    }
    xattrNames = List.copyOf(xattrNames);
    xattrValues = List.copyOf(xattrValues);
  }
}
