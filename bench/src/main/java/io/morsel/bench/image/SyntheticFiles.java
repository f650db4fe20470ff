package io.morsel.bench.image;

import io.morsel.bench.image.TarComposer.Entry;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;

/**
 * The files of the synthetic image, and which of them hold a given share of all their bytes;
 * immutable, and the same at every call.
 */
final class SyntheticFiles {
  /** The shares, in percent, that the image has lists of. */
  static final List<Integer> SHARES = List.of(1, 5, 25, 50, 100);

  /** The program that reads a share; its argument is the percentage. */
  static final String READER = "/lists/read";

  private static final long SEED = 20_260_101;
  private static final int LEAST_BYTES = 1 << 10;
  private static final int MOST_BYTES = 32 << 10;
  private static final int FILES_PER_DIRECTORY = 100;

  /** Whole files are read by few processes; of a large one, dd reads the beginning at once. */
  private static final String READER_SCRIPT =
      """
      #!/bin/sh
      # Reads the files that /lists/PERCENT names, and prints how many bytes they had.
      list=/lists/$1
      {
        xargs cat <"$list"
        while read -r bytes path; do
          dd if="$path" bs="$bytes" count=1 2>/dev/null
        done <"$list.heads"
      } | wc -c
      """;

  private final List<File> small;
  private final List<File> large;
  private final List<File> shuffled;

  /** A generated file, without its bytes. */
  record File(String path, long seed, int sizeBytes, boolean compressible) {
    byte[] content() {
      return compressible ? Content.text(seed, sizeBytes) : Content.noise(seed, sizeBytes);
    }
  }

  /** The first bytes of a large file. */
  record Head(File file, int sizeBytes) {}

  /**
   * What a reader of a share reads.
   *
   * @param whole files that are read to their end
   * @param heads files of which only the beginning is read
   * @param bytes the sum of both
   */
  record Share(List<File> whole, List<Head> heads, long bytes) {}

  private SyntheticFiles(List<File> small, List<File> large) {
    this.small = List.copyOf(small);
    this.large = List.copyOf(large);
    List<File> order = new ArrayList<>(small);
    Collections.shuffle(order, new Random(SEED));
    this.shuffled = List.copyOf(order);
  }

  /** The files of an image of this size. */
  static SyntheticFiles of(Size size) {
    return new SyntheticFiles(
        smallFiles(size.pick(10_000, 1_250, 60)),
        largeFiles(size.pick(8, 4, 2), size.pick(16 << 20, 4 << 20, 256 << 10)));
  }

  /** By sizes as they are in real images: as many between 1 and 2 KiB as between 16 and 32. */
  private static List<File> smallFiles(int count) {
    SplittableRandom random = new SplittableRandom(SEED);
    List<File> files = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      double octaves = random.nextDouble() * 5;
      int octave = (int) octaves;
      // Linear within an octave: logarithms may differ in their last bit between machines.
      int sizeBytes = (int) ((LEAST_BYTES << octave) * (1 + octaves - octave));
      String path = "/small/%03d/%02d".formatted(i / FILES_PER_DIRECTORY, i % FILES_PER_DIRECTORY);
      files.add(new File(path, random.nextLong(), Math.min(sizeBytes, MOST_BYTES), i % 2 == 1));
    }
    return files;
  }

  private static List<File> largeFiles(int count, int sizeBytes) {
    List<File> files = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      files.add(new File("/large/" + i, SEED + 1 + i, sizeBytes, i % 2 == 1));
    }
    return files;
  }

  List<File> small() {
    return small;
  }

  List<File> large() {
    return large;
  }

  /** All files' bytes. */
  long totalBytes() {
    return bytes(small) + bytes(large);
  }

  private static long bytes(List<File> files) {
    return files.stream().mapToLong(File::sizeBytes).sum();
  }

  /**
   * Exactly this share of all bytes, rounded down: small files as long as they fit into that share
   * of their sum, the rest as equal beginnings of the large ones. A smaller share is part of every
   * greater one.
   */
  Share share(int percent) {
    if (!SHARES.contains(percent)) {
      throw new IllegalArgumentException(
          "no list of " + percent + " % of the bytes; there are " + SHARES);
    }
    long wanted = totalBytes() * percent / 100;
    long ofSmall = bytes(small) * percent / 100;
    List<File> whole = new ArrayList<>();
    long left = wanted;
    for (File file : shuffled) {
      if (wanted - left + file.sizeBytes() > ofSmall) {
        break;
      }
      whole.add(file);
      left -= file.sizeBytes();
    }
    List<Head> heads = new ArrayList<>();
    for (int i = 0; i < large.size(); i++) {
      int sizeBytes = (int) (left / (large.size() - i));
      left -= sizeBytes;
      heads.add(new Head(large.get(i), sizeBytes));
    }
    return new Share(List.copyOf(whole), List.copyOf(heads), wanted);
  }

  /** Adds the small files, the lists, and the program that reads by them. */
  void composeSmall(TarComposer tar) {
    String directory = "";
    tar.add(Entry.of('5', "small/"));
    for (File file : small) {
      String parent = file.path().substring(1, file.path().lastIndexOf('/') + 1);
      if (!parent.equals(directory)) {
        directory = parent;
        tar.add(Entry.of('5', parent));
      }
      tar.add(Entry.of('0', file.path().substring(1)), file.content());
    }
    tar.add(Entry.of('5', "lists/"));
    tar.add(Entry.of('0', READER.substring(1)).mode(0755), ascii(READER_SCRIPT));
    for (int percent : SHARES) {
      Share share = share(percent);
      StringBuilder whole = new StringBuilder();
      share.whole().forEach(file -> whole.append(file.path()).append('\n'));
      StringBuilder heads = new StringBuilder();
      for (Head head : share.heads()) {
        heads.append(head.sizeBytes()).append(' ').append(head.file().path()).append('\n');
      }
      tar.add(Entry.of('0', "lists/" + percent), ascii(whole.toString()));
      tar.add(Entry.of('0', "lists/" + percent + ".heads"), ascii(heads.toString()));
    }
  }

  /** Adds the large files. */
  void composeLarge(TarComposer tar) {
    tar.add(Entry.of('5', "large/"));
    for (File file : large) {
      tar.add(Entry.of('0', file.path().substring(1)), file.content());
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
