package io.morsel.runtime.diff;

import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerFormatException.Kind;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.tar.ByteStrings;
import io.morsel.stargz.tar.SparseMap;
import io.morsel.stargz.tar.TarEntry;
import io.morsel.stargz.tar.TarReader;
import io.morsel.stargz.tar.TarType;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts the entries of a layer's tar into a directory (OCI image specification, "Applying
 * Changesets"), as containerd does: an entry replaces what is there, but for a directory that is a
 * directory already; the entry of the root itself is passed over; attributes of {@code trusted.}
 * are left out.
 *
 * <p>The tar is hostile input: no path, whether through {@code ..}, symbolic links of the layer or
 * targets of hard links, leads out of the directory. For one layer and one thread.
 */
final class Unpacker implements AutoCloseable {
  /** Times beyond this are none that a filesystem can hold, and become 1970, as in containerd. */
  private static final long MAX_SECONDS = Long.MAX_VALUE / 1_000_000_000L;

  private static final Logger log = LoggerFactory.getLogger(Unpacker.class);

  private final Calls calls;
  private final RootDirectory root;
  private final BooleanSupplier cancelled;
  private final LayerBudget budget;
  private final Made made;
  private final Whiteouts whiteouts;
  private final DirectoryTimes times = new DirectoryTimes();
  private final ParentDirectories parents;
  private final byte[] content = new byte[Calls.BUFFER_BYTES];

  /** How whiteouts are kept. */
  enum Style {
    /** All layers are in one tree, from which they remove. */
    REMOVING,
    /** Each layer has a tree of its own, with overlayfs's marks. */
    OVERLAY
  }

  /**
   * An unpacker into {@code root}.
   *
   * @param lower the layers below, the uppermost first, whose directories are copied where the
   *     layer leaves them out
   * @param cancelled whether nobody waits for the layer any more
   */
  Unpacker(
      Calls calls,
      RootDirectory root,
      List<RootDirectory> lower,
      Style style,
      LayerLimits limits,
      BooleanSupplier cancelled)
      throws IOException {
    this.calls = calls;
    this.root = root;
    this.cancelled = cancelled;
    this.budget = new LayerBudget(limits);
    this.made = Made.below(calls, root);
    this.whiteouts =
        switch (style) {
          case REMOVING -> new RemovingWhiteouts(calls, made, limits.maxDepth());
          case OVERLAY -> new OverlayWhiteouts(calls, made);
        };
    this.parents = new ParentDirectories(calls, root, lower, whiteouts, made, times, budget);
  }

  /**
   * Unpacks all entries.
   *
   * @throws LayerFormatException if the tar is malformed or exceeds a limit
   * @throws IOException if an entry can't be made; the message names it
   */
  void unpack(TarReader tar) throws IOException {
    TarEntry entry = tar.next();
    while (entry != null) {
      try {
        checkCancelled();
        unpack(entry, tar);
      } catch (ErrnoException e) {
        throw new IOException("entry " + ByteStrings.text(entry.name()) + ": " + e.getMessage(), e);
      }
      entry = tar.next();
    }
    times.apply(calls, root);
  }

  private void checkCancelled() throws IOException {
    if (cancelled.getAsBoolean()) {
      throw new IOException("the client gave up");
    }
  }

  private void unpack(TarEntry entry, TarReader tar) throws IOException {
    String path = clean(entry.name());
    if (path.isEmpty()) {
      log.debug("entry {} is passed over: it is the root", ByteStrings.text(entry.name()));
      return;
    }
    budget.entry();
    budget.data(entry.sizeBytes());
    budget.depth(path);
    int slash = path.lastIndexOf('/');
    String name = path.substring(slash + 1);
    int directory = parents.open(slash < 0 ? "" : path.substring(0, slash));
    if (name.equals(Whiteouts.OPAQUE)) {
      whiteouts.hideBelow(directory);
      parents.forget();
    } else if (name.startsWith(Whiteouts.PREFIX)) {
      String hidden = name.substring(Whiteouts.PREFIX.length());
      if (hidden.isEmpty() || hidden.equals(".") || hidden.equals("..")) {
        throw new LayerFormatException(
            Kind.MALFORMED, "invalid whiteout name: " + ByteStrings.text(name));
      }
      whiteouts.hide(directory, hidden, entry);
      parents.forget();
    } else {
      put(entry, path, directory, name, tar);
    }
  }

  /** The path below the root that is meant, where {@code ..} leads nowhere above it. */
  static String clean(String spelled) {
    StringBuilder path = new StringBuilder(spelled.length());
    for (String component : spelled.split("/", -1)) {
      switch (component) {
        case "", "." -> {}
        case ".." -> path.setLength(Math.max(0, path.lastIndexOf("/")));
        default -> path.append(path.isEmpty() ? "" : "/").append(component);
      }
    }
    return path.toString();
  }

  private void put(TarEntry entry, String path, int directory, String name, TarReader tar)
      throws IOException {
    boolean replaced = false;
    boolean there = false;
    @Nullable FileStatus old = calls.find(directory, name);
    if (old != null) {
      there = isKept(entry, old);
      if (!there) {
        TreeRemoval.remove(calls, directory, name);
        parents.forget();
        replaced = true;
      }
    }
    switch (entry.type()) {
      case DIRECTORY -> {
        if (!there) {
          Calls.check(calls.makeDirectory(directory, name), "make directory", path);
        }
        if (replaced) {
          whiteouts.madeAnew(directory, name);
        }
      }
      case REGULAR -> writeFile(entry, directory, name, tar);
      case HARD_LINK -> {
        if (!there) {
          link(entry, directory, name);
        }
      }
      case SYMLINK -> calls.makeSymlink(entry.linkName(), directory, name);
      case CHARACTER_DEVICE, BLOCK_DEVICE, FIFO ->
          calls.makeNode(
              directory,
              name,
              nodeType(entry.type()) | entry.mode(),
              entry.deviceMajor(),
              entry.deviceMinor());
    }
    if (there && entry.type() == TarType.DIRECTORY) {
      removeOtherXattrs(entry, directory, name);
    }
    setAttributes(entry, path, directory, name);
    made.add(directory, name);
  }

  /** Whether the entry changes what is there instead of replacing it. */
  private boolean isKept(TarEntry entry, FileStatus old) throws IOException {
    return switch (entry.type()) {
      case DIRECTORY -> old.isDirectory();
      // A link to itself: removed first, there would be nothing left to link to.
      case HARD_LINK ->
          !old.isDirectory() && withLinked(entry, (at, name, to) -> to.isSameFileAs(old));
      default -> false;
    };
  }

  private static int nodeType(TarType type) {
    return switch (type) {
      case CHARACTER_DEVICE -> FileStatus.CHARACTER_DEVICE;
      case BLOCK_DEVICE -> FileStatus.BLOCK_DEVICE;
      default -> FileStatus.FIFO;
    };
  }

  private void writeFile(TarEntry entry, int directory, String name, TarReader tar)
      throws IOException {
    int flags = Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL;
    int fd = (int) Calls.check(calls.open(directory, name, flags, 0600), "make file", name);
    try {
      SparseMap holes = entry.holes();
      if (!holes.isSparse()) {
        copy(tar, fd, 0, entry.sizeBytes());
        return;
      }
      for (int part = 0; part < holes.count(); part++) {
        copy(tar, fd, holes.offset(part), holes.length(part));
      }
      calls.truncate(fd, entry.sizeBytes());
    } finally {
      calls.closeDescriptor(fd);
    }
  }

  private void copy(TarReader tar, int fd, long offset, long length) throws IOException {
    long done = 0;
    while (done < length) {
      int read = tar.read(content, 0, (int) Math.min(content.length, length - done));
      if (read < 0) {
        throw new LayerFormatException(
            Kind.MALFORMED, "content ends after %d of %d bytes".formatted(done, length));
      }
      calls.write(fd, content, read, offset + done);
      done += read;
      checkCancelled();
    }
  }

  private void link(TarEntry entry, int directory, String name) throws IOException {
    var _ =
        withLinked(
            entry,
            (at, linked, status) -> {
              if (status.isDirectory()) {
                throw new LayerFormatException(
                    Kind.MALFORMED,
                    "hard link %s to the directory %s"
                        .formatted(
                            ByteStrings.text(entry.name()), ByteStrings.text(entry.linkName())));
              }
              calls.makeLink(at, linked, directory, name);
              return true;
            });
  }

  /** Does something with what a hard link leads to. */
  @FunctionalInterface
  private interface Linked {
    boolean apply(int directory, String name, FileStatus status) throws IOException;
  }

  private boolean withLinked(TarEntry entry, Linked use) throws IOException {
    String target = entry.linkName().replaceFirst("/+$", "");
    int slash = target.lastIndexOf('/');
    String name = target.substring(slash + 1);
    int directory =
        name.isEmpty() || name.equals(".") || name.equals("..")
            ? -Errno.ENOENT
            : root.find(slash < 0 ? "" : target.substring(0, slash));
    try {
      @Nullable FileStatus status = directory < 0 ? null : calls.find(directory, name);
      if (status == null || status.isWhiteout()) {
        throw new LayerFormatException(
            Kind.MALFORMED,
            "hard link %s to %s, which is not there"
                .formatted(ByteStrings.text(entry.name()), ByteStrings.text(entry.linkName())));
      }
      return use.apply(directory, name, status);
    } finally {
      calls.closeDescriptor(directory);
    }
  }

  /**
   * Owner first, since a change of it clears capabilities and setuid; of a hard link too, as
   * containerd does.
   */
  private void setAttributes(TarEntry entry, String path, int directory, String name)
      throws IOException {
    calls.changeOwner(directory, name, entry.userId(), entry.groupId());
    for (Map.Entry<String, String> xattr : entry.xattrs().entrySet()) {
      setXattr(entry, directory, name, xattr.getKey(), xattr.getValue());
    }
    boolean symlink =
        entry.type() == TarType.SYMLINK
            || (entry.type() == TarType.HARD_LINK && calls.status(directory, name).isSymlink());
    if (!symlink) {
      calls.changeMode(directory, name, entry.mode());
    }
    boolean representable = entry.mtimeSeconds() >= 0 && entry.mtimeSeconds() < MAX_SECONDS;
    long seconds = representable ? entry.mtimeSeconds() : 0;
    int nanos = representable ? entry.mtimeNanos() : 0;
    if (entry.type() == TarType.DIRECTORY) {
      times.put(path, seconds, nanos);
    } else {
      Calls.check(calls.changeTimes(directory, name, seconds, nanos), "change times of", name);
    }
  }

  /** As overlayfs would have it, the attributes of a directory are those of the layer alone. */
  private void removeOtherXattrs(TarEntry entry, int directory, String name) throws IOException {
    for (String key : LayerXattrs.of(calls, directory, name).keySet()) {
      if (!entry.xattrs().containsKey(key)) {
        calls.xattrs().remove(directory, name, key);
      }
    }
  }

  private void setXattr(TarEntry entry, int directory, String name, String key, String value)
      throws IOException {
    if (key.startsWith("trusted.")) {
      log.debug("attribute {} of {} is left out", key, ByteStrings.text(entry.name()));
      return;
    }
    int result = calls.xattrs().set(directory, name, key, value);
    boolean ignored =
        result == -Errno.ENOTSUP
            // Only regular files and directories can have these, see xattr(7).
            || (result == -Errno.EPERM
                && key.startsWith("user.")
                && entry.type() != TarType.REGULAR
                && entry.type() != TarType.DIRECTORY);
    if (ignored) {
      log.warn("attribute {} of {} is left out", key, ByteStrings.text(entry.name()));
    } else {
      Calls.check(result, "set attribute " + ByteStrings.text(key) + " of", name);
    }
  }

  @Override
  public void close() {
    parents.close();
  }
}
