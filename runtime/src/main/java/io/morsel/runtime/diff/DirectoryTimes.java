package io.morsel.runtime.diff;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** When directories changed last, to be set when nothing more is made in them. */
final class DirectoryTimes {
  private record Time(long seconds, int nanos) {}

  private final Map<String, Time> times = new LinkedHashMap<>();

  /** Notes a directory's modification time; the last one counts. */
  void put(String path, long seconds, int nanos) {
    times.put(path, new Time(seconds, nanos));
  }

  /** Sets them all. */
  void apply(Calls calls, RootDirectory root) throws IOException {
    for (Map.Entry<String, Time> entry : times.entrySet()) {
      String path = entry.getKey();
      int fd =
          calls.openInRoot(root.fd(), path, Libc.O_PATH | Libc.O_DIRECTORY | Libc.O_NOFOLLOW, 0);
      if (fd == -Errno.ENOENT || fd == -Errno.ENOTDIR || fd == -Errno.ELOOP) {
        continue; // The layer itself has put something else there since.
      }
      Calls.check(fd, "open directory", path);
      try {
        Time time = entry.getValue();
        Calls.check(
            calls.changeTimes(fd, ".", time.seconds(), time.nanos()), "change times of", path);
      } finally {
        calls.closeDescriptor(fd);
      }
    }
  }
}
