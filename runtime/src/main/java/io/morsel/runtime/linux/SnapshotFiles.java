package io.morsel.runtime.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Reads a few small files of a snapshot that is mounted nowhere.
 *
 * <p>The snapshot is mounted read-only, where only one thread sees it, and is gone with that
 * thread, however this process ends. What an image has there can't lead out of it: links are
 * followed below its root only, devices can't be opened, and FIFOs are not waited for.
 *
 * <p>The layers may be served by this very process. Were it killed while the thread waits for such
 * a layer, the thread's open files would keep the layer's connection to the kernel open, and thread
 * and connection would wait for each other for ever. So the thread gives up such connections first.
 */
public final class SnapshotFiles {
  /** More than any {@code /etc/group} has. */
  public static final int MAX_FILE_BYTES = 4 << 20;

  /** A mount's options must fit into a page. */
  private static final int MAX_OPTION_BYTES = 4000;

  private static final long SYS_OPENAT2 = 437;
  private static final long AT_FDCWD = -100;
  private static final Path OWN_FILES = Path.of("/proc/thread-self/fd");
  private static final Path FUSE = Path.of("/dev/fuse");

  /** {@code struct open_how}: flags, mode, resolve. */
  private static final long OPEN_HOW_BYTES = 24;

  private static final long O_NONBLOCK = 0x800;
  private static final long O_NOCTTY = 0x100;
  private static final long O_CLOEXEC = 0x80000;
  private static final long O_PATH = 0x200000;
  private static final long RESOLVE_NO_MAGICLINKS = 2;
  private static final long RESOLVE_IN_ROOT = 16;
  private static final int ENOENT = 2;
  private static final int ENOTDIR = 20;

  private static final long SAFE =
      Linux.MS_RDONLY | Linux.MS_NOSUID | Linux.MS_NODEV | Linux.MS_NOEXEC;

  private final List<MountEntry> mounts;
  private final List<String> names;

  private SnapshotFiles(List<MountEntry> mounts, List<String> names) {
    this.mounts = List.copyOf(mounts);
    this.names = List.copyOf(names);
  }

  /**
   * Reads files.
   *
   * @param mounts what the snapshot is made of
   * @param names the files' paths in the snapshot
   * @return their content by name; those that are not there are left out
   * @throws IOException if the snapshot can't be mounted, or a file can't be read or is larger than
   *     {@link #MAX_FILE_BYTES}
   */
  public static Map<String, byte[]> read(List<MountEntry> mounts, List<String> names)
      throws IOException, InterruptedException {
    SnapshotFiles files = new SnapshotFiles(mounts, names);
    Path target = Files.createTempDirectory("morsel-rootfs-");
    try {
      // Its namespaces and its table of open files end with it: no thread of a pool.
      return onThread(() -> files.readOn(target));
    } finally {
      Files.deleteIfExists(target);
    }
  }

  /**
   * The same where this process serves none of the layers: the files are read as they lie in the
   * layers, if that is enough.
   */
  public static Map<String, byte[]> readServed(List<MountEntry> mounts, List<String> names)
      throws IOException, InterruptedException {
    Optional<Map<String, byte[]>> plain = onThread(() -> LayerFiles.read(mounts, names));
    return plain.isPresent() ? plain.get() : read(mounts, names);
  }

  /** On a thread of its own, which nobody has to wait for who is interrupted. */
  private static <T> T onThread(Callable<T> reading) throws IOException, InterruptedException {
    FutureTask<T> task = new FutureTask<>(reading);
    Thread.ofPlatform().daemon().name("snapshot-files").start(task);
    try {
      return task.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  private Map<String, byte[]> readOn(Path target) throws IOException {
    Linux.unshare(Linux.CLONE_NEWNS);
    Linux.mount("none", Path.of("/"), "", Linux.MS_REC | Linux.MS_SLAVE, "");
    for (MountEntry mount : mounts) {
      mount(mount, target);
    }
    try (Arena arena = Arena.ofConfined()) {
      giveUpConnections(arena);
      return readAll(target, arena);
    }
  }

  private static void giveUpConnections(Arena arena) throws IOException {
    Linux.unshare(Linux.CLONE_FILES);
    List<Integer> connections = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(OWN_FILES)) {
      for (Path file : files) {
        if (isConnection(file)) {
          connections.add(Integer.valueOf(file.getFileName().toString()));
        }
      }
    }
    MemorySegment state = Linux.newErrnoState(arena);
    connections.forEach(fd -> Linux.close(state, fd));
  }

  private static boolean isConnection(Path file) {
    try {
      return Files.readSymbolicLink(file).equals(FUSE);
    } catch (IOException e) {
      return false; // The one by which the directory was read.
    }
  }

  // --- mounting ----------------------------------------------------------------------------------

  private static void mount(MountEntry mount, Path target) throws IOException {
    switch (mount.type()) {
      case "overlay" -> mountOverlay(mount, target);
      case "bind" -> {
        Linux.mount(mount.source(), target, "", Linux.MS_BIND | Linux.MS_REC, "");
        Linux.mount("", target, "", Linux.MS_BIND | Linux.MS_REMOUNT | SAFE, "");
      }
      default ->
          Linux.mount(
              mount.source(), target, mount.type(), SAFE, String.join(",", data(mount.options())));
    }
  }

  private static List<String> data(List<String> options) {
    return options.stream()
        .filter(option -> !List.of("ro", "rw", "nosuid", "nodev", "noexec").contains(option))
        .toList();
  }

  /** Without an upper directory: what would be it is one more below, and nothing is written. */
  private static void mountOverlay(MountEntry mount, Path target) throws IOException {
    List<String> lowers = new ArrayList<>();
    List<String> others = new ArrayList<>();
    for (String option : data(mount.options())) {
      if (option.startsWith("upperdir=")) {
        lowers.addFirst(option.substring("upperdir=".length()));
      } else if (option.startsWith("lowerdir=")) {
        lowers.addAll(List.of(option.substring("lowerdir=".length()).split(":", -1)));
      } else if (!option.startsWith("workdir=")) {
        others.add(option);
      }
    }
    if (lowers.size() == 1) {
      // Overlayfs wants two directories where it has no upper one.
      mount(new MountEntry("bind", lowers.getFirst(), List.of()), target);
      return;
    }
    String options = overlayOptions(lowers, others);
    if (options.length() > MAX_OPTION_BYTES) {
      Path common = commonParent(lowers);
      Linux.chdir(common);
      options =
          overlayOptions(
              lowers.stream().map(lower -> common.relativize(Path.of(lower)).toString()).toList(),
              others);
    }
    Linux.mount("overlay", target, "overlay", SAFE, options);
  }

  private static String overlayOptions(List<String> lowers, List<String> others) {
    List<String> options = new ArrayList<>(others);
    options.add("lowerdir=" + String.join(":", lowers));
    return String.join(",", options);
  }

  private static Path commonParent(List<String> directories) {
    Path common = Path.of(directories.getFirst());
    for (String directory : directories) {
      while (common.getParent() != null && !Path.of(directory).startsWith(common)) {
        common = common.getParent();
      }
    }
    return common;
  }

  // --- reading -----------------------------------------------------------------------------------

  private Map<String, byte[]> readAll(Path target, Arena arena) throws IOException {
    MemorySegment state = Linux.newErrnoState(arena);
    MemorySegment root = openHow(arena, O_PATH | O_CLOEXEC, 0);
    MemorySegment file =
        openHow(arena, O_NONBLOCK | O_NOCTTY | O_CLOEXEC, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    MemorySegment rootPath = arena.allocateFrom(target.toString());
    List<MemorySegment> paths = names.stream().map(arena::allocateFrom).toList();
    MemorySegment buffer = arena.allocate(MAX_FILE_BYTES + 1L);
    long[] lengths = new long[names.size()];
    byte[][] contents = new byte[names.size()][];
    long rootFd =
        Linux.syscall(state, SYS_OPENAT2, AT_FDCWD, rootPath, root.address(), OPEN_HOW_BYTES, 0);
    for (int i = 0; i < lengths.length && rootFd >= 0; i++) {
      long fd =
          Linux.syscall(
              state, SYS_OPENAT2, rootFd, paths.get(i), file.address(), OPEN_HOW_BYTES, 0);
      lengths[i] = fd < 0 ? fd : readFully(state, (int) fd, buffer);
      if (lengths[i] >= 0) {
        contents[i] = buffer.asSlice(0, lengths[i]).toArray(ValueLayout.JAVA_BYTE);
      }
    }
    return collect(rootFd, lengths, contents);
  }

  private static long readFully(MemorySegment state, int fd, MemorySegment buffer) {
    long length = 0;
    long read;
    do {
      read = Linux.read(state, fd, buffer.asSlice(length), buffer.byteSize() - length);
      length += Math.max(read, 0);
    } while (read > 0 && length < buffer.byteSize());
    Linux.close(state, fd);
    return read < 0 ? read : length;
  }

  private Map<String, byte[]> collect(long rootFd, long[] lengths, byte[][] contents)
      throws IOException {
    if (rootFd < 0) {
      throw new IOException("can't open the mounted image: " + Linux.errorText((int) -rootFd));
    }
    Map<String, byte[]> files = new LinkedHashMap<>();
    for (int i = 0; i < lengths.length; i++) {
      String name = names.get(i);
      if (lengths[i] > MAX_FILE_BYTES) {
        throw new IOException(
            "the image's " + name + " is larger than " + MAX_FILE_BYTES + " bytes");
      }
      if (lengths[i] < 0 && lengths[i] != -ENOENT && lengths[i] != -ENOTDIR) {
        throw new IOException(
            "can't read the image's " + name + ": " + Linux.errorText((int) -lengths[i]));
      }
      Optional.ofNullable(contents[i]).ifPresent(content -> files.put(name, content));
    }
    return files;
  }

  private static MemorySegment openHow(Arena arena, long flags, long resolve) {
    MemorySegment how = arena.allocate(OPEN_HOW_BYTES, Long.BYTES);
    how.setAtIndex(ValueLayout.JAVA_LONG, 0, flags);
    how.setAtIndex(ValueLayout.JAVA_LONG, 2, resolve);
    return how;
  }
}
