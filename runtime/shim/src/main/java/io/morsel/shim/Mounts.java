package io.morsel.shim;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What is mounted in a directory, as proc_pid_mountinfo(5) tells. */
final class Mounts {
  private static final Path MOUNTINFO = Path.of("/proc/self/mountinfo");
  private static final int MOUNT_POINT_FIELD = 4;

  private Mounts() {}

  /** Unmounts everything at and below {@code directory}, the newest first. */
  static void unmountBelow(Path directory) throws IOException {
    for (Path mount :
        at(directory, Files.readString(MOUNTINFO, StandardCharsets.UTF_8)).reversed()) {
      Libc.unmount(mount);
    }
  }

  /** The mount points at and below {@code directory}, in the order in which they were mounted. */
  static List<Path> at(Path directory, String mountinfo) {
    List<Path> mounts = new ArrayList<>();
    mountinfo
        .lines()
        .forEach(
            line -> {
              String[] fields = line.split(" ", MOUNT_POINT_FIELD + 2);
              if (fields.length > MOUNT_POINT_FIELD) {
                Path mount = Path.of(unescape(fields[MOUNT_POINT_FIELD]));
                if (mount.startsWith(directory)) {
                  mounts.add(mount);
                }
              }
            });
    return mounts;
  }

  /** Where hierarchies of cgroups are mounted, of either version. */
  static List<Path> ofCgroups(String mountinfo) {
    List<Path> hierarchies = new ArrayList<>();
    mountinfo
        .lines()
        .forEach(
            line -> {
              String[] fields = line.split(" ", MOUNT_POINT_FIELD + 2);
              int type = line.indexOf(" - ");
              if (fields.length > MOUNT_POINT_FIELD
                  && (line.startsWith("cgroup ", type + 3)
                      || line.startsWith("cgroup2 ", type + 3))) {
                hierarchies.add(Path.of(unescape(fields[MOUNT_POINT_FIELD])));
              }
            });
    return hierarchies;
  }

  /** Octal escapes stand for blanks, tabs, newlines and backslashes. */
  private static String unescape(String text) {
    StringBuilder plain = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\' && i + 3 < text.length()) {
        plain.append((char) Integer.parseInt(text, i + 1, i + 4, 8));
        i += 3;
      } else {
        plain.append(c);
      }
    }
    return plain.toString();
  }
}
