package io.morsel.integration;

import io.morsel.bench.host.Command;
import io.morsel.bench.image.OciLayout;
import io.morsel.bench.image.TarComposer;
import io.morsel.bench.image.TarComposer.Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.Set;

/** The images that the tests use. */
final class Images {
  private static final Path CACHE = Path.of("target/images").toAbsolutePath();

  /** Directories that a layer of {@link #pushOddities} or {@link #pushWithData} leaves out. */
  static final Set<String> LEFT_OUT =
      Set.of(
          "/",
          "/data",
          "/odd",
          "/odd/deep",
          "/odd/merged",
          "/odd/parents",
          "/odd/parents/left",
          "/odd/parents/left/out",
          "/odd/private",
          "/odd/was-dir");

  private Images() {}

  /**
   * A tar of a small userland with sh, find, stat, getfattr and sha256sum, from Debian's packages.
   */
  static synchronized Path userland() {
    try {
      Path tar = CACHE.resolve("userland.tar");
      if (!Files.exists(tar)) {
        Files.createDirectories(CACHE);
        Path part = CACHE.resolve("userland.part.tar");
        Command.of(
                "sh",
                "-c",
                ". /etc/os-release; exec mmdebstrap --quiet --variant=extract"
                    + " --include=coreutils,findutils,attr,dash,sed,grep,gawk"
                    + " \"$VERSION_CODENAME\" "
                    + part)
            .with("SOURCE_DATE_EPOCH", 1767225600)
            .succeed();
        Files.move(part, tar, StandardCopyOption.ATOMIC_MOVE);
      }
      return tar;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Bytes that do not compress, the same for one seed. */
  static byte[] noise(long seed, int sizeBytes) {
    byte[] bytes = new byte[sizeBytes];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  /** Pushes the userland and on top of it a file {@code /data/NAME} of each given size. */
  static void pushWithData(Path work, String reference, int... sizesBytes) {
    new OciLayout(work)
        .layer(userland())
        .layer(
            tar -> {
              for (int i = 0; i < sizesBytes.length; i++) {
                tar.add(Entry.of('0', "data/file-" + i), noise(i, sizesBytes[i]));
              }
            })
        .push(reference);
  }

  /**
   * Pushes an image that has in it all that tar can say and that readers are known to get wrong.
   */
  static void pushOddities(Path work, String reference) {
    new OciLayout(work)
        .layer(userland())
        .layer(Images::oddities)
        .layer(Images::changes)
        .push(reference);
  }

  private static void oddities(TarComposer tar) {
    tar.add(Entry.of('5', "odd/").mode(0755));
    tar.add(Entry.of('0', "odd/setuid").mode(04755), text("u"));
    tar.add(Entry.of('0', "odd/setgid").mode(02755), text("g"));
    tar.add(Entry.of('5', "odd/sticky").mode(01777));
    tar.add(Entry.of('0', "odd/no-permissions").mode(0), text("secret"));
    tar.add(Entry.of('0', "odd/owner").owner(70_000, 4_000_000_000L), text("owned"));
    tar.add(Entry.of('0', "odd/nanos").mtime("1600000000.123456789"), text("when"));
    tar.add(Entry.of('0', "odd/epoch").mtime("0"), text("1970"));
    tar.add(Entry.of('0', "odd/future").mtime("5000000000"), text("2128"));
    tar.add(Entry.of('0', "odd/empty"));
    tar.add(Entry.of('0', "odd/hard-a").owner(1, 2), text("one inode"));
    tar.add(Entry.of('1', "odd/hard-b").owner(1, 2).link("odd/hard-a"));
    tar.add(Entry.of('1', "odd/deep/hard-c").owner(1, 2).link("odd/hard-b"));
    tar.add(Entry.of('2', "odd/symlink").link("../bin/sh"));
    tar.add(Entry.of('2', "odd/symlink-long").link("x/".repeat(1_500) + "end"));
    tar.add(Entry.of('2', "odd/symlink-nowhere").link("/not there\nnever"));
    tar.add(Entry.of('3', "odd/char").device(1, 3).mode(0666));
    tar.add(Entry.of('4', "odd/block").device(259, 70_000).mode(0660));
    tar.add(Entry.of('6', "odd/fifo").mode(0600));
    tar.add(
        Entry.of('0', "odd/xattrs")
            .xattr("user.text", text("value"))
            .xattr("user.empty", new byte[0])
            .xattr("user.binary", new byte[] {0, 1, '\n', '=', (byte) 0xff, 0})
            .xattr("trusted.some", text("t")),
        text("x"));
    tar.add(
        Entry.of('0', "odd/capable")
            .mode(0755)
            .xattr(
                "security.capability",
                HexFormat.of().parseHex("0100000200200000000000000000000000000000")),
        text("cap"));
    tar.add(Entry.of('5', "odd/xattr-dir").xattr("user.on", text("directory")));
    tar.add(Entry.of('0', "odd/" + "n".repeat(255)), text("255"));
    byte[] latin = "odd/caf\u00e9-\u00ff".getBytes(StandardCharsets.ISO_8859_1);
    tar.add(Entry.of('0', latin), text("latin1"));
    tar.add(Entry.of('0', "odd/new\nline \"quote\" \\back"), text("newline"));
    tar.add(Entry.of('0', "odd/\u65e5\u672c\u8a9e"), text("utf8"));
    tar.add(Entry.of('0', "odd/parents/left/out/file"), text("no parents"));
    tar.add(Entry.of('0', "./odd/dot-spelled"), text("dot"));
    tar.add(Entry.of('0', "/odd/absolute-spelled"), text("abs"));
    tar.add(Entry.of('0', "odd/twice").mode(0600), text("first, and longer"));
    tar.add(Entry.of('0', "odd/twice").mode(0640), text("second"));
    tar.add(Entry.of('5', "odd/was-dir"));
    tar.add(Entry.of('0', "odd/big"), noise(7, 9_000_001));
    tar.add(Entry.of('0', "odd/repeats"), repeated(5 << 20));
    tar.add(Entry.of('5', "odd/many"));
    for (int i = 0; i < 2_500; i++) {
      tar.add(Entry.of('0', "odd/many/" + i), text("file " + i));
    }
    tar.add(Entry.of('5', "odd/opaque"));
    tar.add(Entry.of('0', "odd/opaque/below"), text("hidden"));
    tar.add(Entry.of('5', "odd/merged"));
    tar.add(Entry.of('0', "odd/merged/lower"), text("shows through"));
    tar.add(Entry.of('0', "odd/removed"), text("gone"));
    tar.add(Entry.of('5', "odd/private").mode(0700).owner(5, 6).mtime("1600000002"));
    tar.add(Entry.of('5', "odd/removed-dir"));
    tar.add(Entry.of('0', "odd/removed-dir/file"), text("gone"));
  }

  private static void changes(TarComposer tar) {
    tar.add(Entry.of('0', "odd/.wh.removed"));
    tar.add(Entry.of('0', "odd/.wh.removed-dir"));
    tar.add(Entry.of('5', "odd/opaque").mode(0700));
    tar.add(Entry.of('0', "odd/opaque/.wh..wh..opq"));
    tar.add(Entry.of('0', "odd/opaque/above"), text("only this"));
    tar.add(Entry.of('0', "odd/merged/upper"), text("added"));
    tar.add(Entry.of('0', "odd/private/added"), text("without its parent"));
    tar.add(Entry.of('0', "odd/was-dir/now"), text("inside"));
    tar.add(Entry.of('0', "odd/nanos").mtime("1600000001.000000001"), text("changed"));
  }

  /** Pushes the userland and one file over 4 GiB, sparse but for its two ends. */
  static void pushHuge(Path work, String reference) {
    new OciLayout(work)
        .layer(userland())
        .layer(tar -> tar.addSparse(Entry.of('0', "huge"), text("head"), (4L << 30) + 4_097))
        .push(reference);
  }

  private static byte[] repeated(int sizeBytes) {
    byte[] bytes = new byte[sizeBytes];
    Arrays.fill(bytes, (byte) 'r');
    return bytes;
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
