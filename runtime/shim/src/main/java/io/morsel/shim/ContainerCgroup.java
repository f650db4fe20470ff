package io.morsel.shim;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The cgroup of a container, as its OCI specification names it.
 *
 * <p>An OCI runtime that is killed while it creates a container leaves the container's cgroup, and
 * its own {@code delete} does not know of a container whose creation it had not yet written down.
 *
 * @param directories the cgroup in each hierarchy; empty where the specification leaves its place
 *     to the runtime, or to systemd, which removes empty scopes itself
 */
record ContainerCgroup(List<Path> directories) {
  private static final Logger log = LoggerFactory.getLogger(ContainerCgroup.class);

  /** For how long the last process of a container that was never whole may take to end. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private static final Duration POLL = Duration.ofMillis(10);

  ContainerCgroup {
    directories = List.copyOf(directories);
  }

  /** The cgroup of a bundle's container. */
  static ContainerCgroup of(Bundle bundle) throws ShimException {
    byte[] spec = bundle.spec();
    try {
      String path =
          JsonMapper.shared().readTree(spec).path("linux").path("cgroupsPath").asString("");
      return new ContainerCgroup(
          below(
              path,
              Mounts.ofCgroups(
                  Files.readString(Path.of("/proc/self/mountinfo"), StandardCharsets.UTF_8))));
    } catch (JacksonException | IOException e) {
      throw new ShimException(
          "the cgroup of container " + bundle.id() + " is not known: " + e.getMessage(), e);
    }
  }

  /** A path in each hierarchy, where it leads to something below the hierarchy's root. */
  static List<Path> below(String cgroupsPath, List<Path> hierarchies) {
    List<Path> directories = new ArrayList<>();
    if (cgroupsPath.startsWith("/")) {
      for (Path hierarchy : hierarchies) {
        Path directory = hierarchy.resolve(cgroupsPath.replaceFirst("^/+", "")).normalize();
        if (directory.startsWith(hierarchy) && !directory.equals(hierarchy)) {
          directories.add(directory);
        }
      }
    }
    return directories;
  }

  /** Removes the cgroup where nothing is in it, or will be in a moment; else leaves it alone. */
  void removeEmpty() throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    for (Path directory : directories) {
      while (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
        try {
          Files.deleteIfExists(directory);
        } catch (IOException e) {
          if (System.nanoTime() > deadline) {
            log.warn("cgroup {} is left, since it is in use: {}", directory, e.getMessage());
            break;
          }
          Thread.sleep(POLL);
        }
      }
    }
  }
}
