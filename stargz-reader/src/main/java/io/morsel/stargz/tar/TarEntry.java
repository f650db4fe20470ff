package io.morsel.stargz.tar;

import java.util.Map;

/**
 * One entry of a tar, all extensions applied.
 *
 * @param type what it is
 * @param name its path as spelled, a byte string; of a directory mostly with a slash at its end
 * @param linkName target of a hard or symbolic link, a byte string; else empty
 * @param mode permissions, setuid, setgid and sticky bit
 * @param userId the owner
 * @param groupId the owning group
 * @param userName the owner's name, a byte string; may be empty
 * @param groupName the group's name, a byte string; may be empty
 * @param mtimeSeconds modification time, in seconds since 1970
 * @param mtimeNanos nanoseconds after {@code mtimeSeconds}, 0 to 999,999,999
 * @param deviceMajor a device's major number
 * @param deviceMinor a device's minor number
 * @param xattrs extended attributes, byte strings to byte strings
 * @param otherRecords PAX records that none of the other components holds, such as {@code atime}
 * @param sizeBytes size of a regular file with its holes; 0 of everything else
 * @param holes where content is stored and where there are holes
 */
public record TarEntry(
    TarType type,
    String name,
    String linkName,
    int mode,
    long userId,
    long groupId,
    String userName,
    String groupName,
    long mtimeSeconds,
    int mtimeNanos,
    long deviceMajor,
    long deviceMinor,
    Map<String, String> xattrs,
    Map<String, String> otherRecords,
    long sizeBytes,
    SparseMap holes) {

  /** A regular file of root's with these sizes and nothing else of note. */
  public static TarEntry file(String name, int mode, long sizeBytes) {
    return new TarEntry(
        TarType.REGULAR,
        name,
        "",
        mode,
        0,
        0,
        "",
        "",
        0,
        0,
        0,
        0,
        Map.of(),
        Map.of(),
        sizeBytes,
        SparseMap.NONE);
  }

  /** How many bytes of content the tar itself holds for this entry. */
  public long storedBytes() {
    return holes.isSparse() ? holes.storedBytes() : sizeBytes;
  }

  /** The same object under another name. */
  public TarEntry withName(String newName) {
    return new TarEntry(
        type,
        newName,
        linkName,
        mode,
        userId,
        groupId,
        userName,
        groupName,
        mtimeSeconds,
        mtimeNanos,
        deviceMajor,
        deviceMinor,
        xattrs,
        otherRecords,
        sizeBytes,
        holes);
  }

  /** The same hard or symbolic link with another target. */
  public TarEntry withLinkName(String newLinkName) {
    return new TarEntry(
        type,
        name,
        newLinkName,
        mode,
        userId,
        groupId,
        userName,
        groupName,
        mtimeSeconds,
        mtimeNanos,
        deviceMajor,
        deviceMinor,
        xattrs,
        otherRecords,
        sizeBytes,
        holes);
  }
}
