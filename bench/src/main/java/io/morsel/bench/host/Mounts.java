package io.morsel.bench.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The mounts of this machine that lie below a directory. */
public final class Mounts {
  private static final String EROFS = " - erofs ";

  private Mounts() {}

  /** Mount points of Morsel's layers below a directory. */
  public static List<Path> lazyBelow(Path directory) {
    return Stream.of(" - fuse.morsel ", EROFS)
        .flatMap(type -> mountPoints(directory, type))
        .map(Path::of)
        .toList();
  }

  /** Mount points below a directory of layers that the kernel reads as EROFS. */
  public static List<Path> erofsBelow(Path directory) {
    return mountPoints(directory, EROFS).map(Path::of).distinct().toList();
  }

  /** The filesystem types of what is mounted at these mount points. */
  public static List<String> typesAt(List<Path> points) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/mountinfo"))) {
      return lines
          .filter(line -> points.contains(Path.of(line.split(" ", -1)[4])))
          .map(line -> line.substring(line.indexOf(" - ") + 3).split(" ", -1)[0])
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Detaches whatever is mounted below a directory, deepest first. */
  public static void detachBelow(Path directory) {
    mountPoints(directory, " - ")
        .sorted(Comparator.reverseOrder())
        .forEach(path -> Command.of("umount", "-l", path).run());
  }

  private static Stream<String> mountPoints(Path directory, String having) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/mountinfo"))) {
      return lines
          .filter(line -> line.contains(having))
          .map(line -> line.split(" ", -1)[4])
          .filter(path -> path.startsWith(directory + "/"))
          .toList()
          .stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
