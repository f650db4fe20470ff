package io.morsel.runtime.oci;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a specification has to know of the machine.
 *
 * @param architecture as Go names it: {@code amd64}
 * @param hostname the machine's name
 * @param capabilities what this process has, and so can give away
 * @param devices the device files below {@code /dev}, by path
 */
public record Host(
    String architecture, String hostname, List<String> capabilities, List<Device> devices) {
  private static final Path DEV = Path.of("/dev");

  /** What each container has of its own. */
  private static final Set<String> OWN =
      Set.of("pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev", "console");

  private static final int FORMAT_MASK = 0170000;
  private static final int CHARACTER_DEVICE = 0020000;
  private static final int BLOCK_DEVICE = 0060000;
  private static final int MAX_DEPTH = 8;

  /** Copies the lists. */
  public Host {
    capabilities = List.copyOf(capabilities);
    devices = List.copyOf(devices);
  }

  /**
   * A device file.
   *
   * @param type {@code c} or {@code b}
   * @param mode its permissions
   */
  public record Device(
      String path, String type, long major, long minor, int mode, long uid, long gid) {}

  /**
   * This machine.
   *
   * @param withDevices whether to look for its devices, too
   * @throws IOException if {@code /proc} or {@code /dev} can't be read
   */
  public static Host read(String architecture, boolean withDevices) throws IOException {
    List<Device> devices = new ArrayList<>();
    if (withDevices) {
      collect(DEV, MAX_DEPTH, devices);
      devices.sort(java.util.Comparator.comparing(Device::path));
    }
    return new Host(
        architecture,
        Files.readString(Path.of("/proc/sys/kernel/hostname")).strip(),
        capabilities(Files.readString(Path.of("/proc/self/status"), StandardCharsets.UTF_8)),
        devices);
  }

  static List<String> capabilities(String status) {
    return status
        .lines()
        .filter(line -> line.startsWith("CapEff:"))
        .findFirst()
        .map(
            line ->
                Capabilities.ofMask(
                    Long.parseUnsignedLong(line.substring("CapEff:".length()).strip(), 16)))
        .orElse(List.of());
  }

  private static void collect(Path directory, int depth, List<Device> devices) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        if (OWN.contains(entry.getFileName().toString())) {
          continue;
        }
        Map<String, Object> attributes =
            Files.readAttributes(
                entry, "unix:mode,rdev,uid,gid,isDirectory", LinkOption.NOFOLLOW_LINKS);
        int mode = ((Number) attributes.getOrDefault("mode", 0)).intValue();
        if (attributes.get("isDirectory") instanceof Boolean isDirectory && isDirectory) {
          if (depth > 0) {
            collect(entry, depth - 1, devices);
          }
          continue;
        }
        int format = mode & FORMAT_MASK;
        if (format == CHARACTER_DEVICE || format == BLOCK_DEVICE) {
          long number = ((Number) attributes.getOrDefault("rdev", 0L)).longValue();
          devices.add(
              new Device(
                  entry.toString(),
                  format == BLOCK_DEVICE ? "b" : "c",
                  major(number),
                  minor(number),
                  mode & 0777,
                  ((Number) attributes.getOrDefault("uid", 0)).longValue(),
                  ((Number) attributes.getOrDefault("gid", 0)).longValue()));
        }
      }
    }
  }

  /** See makedev(3). */
  private static long major(long number) {
    return (number >>> 8 & 0xfff) | (number >>> 32 & 0xfffff000L);
  }

  private static long minor(long number) {
    return (number & 0xff) | (number >>> 12 & 0xffffff00L);
  }
}
