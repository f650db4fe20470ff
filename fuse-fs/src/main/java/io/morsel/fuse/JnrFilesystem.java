package io.morsel.fuse;

import io.morsel.stargz.erofs.ErofsInode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.Struct;
import jnr.ffi.provider.jffi.ClosureHelper;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.serce.jnrfuse.FuseFillDir;
import ru.serce.jnrfuse.FuseStubFS;
import ru.serce.jnrfuse.struct.FileStat;
import ru.serce.jnrfuse.struct.Statvfs;

/**
 * One layer as libfuse 2 wants it: operations on paths, called by libfuse's threads.
 *
 * <p>The operations are entered in libfuse's table by hand, since jnr-fuse's own take paths as
 * strings ({@link JnrCallbacks}); loading the library and its structures is left to jnr-fuse.
 */
final class JnrFilesystem extends FuseStubFS {
  private static final Logger log = LoggerFactory.getLogger(JnrFilesystem.class);

  /** Offset of {@code fh} in {@code struct fuse_file_info} of libfuse 2 on 64-bit machines. */
  private static final long FILE_HANDLE_OFFSET = 24;

  private final LayerTree tree;
  private final ReadFailures failures;
  private final CountDownLatch initialized = new CountDownLatch(1);
  private final Runtime runtime = Runtime.getSystemRuntime();

  /** What libfuse holds pointers to. */
  private final List<Object> closures = new ArrayList<>();

  private final Set<Thread> reading = ConcurrentHashMap.newKeySet();
  private volatile @Nullable FuseFillDir filler;
  private int running;
  private boolean cutOff;

  JnrFilesystem(LayerTree tree) {
    this.tree = tree;
    this.failures = new ReadFailures(tree);
    register(JnrCallbacks.GETATTR, JnrCallbacks.OnPath.class, this::getattr);
    register(JnrCallbacks.READLINK, JnrCallbacks.IntoBuffer.class, this::readlink);
    register(JnrCallbacks.OPEN, JnrCallbacks.OnPath.class, this::open);
    register(JnrCallbacks.READ, JnrCallbacks.Read.class, this::read);
    register(JnrCallbacks.STATFS, JnrCallbacks.OnPath.class, this::statfs);
    register(JnrCallbacks.GETXATTR, JnrCallbacks.Getxattr.class, this::getxattr);
    register(JnrCallbacks.LISTXATTR, JnrCallbacks.IntoBuffer.class, this::listxattr);
    register(JnrCallbacks.READDIR, JnrCallbacks.Readdir.class, this::readdir);
    register(
        JnrCallbacks.INIT,
        JnrCallbacks.Init.class,
        connection -> {
          initialized.countDown();
          return null;
        });
  }

  private <T> void register(int index, Class<T> type, T callback) {
    closures.add(callback);
    Struct.getMemory(fuseOperations)
        .putPointer(
            (long) index * runtime.addressSize(),
            runtime.getClosureManager().getClosurePointer(type, callback));
  }

  /** Mounts and serves; returns when the kernel has dropped the filesystem or mounting failed. */
  int serve(List<String> arguments) {
    String[] array = arguments.toArray(String[]::new);
    return libFuse.fuse_main_real(
        array.length, array, fuseOperations, Struct.size(fuseOperations), null);
  }

  /** Opens once the kernel and libfuse agree on how to talk. */
  CountDownLatch initialized() {
    return initialized;
  }

  /** From when this returns on, no operation uses the layer: all fail. */
  void cutOff() throws InterruptedException {
    synchronized (closures) {
      cutOff = true;
      reading.forEach(Thread::interrupt);
      while (running > 0) {
        closures.wait();
      }
    }
  }

  private boolean isCutOff() {
    synchronized (closures) {
      return cutOff;
    }
  }

  /** An operation that may fail. */
  private interface Operation {
    int run() throws IOException;
  }

  private int run(String name, Operation operation) {
    synchronized (closures) {
      if (cutOff) {
        return -Errno.EIO;
      }
      running++;
    }
    try {
      return operation.run();
    } catch (IOException | RuntimeException | Error e) {
      // Nothing may be thrown through libfuse.
      log.error(
          "{}: {} failed, it is answered with EIO: {}",
          tree.content().name(),
          name,
          e.getMessage() == null ? e.toString() : e.getMessage());
      return -Errno.EIO;
    } finally {
      synchronized (closures) {
        running--;
        closures.notifyAll();
      }
    }
  }

  /** The inode at a path, or a negative error number. */
  private long resolve(Pointer path) throws IOException {
    long nid = tree.resolve(bytes(path));
    return nid < 0 ? -Errno.ENOENT : nid;
  }

  private static byte[] bytes(Pointer string) {
    byte[] bytes = new byte[string.indexOf(0, (byte) 0)];
    string.get(0, bytes, 0, bytes.length);
    return bytes;
  }

  private int getattr(Pointer path, Pointer stat) {
    return run(
        "getattr",
        () -> {
          long nid = resolve(path);
          if (nid < 0) {
            return (int) nid;
          }
          fill(FileStat.of(stat), tree.inode(nid));
          return 0;
        });
  }

  private static void fill(FileStat stat, ErofsInode inode) {
    stat.st_ino.set(inode.ino());
    stat.st_mode.set(inode.mode());
    stat.st_nlink.set(inode.nlink());
    stat.st_uid.set(Integer.toUnsignedLong(inode.uid()));
    stat.st_gid.set(Integer.toUnsignedLong(inode.gid()));
    stat.st_rdev.set(Integer.toUnsignedLong(inode.rdev()));
    stat.st_size.set(inode.sizeBytes());
    stat.st_blksize.set(LayerTree.BLOCK_BYTES);
    stat.st_blocks.set(LayerTree.blocks512(inode));
    stat.st_atim.tv_sec.set(inode.mtimeSeconds());
    stat.st_atim.tv_nsec.set(inode.mtimeNanos());
    stat.st_mtim.tv_sec.set(inode.mtimeSeconds());
    stat.st_mtim.tv_nsec.set(inode.mtimeNanos());
    stat.st_ctim.tv_sec.set(inode.mtimeSeconds());
    stat.st_ctim.tv_nsec.set(inode.mtimeNanos());
  }

  private int readlink(Pointer path, Pointer buffer, long size) {
    return run(
        "readlink",
        () -> {
          long nid = resolve(path);
          if (nid < 0) {
            return (int) nid;
          }
          byte[] target = tree.image().symlinkTarget(nid);
          int length = (int) Math.min(target.length, size - 1);
          buffer.put(0, target, 0, length);
          buffer.putByte(length, (byte) 0);
          return 0;
        });
  }

  private int open(Pointer path, Pointer fileInfo) {
    return run(
        "open",
        () -> {
          long nid = resolve(path);
          if (nid < 0) {
            return (int) nid;
          }
          fileInfo.putLong(FILE_HANDLE_OFFSET, nid);
          return 0;
        });
  }

  private int read(Pointer path, Pointer buffer, long size, long offset, Pointer fileInfo) {
    return run("read", () -> read(fileInfo.getLong(FILE_HANDLE_OFFSET), buffer, size, offset));
  }

  private int read(long nid, Pointer buffer, long size, long offset) throws IOException {
    ErofsInode inode = tree.inode(nid);
    int length =
        LayerTree.readable(inode, offset, (int) Math.min(size, ReplyBuffer.MAX_BODY_BYTES));
    if (length == 0) {
      return 0;
    }
    ByteBuffer target =
        MemorySegment.ofAddress(buffer.address()).reinterpret(length).asByteBuffer();
    Thread thread = Thread.currentThread();
    synchronized (closures) {
      if (cutOff) {
        return -Errno.EIO;
      }
      reading.add(thread);
    }
    try {
      tree.content().read(inode.dataOffset() + offset, target);
      return length;
    } catch (IOException | RuntimeException | Error e) {
      if (!isCutOff()) {
        failures.report(inode, offset, e);
      }
      return -Errno.EIO;
    } finally {
      synchronized (closures) {
        reading.remove(thread);
      }
      // The thread is libfuse's and goes on to other requests.
      boolean _ = Thread.interrupted();
    }
  }

  private int statfs(Pointer path, Pointer structure) {
    return run(
        "statfs",
        () -> {
          Statvfs figures = Statvfs.of(structure);
          figures.f_bsize.set(LayerTree.BLOCK_BYTES);
          figures.f_frsize.set(LayerTree.BLOCK_BYTES);
          figures.f_blocks.set(tree.blocks());
          figures.f_files.set(tree.inodes());
          figures.f_namemax.set(255);
          return 0;
        });
  }

  private int getxattr(Pointer path, Pointer name, Pointer value, long size) {
    return run(
        "getxattr",
        () -> {
          long nid = resolve(path);
          if (nid < 0) {
            return (int) nid;
          }
          byte[] found = tree.xattr(nid, bytes(name));
          return found == null ? -Errno.ENODATA : put(found, value, size);
        });
  }

  private int listxattr(Pointer path, Pointer list, long size) {
    return run(
        "listxattr",
        () -> {
          long nid = resolve(path);
          return nid < 0 ? (int) nid : put(tree.xattrList(nid), list, size);
        });
  }

  /** Room for nothing asks for the length. */
  private static int put(byte[] value, Pointer target, long size) {
    if (size == 0) {
      return value.length;
    }
    if (size < value.length) {
      return -Errno.ERANGE;
    }
    target.put(0, value, 0, value.length);
    return value.length;
  }

  private int readdir(
      Pointer path, Pointer buffer, Pointer function, long offset, Pointer fileInfo) {
    return run(
        "readdir",
        () -> {
          long nid = resolve(path);
          if (nid < 0) {
            return (int) nid;
          }
          FuseFillDir fill = filler(function);
          FileStat stat = FileStat.of(Memory.allocateDirect(runtime, statBytes(), true));
          tree.image()
              .list(
                  nid,
                  offset,
                  (name, child, type, next) -> {
                    stat.st_ino.set(tree.inode(child).ino());
                    stat.st_mode.set(type);
                    byte[] string = new byte[name.length + 1];
                    System.arraycopy(name, 0, string, 0, name.length);
                    return fill.apply(buffer, ByteBuffer.wrap(string), Struct.getMemory(stat), next)
                        == 0;
                  });
          return 0;
        });
  }

  private int statBytes() {
    return Struct.size(new FileStat(runtime));
  }

  /** libfuse passes the same function every time. */
  private FuseFillDir filler(Pointer function) {
    FuseFillDir known = filler;
    if (known == null) {
      ClosureHelper helper = ClosureHelper.getInstance();
      known =
          helper
              .getNativeConveter(FuseFillDir.class)
              .fromNative(function, helper.getFromNativeContext());
      filler = known;
    }
    return known;
  }
}
