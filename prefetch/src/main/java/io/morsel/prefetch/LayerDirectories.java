package io.morsel.prefetch;

import io.morsel.registry.Digest;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code <root>/layers/<algorithm>/<digest>/}: directories that appear and disappear in one step,
 * by a rename from or to a name with a leading dot.
 */
final class LayerDirectories {
  private static final Logger log = LoggerFactory.getLogger(LayerDirectories.class);
  private static final String TEMPORARY = ".tmp-";
  private static final String TRASH = ".trash-";

  private final Path layers;

  LayerDirectories(Path root) {
    this.layers = root.resolve("layers");
  }

  /** Where the layer is, or would be. */
  Path of(Digest layer) {
    // A digest consists of a known algorithm and hexadecimal digits: it can't lead elsewhere.
    return layers.resolve(layer.algorithm()).resolve(layer.hex());
  }

  /** Makes a directory to build the layer in, to be {@linkplain #publish published} later. */
  Path temporary(Digest layer) throws IOException {
    Path parent = layers.resolve(layer.algorithm());
    var ownerOnly =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    Files.createDirectories(parent, ownerOnly);
    return Files.createDirectory(parent.resolve(TEMPORARY + UUID.randomUUID()), ownerOnly);
  }

  /**
   * Lets what was built in {@code temporary} become the layer, in place of an earlier one; on
   * return it is on the disk.
   */
  void publish(Path temporary, Digest layer) throws IOException {
    syncFiles(temporary);
    PresentFile.syncDirectory(temporary);
    delete(layer);
    Path target = of(layer);
    Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    PresentFile.syncDirectory(layers.resolve(layer.algorithm()));
  }

  /** All at once, since the disk takes hardly longer for several than for one. */
  private static void syncFiles(Path directory) throws IOException {
    List<CompletableFuture<Void>> syncs = new ArrayList<>();
    for (Path file : children(directory)) {
      CompletableFuture<Void> synced = new CompletableFuture<>();
      syncs.add(synced);
      Thread.ofVirtual()
          .start(
              () -> {
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                  channel.force(true);
                  synced.complete(null);
                } catch (IOException | RuntimeException e) {
                  synced.completeExceptionally(e);
                }
              });
    }
    for (CompletableFuture<Void> sync : syncs) {
      try {
        sync.join();
      } catch (CompletionException e) {
        throw new IOException("syncing the new files in " + directory + ": " + e.getCause(), e);
      }
    }
  }

  /** Deletes a layer, if there is one. */
  void delete(Digest layer) throws IOException {
    Path directory = of(layer);
    Path trash = directory.resolveSibling(TRASH + UUID.randomUUID());
    try {
      Files.move(directory, trash, StandardCopyOption.ATOMIC_MOVE);
    } catch (NoSuchFileException e) {
      return;
    }
    deleteTree(trash);
  }

  /** The layers that are there. */
  List<Digest> list() throws IOException {
    List<Digest> digests = new ArrayList<>();
    for (String algorithm : List.of(Digest.SHA256, Digest.SHA512)) {
      for (Path directory : children(layers.resolve(algorithm))) {
        try {
          digests.add(new Digest(algorithm, directory.getFileName().toString()));
        } catch (IllegalArgumentException e) {
          // Not a layer: temporary, or somebody else's.
        }
      }
    }
    return digests;
  }

  /** Deletes what a crash left half built or half deleted. */
  void reconcile() throws IOException {
    for (String algorithm : List.of(Digest.SHA256, Digest.SHA512)) {
      for (Path directory : children(layers.resolve(algorithm))) {
        String name = directory.getFileName().toString();
        if (name.startsWith(TEMPORARY) || name.startsWith(TRASH)) {
          log.info("deleting {}, which an earlier run left", directory);
          deleteTree(directory);
        }
      }
    }
  }

  private static List<Path> children(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (var children = Files.list(directory)) {
      return children.toList();
    }
  }

  /** Deletes a directory and all in it; links are not followed. */
  static void deleteTree(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.deleteIfExists(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
