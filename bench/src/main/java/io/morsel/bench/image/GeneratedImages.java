package io.morsel.bench.image;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.HostException;
import io.morsel.bench.image.TarComposer.Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The images that are generated from seeds, on a userland of Debian's static busybox. What they
 * hold is public here by its paths and numbers, since measurements depend on them.
 */
public final class GeneratedImages {
  /** Files and directories below {@code /small} of {@link BenchImage#STEADY}: 100 directories. */
  public static final String STEADY_SMALL = "/small";

  /** The one huge file of {@link BenchImage#STEADY}. */
  public static final String STEADY_HUGE = "/huge";

  /** The large executable of {@link BenchImage#STEADY}: touches all of itself, prints a line. */
  public static final String STEADY_PROGRAM = "/bin/large-program";

  /** The directory of {@link BenchImage#ENTRIES}: {@code /entries/DDDD/FFF}. */
  public static final String ENTRIES = "/entries";

  static final String HELLO = "hello from a tiny image";

  private static final long SEED = 7;
  private static final int STEADY_DIRECTORIES = 100;
  private static final int FILES_PER_DIRECTORY = 999;

  /** Where figures don't depend on the compressed size, compressing must not take long. */
  private static final int QUICK_LEVEL = 1;

  private final Path busybox;

  /** Images whose userland is this static busybox. */
  GeneratedImages(Path busybox) {
    this.busybox = busybox;
  }

  /** How many small files {@link BenchImage#STEADY} has. */
  public static int steadySmallFiles(Size size) {
    return size.pick(10_000, 1_250, 200);
  }

  /** The size of {@link #STEADY_HUGE}. */
  public static long steadyHugeBytes(Size size) {
    return size.pick(1 << 30, 1 << 27, 1 << 22);
  }

  private static long steadyProgramPages(Size size) {
    return size.pick(1 << 14, 1 << 11, 1 << 8);
  }

  /** What {@link #STEADY_PROGRAM} prints. */
  public static String steadyProgramOutput(Size size) {
    return PageReader.output(steadyProgramPages(size));
  }

  /** How many entries the layer of {@link BenchImage#ENTRIES} has below {@link #ENTRIES}. */
  public static int entries(Size size) {
    return size.pick(1_000_000, 100_000, 2_000);
  }

  /** What the small files of {@link BenchImage#STEADY} have together. */
  public static long steadySmallBytes(Size size) {
    SplittableRandom random = new SplittableRandom(SEED);
    long bytes = 0;
    for (int i = 0; i < steadySmallFiles(size); i++) {
      bytes += steadySmallFileBytes(random);
      random.nextLong();
    }
    return bytes;
  }

  /** The path of an entry of {@link BenchImage#ENTRIES}, by its number from 0. */
  public static String entryPath(int entry) {
    String directory = ENTRIES + "/%04d".formatted(entry / (FILES_PER_DIRECTORY + 1));
    int inDirectory = entry % (FILES_PER_DIRECTORY + 1);
    return inDirectory == 0 ? directory : directory + "/%03d".formatted(inDirectory - 1);
  }

  /** 8.7 kB on average, as much above as below. */
  private static int steadySmallFileBytes(SplittableRandom random) {
    return random.nextInt(512, 16_896);
  }

  /** How many images {@link BenchImage#LAYERS} is. */
  public static int layersImages(Size size) {
    return size.pick(10, 10, 2);
  }

  /** How many layers each of them has on top of the userland. */
  public static int layersPerImage(Size size) {
    return size.pick(50, 20, 3);
  }

  /** Writes the layouts of an image below {@code work}: one, or several of {@code LAYERS}. */
  List<OciLayout> build(BenchImage image, Size size, Path work) {
    return switch (image) {
      case SYNTHETIC -> List.of(synthetic(size, new OciLayout(work.resolve("layout"))));
      case TINY -> List.of(tiny(new OciLayout(work.resolve("layout"))));
      case STEADY -> List.of(steady(size, new OciLayout(work.resolve("layout"), QUICK_LEVEL)));
      case ENTRIES -> List.of(entries(size, new OciLayout(work.resolve("layout"), QUICK_LEVEL)));
      case LAYERS ->
          IntStream.range(0, layersImages(size))
              .mapToObj(i -> layers(i, size, new OciLayout(work.resolve("layout-" + i))))
              .toList();
      case PYTHON, NODE, JAVA -> throw new IllegalArgumentException(image + " is not generated");
    };
  }

  private OciLayout synthetic(Size size, OciLayout layout) {
    SyntheticFiles files = SyntheticFiles.of(size);
    return layout.layer(this::userland).layer(files::composeSmall).layer(files::composeLarge);
  }

  private OciLayout tiny(OciLayout layout) {
    return synthetic(Size.SMOKE, layout)
        .layer(
            tar -> {
              tar.add(Entry.of('5', "app/"));
              tar.add(Entry.of('0', "app/index.html"), ascii(HELLO + "\n"));
              tar.add(
                  Entry.of('0', "app/hello").mode(0755),
                  ascii("#!/bin/sh\nexec cat /app/index.html\n"));
            });
  }

  private OciLayout steady(Size size, OciLayout layout) {
    PageReader program = new PageReader(Architecture.OF_THIS_MACHINE, steadyProgramPages(size));
    long hugeBytes = steadyHugeBytes(size);
    return layout
        .layer(this::userland)
        .layer(tar -> steadySmall(steadySmallFiles(size), tar))
        .layer(
            tar ->
                tar.add(
                    Entry.of('0', STEADY_HUGE.substring(1)),
                    hugeBytes,
                    out -> Content.numberedPages(SEED, hugeBytes / Content.PAGE_BYTES, out)))
        .layer(
            tar ->
                tar.add(
                    Entry.of('0', STEADY_PROGRAM.substring(1)).mode(0755),
                    program.sizeBytes(),
                    out -> program.writeTo(SEED + 1, out)));
  }

  private static void steadySmall(int files, TarComposer tar) {
    SplittableRandom random = new SplittableRandom(SEED);
    String root = STEADY_SMALL.substring(1) + "/";
    tar.add(Entry.of('5', root));
    int perDirectory = Math.ceilDiv(files, STEADY_DIRECTORIES);
    for (int i = 0; i < files; i++) {
      String directory = root + "%02d/".formatted(i / perDirectory);
      if (i % perDirectory == 0) {
        tar.add(Entry.of('5', directory));
      }
      int sizeBytes = steadySmallFileBytes(random);
      long seed = random.nextLong();
      tar.add(
          Entry.of('0', directory + "%03d".formatted(i % perDirectory)),
          i % 2 == 0 ? Content.noise(seed, sizeBytes) : Content.text(seed, sizeBytes));
    }
  }

  private OciLayout entries(Size size, OciLayout layout) {
    return layout
        .layer(this::userland)
        .layer(tar -> composeEntries(entries(size), tar))
        .layer(tar -> tar.add(Entry.of('0', "entries-count"), ascii(entries(size) + "\n")));
  }

  /** Directories count as entries; an eighth of the files has a few bytes. */
  static void composeEntries(int count, TarComposer tar) {
    String root = ENTRIES.substring(1) + "/";
    tar.add(Entry.of('5', root));
    String directory = root;
    for (int i = 0; i < count; i++) {
      int inDirectory = i % (FILES_PER_DIRECTORY + 1);
      if (inDirectory == 0) {
        directory = root + "%04d/".formatted(i / (FILES_PER_DIRECTORY + 1));
        tar.add(Entry.of('5', directory));
        continue;
      }
      String name = directory + "%03d".formatted(inDirectory - 1);
      tar.add(Entry.of('0', name), inDirectory % 8 == 0 ? ascii(name) : new byte[0]);
    }
  }

  private OciLayout layers(int image, Size size, OciLayout layout) {
    layout.layer(this::userland);
    for (int i = 0; i < layersPerImage(size); i++) {
      String name = "layers/%d/%02d".formatted(image, i);
      layout.layer(
          tar -> {
            tar.add(Entry.of('0', name + "/name"), ascii(name + "\n"));
            tar.add(Entry.of('0', name + "/data"), Content.noise(name.hashCode(), 4096));
          });
    }
    return layout;
  }

  /** busybox under all its names, and the directories that a container's mounts go to. */
  private void userland(TarComposer tar) {
    for (String directory : List.of("bin/", "dev/", "etc/", "proc/", "sys/", "tmp/")) {
      tar.add(Entry.of('5', directory));
    }
    try {
      tar.add(Entry.of('0', "bin/busybox").mode(0755), Files.readAllBytes(busybox));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<String> names = new ArrayList<>(Command.of(busybox, "--list").succeed().lines().toList());
    names.remove("busybox");
    if (!names.contains("xargs")) {
      throw new HostException(
          busybox + " is not Debian's busybox-static: it has no xargs; install busybox-static");
    }
    for (String name : names) {
      tar.add(Entry.of('2', "bin/" + name).link("busybox"));
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
