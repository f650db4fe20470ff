package io.morsel.bench.image;

import io.morsel.bench.host.HostException;
import io.morsel.cli.terminal.Quantity;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What must be there before images can be built. */
final class Requirements {
  /** The programs that are run, and the Debian packages that have them. */
  private static final Map<String, String> PROGRAMS =
      new TreeMap<>(
          Map.of(
              "busybox", "busybox-static",
              "docker-registry", "docker-registry",
              "getfattr", "attr",
              "mmdebstrap", "mmdebstrap",
              "skopeo", "skopeo",
              "tar", "tar",
              "unshare", "util-linux"));

  /** Without it, mmdebstrap can't verify what it downloads; Debian itself has it always. */
  private static final Path KEYRING = Path.of("/usr/share/keyrings/debian-archive-keyring.gpg");

  private static final String KEYRING_PACKAGE = "debian-archive-keyring";

  private Requirements() {}

  static List<String> packages() {
    Set<String> packages = new TreeSet<>(PROGRAMS.values());
    packages.add(KEYRING_PACKAGE);
    return List.copyOf(packages);
  }

  /**
   * Fails unless every program is there.
   *
   * @return the static busybox
   */
  static Path check() {
    Set<String> missing = new TreeSet<>();
    PROGRAMS.forEach(
        (program, debianPackage) -> {
          if (onPath(program).isEmpty()) {
            missing.add(debianPackage);
          }
        });
    if (!Files.exists(KEYRING)) {
      missing.add(KEYRING_PACKAGE);
    }
    List<Path> busybox = onPath("busybox").stream().filter(Requirements::isStatic).toList();
    if (busybox.isEmpty()) {
      missing.add("busybox-static");
    }
    if (!missing.isEmpty()) {
      throw new HostException(
          "images can't be built: these Debian packages are missing: %s; install them with --install, or: apt-get install %s"
              .formatted(String.join(", ", missing), String.join(" ", missing)));
    }
    return busybox.getFirst();
  }

  private static List<Path> onPath(String program) {
    // sudo and cron leave out the directories of the administrator's programs.
    String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin";
    return Stream.of(path.split(File.pathSeparator, -1))
        .filter(directory -> !directory.isEmpty())
        .map(directory -> Path.of(directory, program))
        .filter(Files::isExecutable)
        .toList();
  }

  /** Whether an ELF file asks for no interpreter, the dynamic linker. */
  private static boolean isStatic(Path program) {
    try (var channel = Files.newByteChannel(program)) {
      var head = java.nio.ByteBuffer.allocate(4096).order(java.nio.ByteOrder.LITTLE_ENDIAN);
      while (head.hasRemaining() && channel.read(head) >= 0) {}
      int length = head.position();
      if (length < 64 || head.getInt(0) != 0x464c457f) {
        return false;
      }
      long at = head.getLong(32);
      int size = head.getShort(54);
      int count = head.getShort(56);
      for (int i = 0; i < count && at + (long) (i + 1) * size <= length; i++) {
        if (head.getInt((int) at + i * size) == 3 /* PT_INTERP */) {
          return false;
        }
      }
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Fails unless there is that much room. */
  static void room(Path directory, long neededBytes) {
    try {
      long free = Files.getFileStore(directory).getUsableSpace();
      if (free < neededBytes) {
        throw new HostException(
            "%s has %s free, and building the images takes %s there, some of it only meanwhile: make room, or name another directory"
                .formatted(directory, Quantity.bytes(free), Quantity.bytes(neededBytes)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
