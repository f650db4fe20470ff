package io.morsel.bench.image;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.DockerRegistry;
import io.morsel.bench.host.HostException;
import io.morsel.cli.terminal.Progress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Builds what is missing of the bench's images and keeps it between runs: {@code storage/} is a
 * registry's, {@code complete/} says what in it is whole, {@code base/} has the layer that images
 * share, and {@code work-*} is there only while images are built. One process at a time builds.
 */
public final class ImageCache {
  /** The Debian packages with the programs that building images takes. */
  public static final List<String> DEBIAN_PACKAGES = Requirements.packages();

  private static final String WORK_PREFIX = "work-";

  private final Path directory;
  private final Path checkout;

  /**
   * A cache of images.
   *
   * @param directory where it is or will be
   * @param checkout of Morsel, built, whose {@code ./morsel convert} converts
   */
  public ImageCache(Path directory, Path checkout) {
    this.directory = directory.toAbsolutePath().normalize();
    this.checkout = checkout.toAbsolutePath().normalize();
  }

  /**
   * Builds those of the images that are missing or that an older recipe or converter made. Takes
   * minutes if there are any; what was finished stays when it fails or its thread is interrupted.
   *
   * @throws HostException if programs or disk space are missing, another process builds here, a
   *     step fails, or the calling thread is interrupted
   */
  public ImageLibrary prepare(Set<BenchImage> images, Size size, Progress progress) {
    Path busybox = Requirements.check();
    Converter converter = new Converter(checkout);
    try {
      Files.createDirectories(directory);
      // Closing the file also lets go of the lock.
      try (FileChannel channel =
          FileChannel.open(
              directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        lock(channel);
        removeWork();
        return prepareAlone(images, size, new Recipes(busybox, converter), progress);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void lock(FileChannel channel) throws IOException {
    @Nullable FileLock lock = null;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // The same as by another process.
    }
    if (lock == null) {
      throw new HostException(
          "another bench prepares its images in " + directory + ": wait until it is done");
    }
  }

  private ImageLibrary prepareAlone(
      Set<BenchImage> images, Size size, Recipes recipes, Progress progress) throws IOException {
    Path storage = directory.resolve("storage");
    Markers markers = new Markers(directory.resolve("complete"), storage);
    Map<BenchImage, List<StoredImage>> plain = new EnumMap<>(BenchImage.class);
    Map<BenchImage, List<StoredImage>> esgz = new EnumMap<>(BenchImage.class);
    for (BenchImage image : images) {
      String name = Recipes.name(image, size);
      markers
          .find(name + ".plain", recipes.plain(image, size))
          .ifPresent(
              found -> {
                plain.put(image, found);
                markers
                    .find(name + ".esgz", recipes.esgz(found))
                    .ifPresent(converted -> esgz.put(image, converted));
              });
    }
    List<BenchImage> missing =
        images.stream()
            .filter(image -> !esgz.containsKey(image))
            .sorted(Comparator.comparingLong(image -> -Recipes.neededBytes(image, size)))
            .toList();
    if (missing.isEmpty()) {
      return new ImageLibrary(storage, plain, esgz);
    }
    Requirements.room(
        directory, missing.stream().mapToLong(image -> Recipes.neededBytes(image, size)).sum());
    Path work = Files.createTempDirectory(directory, WORK_PREFIX);
    try {
      boolean leftGarbage;
      try (DockerRegistry registry = DockerRegistry.start(storage, work)) {
        ImageBuild build =
            new ImageBuild(size, recipes, markers, registry, directory, work, progress);
        build.all(missing, plain, esgz);
        leftGarbage = build.leftGarbage();
      }
      if (leftGarbage) {
        DockerRegistry.collectGarbage(storage, work);
      }
    } finally {
      removeWork();
    }
    return new ImageLibrary(storage, plain, esgz);
  }

  /** Also on an interrupted thread, and also what a killed run left. */
  private void removeWork() throws IOException {
    boolean interrupted = Thread.interrupted();
    try (Stream<Path> files = Files.list(directory)) {
      List<Path> left =
          files.filter(path -> path.getFileName().toString().startsWith(WORK_PREFIX)).toList();
      if (!left.isEmpty()) {
        // By rm, since Java's paths can't name every file that a layer may have.
        Command.of("rm", "-rf", "--one-file-system", left).succeed();
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
