package io.morsel.runtime.content;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes that have not become blobs yet: {@code <root>/ingest/<SHA-256 of the reference>}, each a
 * directory with {@code data}, {@code ref}, {@code startedat}, {@code updatedat} and, where the
 * size is known, {@code total}, as containerd has them. Whoever calls has the reference locked.
 */
final class IngestDirectory {
  private static final Logger log = LoggerFactory.getLogger(IngestDirectory.class);

  private final Path ingests;
  private final Clock clock;

  IngestDirectory(Path root, Clock clock) throws IOException {
    this.ingests = root.resolve("ingest");
    this.clock = clock;
    Files.createDirectories(ingests);
  }

  private Path directory(String ref) {
    byte[] name = Sha256.create().digest(ref.getBytes(StandardCharsets.UTF_8));
    return ingests.resolve(HexFormat.of().formatHex(name));
  }

  /**
   * Opens a write, where another one has left it, or anew.
   *
   * @param total how many bytes are expected; 0 where that is unknown
   */
  IngestWriter open(String ref, long total) throws IOException {
    Path directory = directory(ref);
    MessageDigest digest = Sha256.create();
    Optional<IngestStatus> left = status(ref);
    if (left.isPresent()
        && left.get().ref().equals(ref)
        && (total <= 0 || left.get().totalBytes() <= 0 || total == left.get().totalBytes())) {
      Sha256.update(digest, directory.resolve("data"));
      return new IngestWriter(directory, left.get(), digest, clock);
    }
    delete(directory);
    Files.createDirectory(directory);
    Instant now = clock.instant();
    Files.writeString(directory.resolve("ref"), ref);
    writeTime(directory.resolve("startedat"), now);
    writeTime(directory.resolve("updatedat"), now);
    if (total > 0) {
      Files.writeString(directory.resolve("total"), Long.toString(total));
    }
    return new IngestWriter(
        directory, new IngestStatus(ref, 0, Math.max(0, total), now, now), digest, clock);
  }

  /** How far a write has come; empty where there is none. */
  Optional<IngestStatus> status(String ref) throws IOException {
    Path directory = directory(ref);
    try {
      Path data = directory.resolve("data");
      long size = Files.size(data);
      Instant updated = readTime(directory.resolve("updatedat"));
      Instant written = Files.getLastModifiedTime(data).toInstant();
      return Optional.of(
          new IngestStatus(
              Files.readString(directory.resolve("ref")),
              size,
              total(directory),
              readTime(directory.resolve("startedat")),
              written.isAfter(updated) ? written : updated));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  private static long total(Path directory) throws IOException {
    try {
      return Long.parseLong(Files.readString(directory.resolve("total")));
    } catch (NoSuchFileException | NumberFormatException e) {
      return 0;
    }
  }

  /** Gives a write up, if there is one. */
  void abort(String ref) throws IOException {
    delete(directory(ref));
  }

  /** Gives up all writes but those of these references. */
  void abortAllBut(Set<String> refs) throws IOException {
    try (DirectoryStream<Path> directories = Files.newDirectoryStream(ingests)) {
      for (Path directory : directories) {
        String ref;
        try {
          ref = Files.readString(directory.resolve("ref"));
        } catch (NoSuchFileException e) {
          // The process was killed before it wrote the reference.
          ref = "";
        }
        if (!refs.contains(ref)) {
          delete(directory);
          log.debug("ingest {} is given up", ref);
        }
      }
    }
  }

  static void delete(Path directory) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException e) {
      return;
    }
    Files.deleteIfExists(directory);
  }

  private static Instant readTime(Path file) throws IOException {
    try {
      return Instant.parse(Files.readString(file));
    } catch (DateTimeParseException e) {
      return Instant.EPOCH;
    }
  }

  static void writeTime(Path file, Instant time) throws IOException {
    Path written = file.resolveSibling(file.getFileName() + ".tmp");
    Files.writeString(written, time.toString());
    Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Opens a write's data for appending. */
  static FileChannel openData(Path directory) throws IOException {
    return FileChannel.open(
        directory.resolve("data"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }
}
