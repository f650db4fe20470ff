package io.morsel.runtime.diff;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.morsel.containerd.api.types.Mount;
import io.morsel.stargz.tar.ByteStrings;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Mounts for as long as a call looks at them, each below a directory of its own. What an earlier
 * process left mounted, because it was killed, is unmounted first. Safe for use by many threads.
 */
final class TemporaryMounts {
  /** The kernel takes one page of options. */
  private static final int MAX_DATA_BYTES = 4095;

  private static final String LOWER = "lowerdir=";
  private static final String UPPER = "upperdir=";
  private static final String WORK = "workdir=";

  private static final Logger log = LoggerFactory.getLogger(TemporaryMounts.class);

  private final Path directory;

  private TemporaryMounts(Path directory) {
    this.directory = directory;
  }

  /** Mounts below {@code directory}, which is made where it is missing. */
  static TemporaryMounts open(Path directory) throws IOException {
    Files.createDirectories(directory);
    try (DirectoryStream<Path> left = Files.newDirectoryStream(directory)) {
      for (Path mountPoint : left) {
        log.info("{} was left by a core that was killed, and is unmounted", mountPoint);
        release(mountPoint);
      }
    }
    return new TemporaryMounts(directory);
  }

  /**
   * Mounts one over the other; without any, an empty directory.
   *
   * @throws IOException if one of them can't be mounted; nothing is mounted then
   */
  Mounted mount(List<Mount> mounts) throws IOException {
    Path mountPoint = Files.createTempDirectory(directory, "mount-");
    boolean done = false;
    try {
      for (Mount mount : mounts) {
        Path target = mountPoint.resolve(mount.getTarget().replaceFirst("^/+", "")).normalize();
        if (!target.startsWith(mountPoint)) {
          throw new IOException("can't mount on " + mount.getTarget() + ": it leads elsewhere");
        }
        mount(mount, target);
      }
      done = true;
      return new Mounted(mountPoint);
    } finally {
      if (!done) {
        release(mountPoint);
      }
    }
  }

  /**
   * The same mounts for somebody who only reads: an overlay's writable layer is one more lower
   * layer then, since it may be mounted for a container that runs.
   */
  static List<Mount> readOnly(List<Mount> mounts) {
    return mounts.stream().map(TemporaryMounts::readOnly).toList();
  }

  private static Mount readOnly(Mount mount) {
    List<String> options = new ArrayList<>();
    String upper = option(mount, UPPER);
    for (String option : mount.getOptionsList()) {
      if (option.startsWith(LOWER) && !upper.isEmpty()) {
        options.add(LOWER + upper + ":" + option.substring(LOWER.length()));
      } else if (!option.startsWith(UPPER) && !option.startsWith(WORK) && !option.equals("rw")) {
        options.add(option);
      }
    }
    options.add("ro");
    return mount.toBuilder().clearOptions().addAllOptions(options).build();
  }

  /** What stands behind the start of an option, such as {@code upperdir=}; else nothing. */
  static String option(Mount mount, String start) {
    return mount.getOptionsList().stream()
        .filter(option -> option.startsWith(start))
        .map(option -> option.substring(start.length()))
        .findFirst()
        .orElse("");
  }

  private static void mount(Mount mount, Path target) throws IOException {
    MountOptions options = MountOptions.parse(mount.getOptionsList());
    String data = String.join(",", options.data());
    if (data.getBytes(UTF_8).length <= MAX_DATA_BYTES) {
      mount(mount, target, options, data);
      return;
    }
    try (Calls calls = new Calls()) {
      List<Integer> open = new ArrayList<>();
      try {
        mount(mount, target, options, String.join(",", shorter(calls, options.data(), open)));
      } finally {
        open.forEach(calls::closeDescriptor);
      }
    }
  }

  /** The same options with lower layers named by descriptors: many long paths fit no page. */
  private static List<String> shorter(Calls calls, List<String> data, List<Integer> open)
      throws IOException {
    List<String> shorter = new ArrayList<>();
    for (String option : data) {
      if (!option.startsWith(LOWER)) {
        shorter.add(option);
        continue;
      }
      List<String> names = new ArrayList<>();
      for (String layer : option.substring(LOWER.length()).split(":", -1)) {
        int fd = calls.openDirectory(ByteStrings.ofText(layer));
        open.add(fd);
        names.add("/proc/self/fd/" + fd);
      }
      shorter.add(LOWER + String.join(":", names));
    }
    return shorter;
  }

  private static void mount(Mount mount, Path target, MountOptions options, String data)
      throws IOException {
    String what = mount.getType() + " " + mount.getSource();
    call(what, mount.getSource(), target, mount.getType(), options.flags(), data);
    if (options.propagation() != 0) {
      call(what, "", target, "", options.propagation(), "");
    }
    if (options.isReadOnlyBind()) {
      call(what, "", target, "", options.flags() | MountOptions.REMOUNT, "");
    }
  }

  private static void call(
      String what, String source, Path target, String type, long flags, String data)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Libc.STATE);
      int result =
          (int)
              Libc.MOUNT.invokeExact(
                  state,
                  arena.allocateFrom(source),
                  arena.allocateFrom(target.toString()),
                  arena.allocateFrom(type),
                  flags,
                  arena.allocateFrom(data));
      if (result < 0) {
        throw new ErrnoException("can't mount " + what + " on " + target, Libc.errno(state));
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Unmounts all that is mounted on a directory, and removes it. */
  private static void release(Path mountPoint) throws IOException {
    while (unmount(mountPoint)) {
      log.trace("unmounted {}", mountPoint);
    }
    // Never with what is below: if it is still mounted, that is somebody's.
    Files.delete(mountPoint);
  }

  /** Unmounts what is topmost; false where nothing is mounted. */
  private static boolean unmount(Path mountPoint) throws IOException {
    int errno = unmount(mountPoint, Libc.UMOUNT_NOFOLLOW);
    if (errno == Errno.EBUSY) {
      // Something below, or somebody who looks around: it goes when they do.
      log.debug("{} is busy", mountPoint);
      errno = unmount(mountPoint, Libc.UMOUNT_NOFOLLOW | Libc.MNT_DETACH);
    }
    if (errno != 0 && errno != Errno.EINVAL) {
      throw new ErrnoException("can't unmount " + mountPoint, errno);
    }
    return errno == 0;
  }

  private static int unmount(Path mountPoint, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Libc.STATE);
      int result =
          (int) Libc.UMOUNT2.invokeExact(state, arena.allocateFrom(mountPoint.toString()), flags);
      return result < 0 ? Libc.errno(state) : 0;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** A directory with something mounted on it. */
  static final class Mounted implements AutoCloseable {
    private final Path path;

    private Mounted(Path path) {
      this.path = path;
    }

    Path path() {
      return path;
    }

    /** Unmounts it. */
    @Override
    public void close() throws IOException {
      release(path);
    }
  }
}
