package io.morsel.fuse;

import io.morsel.fuse.protocol.Attr;
import io.morsel.fuse.protocol.AttrOut;
import io.morsel.fuse.protocol.Dirent;
import io.morsel.fuse.protocol.EntryOut;
import io.morsel.fuse.protocol.GetXattrIn;
import io.morsel.fuse.protocol.GetXattrOut;
import io.morsel.fuse.protocol.InHeader;
import io.morsel.fuse.protocol.InitFlag;
import io.morsel.fuse.protocol.InitIn;
import io.morsel.fuse.protocol.InitOut;
import io.morsel.fuse.protocol.InterruptIn;
import io.morsel.fuse.protocol.Opcode;
import io.morsel.fuse.protocol.OpenOut;
import io.morsel.fuse.protocol.ReadIn;
import io.morsel.fuse.protocol.StatfsOut;
import io.morsel.stargz.erofs.ErofsImage;
import io.morsel.stargz.erofs.ErofsInode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the kernel's requests, one at a time: each thread of the loop has its own handler with
 * its own buffers.
 *
 * <p>A layer never changes, and a node's number is derived from its inode's place in the image. So
 * there is no state per node or open file, the kernel may cache everything for ever, and FORGET
 * needs nothing.
 */
final class RequestHandler implements ErofsImage.EntryVisitor, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RequestHandler.class);

  /** Room for one request; the kernel wants 8 KiB, and sends more FORGETs at a time into more. */
  static final int REQUEST_BYTES = 32 << 10;

  /** For ever, as far as every kernel's arithmetic goes: 68 years. */
  private static final long VALID_SECONDS = Integer.MAX_VALUE;

  private static final long ROOT_ID = 1;
  private static final int MAX_READAHEAD_BYTES = ReplyBuffer.MAX_BODY_BYTES;
  private static final int MAX_BACKGROUND = 64;
  private static final int MIN_MINOR = 23;
  private static final int MINOR = 31;

  /** Not ASYNC_DIO: with it, a direct read that waits can't be killed. */
  private static final int WANTED_FLAGS =
      InitFlag.ASYNC_READ
          | InitFlag.EXPORT_SUPPORT
          | InitFlag.DO_READDIRPLUS
          | InitFlag.READDIRPLUS_AUTO
          | InitFlag.NO_OPEN_SUPPORT
          | InitFlag.PARALLEL_DIROPS
          | InitFlag.MAX_PAGES
          | InitFlag.CACHE_SYMLINKS
          | InitFlag.NO_OPENDIR_SUPPORT;

  /** Nobody waits for one read of a file's after the other here, so direct reads may overlap. */
  private static final int WANTED_FLAGS_UNCACHED =
      (WANTED_FLAGS & ~InitFlag.NO_OPEN_SUPPORT) | InitFlag.ASYNC_DIO;

  private final MemorySegment memory;
  private final MemorySegment request;
  private final MemorySegment errnoState;
  private final ReplyBuffer reply;
  private final MemorySegment body;
  private final InodeCache inodes = new InodeCache();

  // The listing under way: list() calls back into entry().
  private @Nullable LayerTree listedTree;
  private boolean listsAttributes;
  private int listLimit;
  private int listed;

  RequestHandler() throws IOException {
    memory = Linux.map(REQUEST_BYTES + Linux.ERRNO_STATE_BYTES);
    request = memory.asSlice(0, REQUEST_BYTES);
    errnoState = memory.asSlice(REQUEST_BYTES, Linux.ERRNO_STATE_BYTES);
    reply = new ReplyBuffer();
    body = reply.segment();
  }

  MemorySegment errnoState() {
    return errnoState;
  }

  /** Where the next request is read to. */
  MemorySegment request() {
    return request;
  }

  /** Answers the request that was read, or sees to it that it will be. */
  void handle(FuseConnection connection, long bytes) {
    long unique = InHeader.unique(request, 0);
    int opcode = InHeader.opcode(request, 0);
    try {
      int result = answer(connection, opcode, unique, (int) bytes);
      if (result != NO_REPLY) {
        connection.reply(errnoState, reply, Math.max(result, 0), result < 0 ? -result : 0, unique);
      }
    } catch (IOException | RuntimeException | Error e) {
      log.error(
          "{}: request {} for node {} failed, it is answered with EIO: {}",
          connection.tree().content().name(),
          opcode,
          InHeader.nodeId(request, 0),
          e.getMessage() == null ? e.toString() : e.getMessage());
      log.debug("The failed request", e);
      if (opcode != Opcode.FORGET && opcode != Opcode.BATCH_FORGET) {
        connection.reply(errnoState, reply, 0, Errno.EIO, unique);
      }
    }
  }

  private static final int NO_REPLY = Integer.MIN_VALUE;

  /** Returns the length of the reply's body, the negative error number, or NO_REPLY. */
  private int answer(FuseConnection connection, int opcode, long unique, int bytes)
      throws IOException {
    LayerTree tree = connection.tree();
    return switch (opcode) {
      case Opcode.READ -> read(connection, unique);
      case Opcode.LOOKUP -> lookup(tree, bytes);
      case Opcode.GETATTR -> getattr(connection);
      case Opcode.GETXATTR -> getxattr(tree, bytes);
      case Opcode.LISTXATTR -> listxattr(tree);
      case Opcode.READDIR -> readdir(tree, false);
      case Opcode.READDIRPLUS -> readdir(tree, true);
      case Opcode.READLINK -> readlink(tree);
      case Opcode.STATFS -> statfs(tree);
      case Opcode.OPEN ->
          open(
              connection.opensFiles(),
              connection.cached() ? OpenOut.KEEP_CACHE : OpenOut.DIRECT_IO);
      case Opcode.OPENDIR ->
          open(connection.opensDirectories(), OpenOut.KEEP_CACHE | OpenOut.CACHE_DIR);
      case Opcode.RELEASE, Opcode.RELEASEDIR, Opcode.DESTROY -> 0;
      case Opcode.FORGET, Opcode.BATCH_FORGET -> NO_REPLY;
      case Opcode.INTERRUPT -> interrupt(connection);
      case Opcode.INIT -> init(connection);
      case Opcode.SETATTR,
          Opcode.SYMLINK,
          Opcode.MKNOD,
          Opcode.MKDIR,
          Opcode.UNLINK,
          Opcode.RMDIR,
          Opcode.RENAME,
          Opcode.RENAME2,
          Opcode.LINK,
          Opcode.WRITE,
          Opcode.SETXATTR,
          Opcode.REMOVEXATTR,
          Opcode.CREATE,
          Opcode.FALLOCATE,
          Opcode.COPY_FILE_RANGE,
          Opcode.TMPFILE ->
          -Errno.EROFS;
      default -> -Errno.ENOSYS;
    };
  }

  private int init(FuseConnection connection) {
    int major = InitIn.major(request, InHeader.BYTES);
    int minor = InitIn.minor(request, InHeader.BYTES);
    if (major != 7 || minor < MIN_MINOR) {
      connection.end(
          "the kernel speaks FUSE %d.%d, at least 7.%d is needed"
              .formatted(major, minor, MIN_MINOR));
      return NO_REPLY;
    }
    int wanted = connection.cached() ? WANTED_FLAGS : WANTED_FLAGS_UNCACHED;
    int flags = InitIn.flags(request, InHeader.BYTES) & wanted;
    InitOut.put(
        body,
        ReplyBuffer.BODY,
        Math.min(minor, MINOR),
        MAX_READAHEAD_BYTES,
        flags,
        MAX_BACKGROUND,
        ReplyBuffer.MAX_BODY_BYTES / LayerTree.BLOCK_BYTES);
    // Answered before the mount is reported as ready.
    connection.reply(errnoState, reply, InitOut.BYTES, 0, InHeader.unique(request, 0));
    connection.initialize(
        minor, (flags & InitFlag.NO_OPEN_SUPPORT) == 0, (flags & InitFlag.NO_OPENDIR_SUPPORT) == 0);
    return NO_REPLY;
  }

  /** ENOSYS tells a kernel that knows {@code NO_OPEN} never to ask again. */
  private int open(boolean mustAnswer, int flags) {
    if (!mustAnswer) {
      return -Errno.ENOSYS;
    }
    OpenOut.put(body, ReplyBuffer.BODY, flags);
    return OpenOut.BYTES;
  }

  private int read(FuseConnection connection, long unique) throws IOException {
    LayerTree tree = connection.tree();
    long nid = nid(tree, InHeader.nodeId(request, 0));
    long fileOffset = ReadIn.fileOffset(request, InHeader.BYTES);
    int wanted = Math.min(ReadIn.size(request, InHeader.BYTES), ReplyBuffer.MAX_BODY_BYTES);
    ErofsInode inode = inodes.get(tree, nid);
    if (!LayerTree.isRegular(inode)) {
      return -Errno.EISDIR;
    }
    int bytes = LayerTree.readable(inode, fileOffset, wanted);
    if (bytes == 0) {
      return 0;
    }
    long dataOffset = inode.dataOffset() + fileOffset;
    if (!tree.content().isPresent(dataOffset, bytes)) {
      connection.reads().start(unique, inode, fileOffset, bytes);
      return NO_REPLY;
    }
    try {
      tree.content().read(dataOffset, reply.body(bytes));
      return bytes;
    } catch (IOException | RuntimeException e) {
      connection.reads().failures().report(inode, fileOffset, e);
      return -Errno.EIO;
    }
  }

  /** Only EAGAIN is ever answered: the request is known to another thread, but not here yet. */
  private int interrupt(FuseConnection connection) {
    long unique = InterruptIn.unique(request, InHeader.BYTES);
    return connection.reads().interrupt(unique) ? NO_REPLY : -Errno.EAGAIN;
  }

  private int lookup(LayerTree tree, int bytes) throws IOException {
    long directory = nid(tree, InHeader.nodeId(request, 0));
    byte[] name = name(InHeader.BYTES, bytes);
    long nid = isDot(name) ? directory : tree.image().lookup(directory, name);
    if (nid < 0) {
      // A name that isn't there is cached like one that is.
      EntryOut.putAbsent(body, ReplyBuffer.BODY, VALID_SECONDS);
    } else {
      EntryOut.put(body, ReplyBuffer.BODY, nodeId(tree, nid), VALID_SECONDS);
      putAttr(ReplyBuffer.BODY + EntryOut.ATTR_OFFSET, tree.inode(nid));
    }
    return EntryOut.BYTES;
  }

  private static boolean isDot(byte[] name) {
    return name.length == 1 && name[0] == '.';
  }

  private int getattr(FuseConnection connection) throws IOException {
    LayerTree tree = connection.tree();
    ErofsInode inode = tree.inode(nid(tree, InHeader.nodeId(request, 0)));
    AttrOut.put(body, ReplyBuffer.BODY, VALID_SECONDS);
    putAttr(ReplyBuffer.BODY + AttrOut.ATTR_OFFSET, inode);
    return AttrOut.BYTES;
  }

  private int readlink(LayerTree tree) throws IOException {
    long nid = nid(tree, InHeader.nodeId(request, 0));
    if (!LayerTree.isSymlink(tree.inode(nid))) {
      return -Errno.EINVAL;
    }
    return put(tree.image().symlinkTarget(nid));
  }

  private int statfs(LayerTree tree) {
    StatfsOut.put(body, ReplyBuffer.BODY, tree.blocks(), LayerTree.BLOCK_BYTES, tree.inodes());
    return StatfsOut.BYTES;
  }

  private int getxattr(LayerTree tree, int bytes) throws IOException {
    byte[] name = name(InHeader.BYTES + GetXattrIn.BYTES, bytes);
    byte[] value = tree.xattr(nid(tree, InHeader.nodeId(request, 0)), name);
    return value == null ? -Errno.ENODATA : putXattr(value);
  }

  private int listxattr(LayerTree tree) throws IOException {
    return putXattr(tree.xattrList(nid(tree, InHeader.nodeId(request, 0))));
  }

  private int putXattr(byte[] value) {
    int room = GetXattrIn.size(request, InHeader.BYTES);
    if (room == 0) {
      GetXattrOut.put(body, ReplyBuffer.BODY, value.length);
      return GetXattrOut.BYTES;
    }
    return value.length > room ? -Errno.ERANGE : put(value);
  }

  private int readdir(LayerTree tree, boolean withAttributes) throws IOException {
    long directory = nid(tree, InHeader.nodeId(request, 0));
    if (!LayerTree.isDirectory(tree.inode(directory))) {
      return -Errno.ENOTDIR;
    }
    listedTree = tree;
    listsAttributes = withAttributes;
    listLimit = Math.min(ReadIn.size(request, InHeader.BYTES), ReplyBuffer.MAX_BODY_BYTES);
    listed = 0;
    try {
      tree.image().list(directory, ReadIn.fileOffset(request, InHeader.BYTES), this);
    } finally {
      listedTree = null;
    }
    return listed;
  }

  /** Adds an entry to the listing under way. */
  @Override
  public boolean entry(byte[] name, long nid, int type, long nextCookie) throws IOException {
    LayerTree tree = listedTree;
    int bytes = Dirent.bytes(name.length) + (listsAttributes ? EntryOut.BYTES : 0);
    if (tree == null || listed + bytes > listLimit) {
      return false;
    }
    ErofsInode inode = tree.inode(nid);
    long at = ReplyBuffer.BODY + (long) listed;
    if (listsAttributes) {
      if (isDot(name) || isDotDot(name)) {
        EntryOut.putAbsent(body, at, 0);
      } else {
        EntryOut.put(body, at, nodeId(tree, nid), VALID_SECONDS);
        putAttr(at + EntryOut.ATTR_OFFSET, inode);
      }
      at += EntryOut.BYTES;
    }
    Dirent.put(body, at, inode.ino(), nextCookie, LayerTree.direntType(type), name);
    listed += bytes;
    return true;
  }

  private static boolean isDotDot(byte[] name) {
    return name.length == 2 && name[0] == '.' && name[1] == '.';
  }

  private int put(byte[] bytes) {
    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, body, ReplyBuffer.BODY, bytes.length);
    return bytes.length;
  }

  private void putAttr(long offset, ErofsInode inode) {
    Attr.put(
        body,
        offset,
        inode.ino(),
        inode.sizeBytes(),
        LayerTree.blocks512(inode),
        inode.mtimeSeconds(),
        inode.mtimeNanos(),
        inode.mode(),
        inode.nlink(),
        inode.uid(),
        inode.gid(),
        inode.rdev());
  }

  /** The name that the request has from {@code offset} to its last byte, which is 0. */
  private byte[] name(int offset, int requestBytes) {
    byte[] name = new byte[Math.max(0, requestBytes - offset - 1)];
    MemorySegment.copy(request, ValueLayout.JAVA_BYTE, offset, name, 0, name.length);
    return name;
  }

  /** The kernel's number for the root is 1, and 0 is none: every other inode is moved past them. */
  private static long nodeId(LayerTree tree, long nid) {
    return nid == tree.root() ? ROOT_ID : nid + ROOT_ID + 1;
  }

  private static long nid(LayerTree tree, long nodeId) {
    return nodeId == ROOT_ID ? tree.root() : nodeId - ROOT_ID - 1;
  }

  @Override
  public void close() {
    reply.close();
    Linux.unmap(memory);
  }
}
