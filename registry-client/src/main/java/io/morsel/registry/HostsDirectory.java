package io.morsel.registry;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which hosts answer for which registry, by a directory as containerd has it in {@code
 * /etc/containerd/certs.d}. Changes of its files count within seconds; one that can't be used
 * leaves what was there before. Safe for use by many threads.
 */
final class HostsDirectory {
  private static final Logger log = LoggerFactory.getLogger(HostsDirectory.class);
  private static final int MAX_FILE_BYTES = 1 << 20;
  private static final int MAX_REGISTRIES = 10_000;
  private static final Duration FRESH = Duration.ofSeconds(5);
  private static final HostsFile.Content NOTHING =
      new HostsFile.Content(List.of(RegistryHost.ITSELF), List.of());

  private record Known(HostsFile.Content content, String complaint, long readNanos) {
    boolean isFresh(Duration fresh) {
      return System.nanoTime() - readNanos < fresh.toNanos();
    }
  }

  private final Path directory;
  private final Duration fresh;
  private final ConcurrentMap<String, Known> known = new ConcurrentHashMap<>();

  HostsDirectory(Path directory) {
    this(directory, FRESH);
  }

  /**
   * Hosts by this directory, which need not exist.
   *
   * @param fresh for how long a file is not read again
   */
  HostsDirectory(Path directory, Duration fresh) {
    this.directory = directory;
    this.fresh = fresh;
  }

  /**
   * The hosts for a registry, in the order in which they are to be asked. As long as nothing has
   * changed, the very same list.
   *
   * @param registry its name as in references
   * @throws RegistryException if what the directory says of it can't be used, and never could
   */
  List<RegistryHost> hosts(String registry) throws RegistryException {
    Known before = known.get(registry);
    if (before != null && before.isFresh(fresh)) {
      return before.content().hosts();
    }
    Known now;
    try {
      HostsFile.Content content = read(registry);
      if (before == null || !before.content().equals(content)) {
        content.warnings().forEach(log::warn);
      } else {
        content = before.content();
      }
      now = new Known(content, "", System.nanoTime());
    } catch (RegistryException e) {
      if (before == null) {
        throw e;
      }
      String complaint = String.valueOf(e.getMessage());
      if (!complaint.equals(before.complaint())) {
        log.warn("{}; what it said before stays in force", complaint);
      }
      now = new Known(before.content(), complaint, System.nanoTime());
    }
    if (known.size() >= MAX_REGISTRIES) {
      known.clear();
    }
    known.put(registry, now);
    return now.content().hosts();
  }

  private HostsFile.Content read(String registry) throws RegistryException {
    for (String name : names(registry)) {
      Path place = directory.resolve(name);
      if (Files.exists(place)) {
        return readPlace(place);
      }
    }
    return NOTHING;
  }

  /** The names of a registry's directory, the first one that exists counts. */
  static List<String> names(String registry) {
    List<String> names = new ArrayList<>();
    int colon = registry.lastIndexOf(':');
    if (colon > registry.lastIndexOf(']')) {
      names.add(registry.substring(0, colon) + "_" + registry.substring(colon + 1) + "_");
    }
    names.add(registry);
    names.add("_default");
    return names;
  }

  private static HostsFile.Content readPlace(Path place) throws RegistryException {
    Path file = place.resolve("hosts.toml");
    byte[] content;
    try (InputStream in = Files.newInputStream(file)) {
      content = in.readNBytes(MAX_FILE_BYTES + 1);
    } catch (NoSuchFileException e) {
      content = new byte[0];
    } catch (IOException e) {
      throw HostsFile.unreadable(file, "can't be read", e);
    }
    if (content.length > MAX_FILE_BYTES) {
      throw HostsFile.malformed(file, "larger than 1 MiB");
    }
    if (content.length > 0) {
      return HostsFile.parse(file, new String(content, StandardCharsets.UTF_8));
    }
    HostConnection connection = new HostCertificates(file).byName(place);
    RegistryHost itself =
        new RegistryHost(null, RegistryHost.ITSELF.capabilities(), connection, RequestHeaders.NONE);
    return new HostsFile.Content(List.of(itself), List.of());
  }
}
