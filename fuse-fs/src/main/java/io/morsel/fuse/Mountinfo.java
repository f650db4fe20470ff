package io.morsel.fuse;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A mount as {@code /proc/self/mountinfo} shows it: see proc_pid_mountinfo(5).
 *
 * <p>Reading it asks no filesystem anything, so it works where a mount's server hangs or is gone.
 *
 * @param id the mount's number
 * @param device {@code major:minor}, as in {@code st_dev} and {@code /sys/class/bdi}
 * @param mountPoint where it is mounted
 * @param type the filesystem's type, such as {@code fuse.morsel} or {@code overlay}
 * @param source what is mounted, such as a device; for Morsel's mounts {@code morsel:<digest>}
 * @param options the filesystem's own options, separated by commas
 */
public record Mountinfo(
    int id, String device, Path mountPoint, String type, String source, String options) {
  private static final Path FILE = Path.of("/proc/self/mountinfo");

  /** All mounts of this process' mount namespace, in the order in which they were made. */
  public static List<Mountinfo> current() throws IOException {
    return parse(Files.readString(FILE, StandardCharsets.ISO_8859_1));
  }

  /** The mounts at or below {@code root}, an absolute path without symlinks. */
  public static List<Mountinfo> under(Path root) throws IOException {
    return current().stream().filter(mount -> mount.mountPoint.startsWith(root)).toList();
  }

  /** The topmost mount at exactly this absolute path without symlinks. */
  public static Optional<Mountinfo> at(Path mountPoint) throws IOException {
    return current().stream()
        .filter(mount -> mount.mountPoint.equals(mountPoint))
        .reduce((below, above) -> above);
  }

  /**
   * Takes a mount out of the tree, also one whose server is gone ("Transport endpoint is not
   * connected") or hangs. Users of it keep it until they close what they have open.
   *
   * @throws IOException if nothing is mounted there, or the process may not unmount it
   */
  public static void detach(Path mountPoint) throws IOException {
    Linux.unmount(mountPoint.toString(), Linux.MNT_DETACH | Linux.UMOUNT_NOFOLLOW);
  }

  /** Parses the text of mountinfo, one char a byte; lines that break the format are left out. */
  static List<Mountinfo> parse(String text) {
    List<Mountinfo> mounts = new ArrayList<>();
    text.lines().forEach(line -> parseLine(line).ifPresent(mounts::add));
    return mounts;
  }

  private static Optional<Mountinfo> parseLine(String line) {
    // id parent major:minor root mount-point options [optional fields …] - type source options
    List<String> fields = List.of(line.split(" ", -1));
    int dash = fields.subList(Math.min(6, fields.size()), fields.size()).indexOf("-") + 6;
    if (dash < 6 || fields.size() < dash + 4) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new Mountinfo(
              Integer.parseInt(fields.getFirst()),
              fields.get(2),
              Path.of(unescape(fields.get(4))),
              unescape(fields.get(dash + 1)),
              unescape(fields.get(dash + 2)),
              unescape(fields.get(dash + 3))));
    } catch (IllegalArgumentException e) { // Not a number, or not a path of this locale.
      return Optional.empty();
    }
  }

  /** Blank, tab, line feed and backslash are written as a backslash and three octal digits. */
  private static String unescape(String field) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(field.length());
    for (int i = 0; i < field.length(); i++) {
      char c = field.charAt(i);
      if (c == '\\' && i + 3 < field.length() && isOctal(field, i + 1)) {
        bytes.write(Integer.parseInt(field, i + 1, i + 4, 8));
        i += 3;
      } else {
        bytes.write(c);
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static boolean isOctal(String field, int at) {
    for (int i = at; i < at + 3; i++) {
      if (field.charAt(i) < '0' || field.charAt(i) > '7') {
        return false;
      }
    }
    return true;
  }
}
