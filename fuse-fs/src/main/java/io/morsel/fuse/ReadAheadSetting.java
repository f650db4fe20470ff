package io.morsel.fuse;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the kernel read ahead in EROFS filesystems as far as FUSE does, so that one miss asks for
 * what is fetched at a time. Over the disk its default does better.
 *
 * <p>The setting is the backing device's, {@code /sys/class/bdi/erofs-<n>}, and nothing tells which
 * number a filesystem got: it is the one that is there after it is made and was not before.
 */
final class ReadAheadSetting {
  private static final Logger log = LoggerFactory.getLogger(ReadAheadSetting.class);
  private static final Path DEVICES = Path.of("/sys/class/bdi");
  private static final int READ_AHEAD_KIB = ReplyBuffer.MAX_BODY_BYTES / 1024;

  private ReadAheadSetting() {}

  /** Makes an EROFS filesystem. */
  @FunctionalInterface
  interface Maker {
    DetachedMount make() throws IOException;
  }

  /** Makes a filesystem; one at a time, so that its device can be told from others. */
  static synchronized DetachedMount create(Maker maker) throws IOException {
    Set<Path> before = devices();
    DetachedMount mount = maker.make();
    raise(before);
    return mount;
  }

  private static void raise(Set<Path> before) {
    try {
      Set<Path> made = devices();
      made.removeAll(before);
      if (made.size() != 1) {
        log.debug("read-ahead stays at the kernel's default: {} new devices", made.size());
        return;
      }
      Files.writeString(
          made.iterator().next().resolve("read_ahead_kb"), Integer.toString(READ_AHEAD_KIB));
    } catch (IOException e) {
      log.debug("read-ahead stays at the kernel's default: {}", e.toString());
    }
  }

  private static Set<Path> devices() throws IOException {
    Set<Path> devices = new HashSet<>();
    if (Files.isDirectory(DEVICES)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(DEVICES, "erofs-*")) {
        entries.forEach(devices::add);
      }
    }
    return devices;
  }
}
