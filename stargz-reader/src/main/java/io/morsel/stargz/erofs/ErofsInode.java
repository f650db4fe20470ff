package io.morsel.stargz.erofs;

/**
 * One inode of an EROFS image.
 *
 * @param nid the inode's address in the image: its byte offset divided by 32
 * @param ino the inode's number, dense from 1, as {@code stat} shows it
 * @param mode type and permission bits, as in {@code st_mode}
 * @param sizeBytes length of a regular file or of a symlink's target; a directory's own size
 * @param uid the owner
 * @param gid the owning group
 * @param mtimeSeconds modification time, whole seconds since the epoch
 * @param mtimeNanos its fraction
 * @param nlink how many names the inode has
 * @param rdev a device's number in the kernel's 32-bit encoding ({@code new_encode_dev}); 0 for
 *     others
 * @param dataOffset where a regular file's bytes start in the layer's data; -1 where there are none
 */
public record ErofsInode(
    long nid,
    long ino,
    int mode,
    long sizeBytes,
    int uid,
    int gid,
    long mtimeSeconds,
    int mtimeNanos,
    int nlink,
    int rdev,
    long dataOffset) {}
