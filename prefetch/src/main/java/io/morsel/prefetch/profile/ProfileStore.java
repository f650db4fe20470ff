package io.morsel.prefetch.profile;

import io.morsel.registry.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The profiles of a node, {@code <root>/profiles/sha256-<digest of the manifest>.json}.
 *
 * <p>Files are replaced as a whole, and each is checked whenever it is read: one that is damaged
 * counts as none. Safe for use by many threads and processes; the last who writes prevails.
 */
public final class ProfileStore {
  private static final Logger log = LoggerFactory.getLogger(ProfileStore.class);
  private static final String SUFFIX = ".json";

  private final Path directory;
  private final int maxProfiles;

  /**
   * The profiles below a root; nothing is read or made yet.
   *
   * @param maxProfiles how many are kept: those that were used last
   */
  public ProfileStore(Path root, int maxProfiles) {
    this.directory = root.resolve("profiles");
    this.maxProfiles = maxProfiles;
  }

  /** Where an image's profile is, or would be. */
  public Path file(Digest image) {
    // A digest consists of a known algorithm and hexadecimal digits: it can't lead elsewhere.
    return directory.resolve(image.algorithm() + "-" + image.hex() + SUFFIX);
  }

  /**
   * An image's profile.
   *
   * @return empty where there is none, or a damaged one, which is logged
   * @throws IOException if it can't be read
   */
  public Optional<ImageProfile> read(Digest image) throws IOException {
    Path file = file(image);
    try {
      if (Files.size(file) > ProfileJson.MAX_BYTES) {
        throw new ProfileFormatException("it is too large");
      }
      ImageProfile profile = ProfileJson.parse(Files.readAllBytes(file));
      if (!profile.image().equals(image)) {
        throw new ProfileFormatException("it is of image " + profile.image());
      }
      return Optional.of(profile);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (ProfileFormatException e) {
      log.warn("{} is ignored: {}", file, e.getMessage());
      return Optional.empty();
    }
  }

  /** Notes that an image's profile is used, so that others go before it. */
  public void used(Digest image) {
    try {
      Files.setLastModifiedTime(file(image), FileTime.from(Instant.now()));
    } catch (IOException e) {
      log.debug("can't note the use of {}: {}", file(image), e.toString());
    }
  }

  /** Keeps a profile in place of the image's last one; the least recently used may have to go. */
  public void write(ImageProfile profile) throws IOException {
    var ownerOnly =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    Files.createDirectories(directory, ownerOnly);
    Path temporary = directory.resolve("." + UUID.randomUUID() + ".tmp");
    try {
      Files.write(temporary, ProfileJson.write(profile));
      Files.move(
          temporary,
          file(profile.image()),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
    trim();
  }

  private record Kept(Path file, FileTime used) {}

  private void trim() throws IOException {
    List<Path> files;
    try (var children = Files.list(directory)) {
      files = children.filter(f -> f.getFileName().toString().endsWith(SUFFIX)).toList();
    }
    if (files.size() <= maxProfiles) {
      return;
    }
    List<Kept> oldestFirst =
        files.stream()
            .map(file -> new Kept(file, lastUse(file)))
            .sorted(Comparator.comparing(Kept::used))
            .toList();
    for (Kept kept : oldestFirst.subList(0, files.size() - maxProfiles)) {
      Files.deleteIfExists(kept.file());
    }
  }

  private static FileTime lastUse(Path file) {
    try {
      return Files.getLastModifiedTime(file);
    } catch (IOException e) {
      return FileTime.fromMillis(0);
    }
  }
}
