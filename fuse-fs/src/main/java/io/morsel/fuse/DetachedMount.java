package io.morsel.fuse;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.StringJoiner;

/**
 * A filesystem that is mounted in no tree: see fsopen(2), fsconfig(2), fsmount(2) and
 * move_mount(2), whose numbers are the same on all architectures.
 *
 * <p>It can be read through its descriptor, be placed into the tree, or be given up by {@link
 * #close}; whoever has a file of it open keeps it.
 */
final class DetachedMount implements AutoCloseable {
  private static final long MOVE_MOUNT = 429;
  private static final long FSOPEN = 430;
  private static final long FSCONFIG = 431;
  private static final long FSMOUNT = 432;

  private static final long CLOEXEC = 1;
  private static final long SET_FLAG = 0;
  private static final long SET_STRING = 1;
  private static final long CREATE = 6;
  private static final long MOUNT_ATTR_RDONLY = 1;
  private static final long AT_FDCWD = -100;
  private static final long MOVE_EMPTY_SOURCE_PATH = 4;
  private static final long MOVE_BENEATH = 0x200;

  /** The kernel keeps so many messages of one context. */
  private static final int MESSAGES = 8;

  private static final int MESSAGE_BYTES = 1024;

  private final int fd;

  private DetachedMount(int fd) {
    this.fd = fd;
  }

  /**
   * An option of a filesystem.
   *
   * @param value empty for a flag
   */
  record Option(String key, String value) {
    Option(String key) {
      this(key, "");
    }
  }

  /**
   * Makes a read-only filesystem, which reads its options' files right away.
   *
   * @throws IOException if the kernel refuses; with what it says of the reason
   */
  static DetachedMount create(String type, List<Option> options) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      String call = "mount of type " + type;
      int context = Linux.syscall(call, FSOPEN, address(arena, type), CLOEXEC, 0, 0, 0);
      try {
        configure(arena, call, context, SET_FLAG, new Option("ro"));
        for (Option option : options) {
          configure(arena, call, context, option.value().isEmpty() ? SET_FLAG : SET_STRING, option);
        }
        Linux.syscall(call, FSCONFIG, context, CREATE, 0, 0, 0);
        return new DetachedMount(
            Linux.syscall(call, FSMOUNT, context, CLOEXEC, MOUNT_ATTR_RDONLY, 0, 0));
      } catch (IOException e) {
        throw new IOException(e.getMessage() + messages(arena, context), e);
      } finally {
        Linux.close(context);
      }
    }
  }

  private static void configure(Arena arena, String call, int context, long command, Option option)
      throws IOException {
    long value = command == SET_FLAG ? 0 : address(arena, option.value());
    Linux.syscall(
        call + ", option " + option.key(),
        FSCONFIG,
        context,
        command,
        address(arena, option.key()),
        value,
        0);
  }

  private static long address(Arena arena, String text) {
    return arena.allocateFrom(text).address();
  }

  /** What the kernel has to say of a context, in brackets; mostly nothing. */
  private static String messages(Arena arena, int context) {
    MemorySegment state = Linux.newErrnoState(arena);
    MemorySegment text = arena.allocate(MESSAGE_BYTES);
    StringJoiner joined = new StringJoiner("; ", " (", ")").setEmptyValue("");
    for (int i = 0; i < MESSAGES; i++) {
      long n = Linux.read(state, context, text, MESSAGE_BYTES);
      if (n <= 0) {
        break;
      }
      byte[] message = text.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE);
      joined.add(new String(message, StandardCharsets.UTF_8).strip());
    }
    return joined.toString();
  }

  /** The path of a file of it; valid in this process, until {@link #close}. */
  String pathOf(String name) {
    return "/proc/self/fd/" + fd + "/" + name;
  }

  /** Places it on top of what is at {@code target}. */
  void attach(Path target) throws IOException {
    move(target, MOVE_EMPTY_SOURCE_PATH);
  }

  /**
   * Places it beneath the topmost mount at {@code target}: it is seen once that one is detached.
   * Needs Linux 6.5.
   */
  void attachBeneath(Path target) throws IOException {
    move(target, MOVE_EMPTY_SOURCE_PATH | MOVE_BENEATH);
  }

  private void move(Path target, long flags) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Linux.syscall(
          "mount " + target,
          MOVE_MOUNT,
          fd,
          address(arena, ""),
          AT_FDCWD,
          address(arena, target.toString()),
          flags);
    }
  }

  /** Closes the descriptor; where it was not placed into the tree, the mount goes with it. */
  @Override
  public void close() {
    Linux.close(fd);
  }
}
