package io.morsel.bench.image;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What images are made from, as keys: who has the same key needs no new build. Immutable. */
final class Recipes {
  /** Changes with what this code makes out of the same inputs; raise it with every such change. */
  private static final int VERSION = 1;

  private static final long MB = 1_000_000;

  private final Path busybox;
  private final Converter converter;
  private final String busyboxDigest;

  Recipes(Path busybox, Converter converter) {
    this.busybox = busybox;
    this.converter = converter;
    try {
      this.busyboxDigest = OciLayout.sha256(Files.readAllBytes(busybox));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path busybox() {
    return busybox;
  }

  Converter converter() {
    return converter;
  }

  /** The key of an ordinary image. */
  String plain(BenchImage image, Size size) {
    return key(
        VERSION
            + name(image, size)
            + (image.isDebian() ? DebianImages.recipe(image) : busyboxDigest));
  }

  /** The key of what these are converted to. */
  String esgz(List<StoredImage> plain) {
    return key(VERSION + plain.toString() + converter.key());
  }

  private static String key(String inputs) {
    return OciLayout.sha256(inputs.getBytes(StandardCharsets.UTF_8));
  }

  /** The tag of an image of this size. */
  static String tag(BenchImage image, Size size, boolean lazy) {
    return (lazy ? "esgz" : "plain")
        + (image.isDebian() || size == Size.FULL ? "" : "-" + size.label());
  }

  /** A file name for what belongs to an image of this size. */
  static String name(BenchImage image, Size size) {
    String repository = image.repository();
    return repository.substring(repository.indexOf('/') + 1)
        + (image.isDebian() ? "" : "-" + size.label());
  }

  /** What building takes of disk space at most, with what stays. */
  static long neededBytes(BenchImage image, Size size) {
    return MB
        * switch (image) {
          case PYTHON, NODE, JAVA -> 1_500;
          case SYNTHETIC -> size.pick(1_000, 150, 10);
          case STEADY -> size.pick(4_500, 600, 50);
          case ENTRIES -> size.pick(2_500, 300, 20);
          case LAYERS -> size.pick(200, 100, 20);
          case TINY -> 10;
        };
  }

  /** Where the compressed size is no figure of the bench, converting must not take long. */
  static int convertLevel(BenchImage image) {
    return image == BenchImage.STEADY || image == BenchImage.ENTRIES ? 1 : OciLayout.DEFAULT_LEVEL;
  }
}
