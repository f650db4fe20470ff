package io.morsel.bench.image;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.HostException;
import io.morsel.bench.image.TarComposer.Entry;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The images that are made of Debian packages. All have one and the same first layer, as images on
 * a common base have; it is kept, since a mirror gives other packages on other days. Safe for use
 * by many threads.
 */
final class DebianImages {
  /** The release of all images, whatever this machine runs: figures of two machines compare. */
  static final String SUITE = "bookworm";

  /** What the web application answers. */
  static final String WEB_ANSWER = "hello from flask";

  private static final Duration LIMIT = Duration.ofMinutes(15);

  /** Every mount and process inside ends with it. */
  private static final List<String> ISOLATED =
      List.of("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc");

  private static final String WEB_APPLICATION =
      """
      import sys

      from flask import Flask

      app = Flask(__name__)


      @app.route("/")
      def index():
          return "%s\\n"


      app.run(host="127.0.0.1", port=int(sys.argv[1]))
      """
          .formatted(WEB_ANSWER);

  private static final String NODE_APPLICATION =
      """
      const http = require('http');

      http.createServer((_, answer) => answer.end('hello from node\\n'))
        .listen(Number(process.argv[2]), '127.0.0.1');
      """;

  private static final String JAVA_APPLICATION =
      """
      #!/bin/sh
      exec java -XX:+UseSerialGC -XshowSettings:properties -version
      """;

  private final Path directory;
  private @Nullable Layer base;
  private @Nullable Path tree;

  /**
   * Images on the base that is kept in {@code directory}, or is built and put there.
   *
   * @param directory named after {@link #baseKey}, so that another recipe has another
   */
  DebianImages(Path directory) {
    this.directory = directory;
  }

  /** What the base is built from: another key, another base. */
  static String baseKey() {
    return OciLayout.sha256(
            String.join(" ", baseCommand(Path.of("tar"))).getBytes(StandardCharsets.UTF_8))
        .substring(0, 12);
  }

  private static List<String> baseCommand(Path tar) {
    return List.of(
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        "--aptopt=Acquire::Retries \"5\"",
        "--aptopt=Acquire::Languages \"none\"",
        "--dpkgopt=force-unsafe-io",
        SUITE,
        tar.toString());
  }

  /** The packages on top of the base. */
  static List<String> packages(BenchImage image) {
    return switch (image) {
      case PYTHON -> List.of("python3", "python3-numpy", "python3-flask");
      case NODE -> List.of("nodejs");
      case JAVA -> List.of("openjdk-17-jre-headless");
      case SYNTHETIC, STEADY, ENTRIES, LAYERS, TINY ->
          throw new IllegalArgumentException(image + " is generated");
    };
  }

  /** All that goes into an image but the packages' versions. */
  static String recipe(BenchImage image) {
    return baseKey() + packages(image) + script() + application(image);
  }

  private static List<String> application(BenchImage image) {
    return switch (image) {
      case PYTHON -> List.of("app/web.py", WEB_APPLICATION);
      case NODE -> List.of("app/web.js", NODE_APPLICATION);
      case JAVA -> List.of("app/start", JAVA_APPLICATION);
      case SYNTHETIC, STEADY, ENTRIES, LAYERS, TINY ->
          throw new IllegalArgumentException(image + " is generated");
    };
  }

  private static String script() {
    try (InputStream in = DebianImages.class.getResourceAsStream("install-packages.sh")) {
      if (in == null) {
        throw new AssertionError("install-packages.sh is not on the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Builds an image.
   *
   * @param work an empty directory for it alone
   * @param shared a directory of this run, in which the images' common tree is unpacked once
   */
  OciLayout build(BenchImage image, Path work, Path shared) {
    try {
      Layer first = base(shared);
      Path install = Files.writeString(work.resolve("install-packages.sh"), script());
      run(ISOLATED, "sh", install, tree(shared), work, packages(image));
      Path tar = work.resolve("packages.tar");
      run(
          "tar",
          "--sort=name",
          "--numeric-owner",
          "--format=pax",
          "--pax-option=delete=atime,delete=ctime",
          "--xattrs",
          "--xattrs-include=security.capability",
          "-C",
          work.resolve("upper"),
          "-cf",
          tar,
          ".");
      List<String> application = application(image);
      return new OciLayout(work.resolve("layout"))
          .layer(first)
          .layer(tar)
          .layer(
              layer -> {
                layer.add(Entry.of('5', "app/"));
                layer.add(
                    Entry.of('0', application.getFirst()).mode(0755),
                    application.getLast().getBytes(StandardCharsets.UTF_8));
              });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void run(Object... words) {
    Command.of(words).within(LIMIT).with("LC_ALL", "C").succeed();
  }

  private synchronized Layer base(Path shared) throws IOException {
    if (base != null) {
      return base;
    }
    Path blob = directory.resolve("layer.tar.gz");
    Path digests = directory.resolve("digests");
    if (!Files.exists(digests)) {
      Path tar = shared.resolve("base.tar");
      List<Object> command = new ArrayList<>(ISOLATED);
      command.addAll(baseCommand(tar));
      Command.of(command)
          .within(LIMIT)
          .with("TMPDIR", shared)
          .with("SOURCE_DATE_EPOCH", 1767225600)
          .succeed();
      Files.createDirectories(directory);
      Layer layer =
          Layer.write(
              blob,
              OciLayout.DEFAULT_LEVEL,
              out -> {
                try {
                  Files.copy(tar, out);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      Files.delete(tar);
      Path part = shared.resolve("digests");
      Files.writeString(part, layer.digest() + "\n" + layer.diffId() + "\n");
      Files.move(part, digests, StandardCopyOption.ATOMIC_MOVE);
    }
    List<String> lines = Files.readAllLines(digests);
    if (lines.size() != 2) {
      throw new HostException(digests + " is damaged: remove it, and the base is built again");
    }
    Layer layer = new Layer(blob, lines.get(0), lines.get(1));
    base = layer;
    return layer;
  }

  private synchronized Path tree(Path shared) throws IOException {
    if (tree != null) {
      return tree;
    }
    Path unpacked = Files.createDirectory(shared.resolve("base"));
    run("tar", "--numeric-owner", "-xpzf", directory.resolve("layer.tar.gz"), "-C", unpacked);
    tree = unpacked;
    return unpacked;
  }
}
