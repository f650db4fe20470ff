package io.morsel.bench.image;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.HostException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** {@code morsel convert} of a checkout. Immutable. */
final class Converter {
  private static final Duration LIMIT = Duration.ofMinutes(15);

  private final Path checkout;
  private final String key;

  /**
   * The converter that is built in a checkout.
   *
   * @throws HostException if none is
   */
  Converter(Path checkout) {
    this.checkout = checkout;
    this.key = key(checkout.resolve("cli/target/morsel/lib"));
  }

  /** Changes with the code that makes eStargz out of tar, and not with the rest of Morsel. */
  String key() {
    return key;
  }

  private static String key(Path library) {
    Path program = library.resolve("morsel.jar");
    if (!Files.exists(program)) {
      throw new HostException(
          program
              + " is not there, so images can't be converted: build Morsel with 'mvn -DskipTests"
              + " package'");
    }
    MessageDigest digest = OciLayout.sha256();
    try (ZipFile zip = new ZipFile(program.toFile())) {
      digestOf(zip, "io/morsel/stargz/", digest);
      digestOf(zip, "io/morsel/cli/convert/", digest);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return HexFormat.of().formatHex(digest.digest()).substring(0, 12);
  }

  private static void digestOf(ZipFile zip, String under, MessageDigest digest) {
    zip.stream()
        .filter(entry -> entry.getName().startsWith(under) && !entry.isDirectory())
        .sorted(Comparator.comparing(ZipEntry::getName))
        .forEachOrdered(
            entry ->
                digest.update(
                    (entry.getName() + " " + entry.getCrc() + "\n")
                        .getBytes(StandardCharsets.UTF_8)));
  }

  /**
   * Converts within one registry on loopback.
   *
   * @param level gzip's
   * @param temporary a directory for layers meanwhile
   */
  void convert(String source, String target, int level, Path temporary) {
    Command.of(
            checkout.resolve("morsel"),
            "convert",
            "--quiet",
            "--compression-level",
            level,
            "--temp-dir",
            temporary,
            source,
            target)
        .within(LIMIT)
        .succeed();
  }
}
