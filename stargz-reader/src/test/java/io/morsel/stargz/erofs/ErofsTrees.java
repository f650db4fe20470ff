package io.morsel.stargz.erofs;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Trees for tests: random ones by seed, and one with everything that is odd. */
public final class ErofsTrees {
  private ErofsTrees() {}

  /** A tree and the size of the data that its files refer to. */
  public record Tree(ErofsNode root, long dataBytes) {}

  /** A random tree; the same seed always gives the same one. */
  public static Tree random(long seed) {
    var random = new Random(seed);
    var directories = new ArrayList<ErofsNode>();
    var linkable = new ArrayList<ErofsNode>();
    var root = directory(random, 0755);
    directories.add(root);
    long data = 0;
    int count = random.nextInt(1, 400);
    for (int i = 0; i < count; i++) {
      ErofsNode parent = directories.get(random.nextInt(directories.size()));
      byte[] name = name(random);
      ErofsNode old = parent.child(name);
      if (old != null) {
        continue;
      }
      ErofsNode node;
      switch (random.nextInt(10)) {
        case 0, 1 -> {
          node = directory(random, random.nextInt(010000));
          directories.add(node);
        }
        case 2 -> {
          node = plain(random, 0120777);
          byte[] target = new byte[random.nextInt(1, random.nextBoolean() ? 40 : 4096)];
          for (int b = 0; b < target.length; b++) {
            target[b] = (byte) random.nextInt(1, 256);
          }
          node.target(target);
        }
        case 3 ->
            node =
                plain(random, 020000 | random.nextInt(010000))
                    .device(random.nextInt(4096), random.nextInt(1 << 20));
        case 4 ->
            node =
                plain(random, 060000 | random.nextInt(010000))
                    .device(random.nextInt(4096), random.nextInt(1 << 20));
        case 5 -> node = plain(random, (random.nextBoolean() ? 010000 : 0140000) | 0600);
        case 6 -> {
          if (linkable.isEmpty()) {
            continue;
          }
          node = linkable.get(random.nextInt(linkable.size()));
        }
        default -> {
          node = plain(random, 0100000 | random.nextInt(010000));
          long size = random.nextInt(4) == 0 ? 0 : random.nextInt(20_000);
          node.data(size, data);
          data += (size + 4095) / 4096 * 4096;
        }
      }
      if (!node.isDirectory()) {
        linkable.add(node);
      }
      parent.put(name, node);
    }
    return new Tree(root, data);
  }

  /** Sizes, counts, names and numbers at the limits of what a layer can hold. */
  public static Tree odd() {
    var random = new Random(1);
    var root = directory(random, 01777);
    var large = new ErofsNode(040755);
    for (int i = 0; i < 5_000; i++) {
      large.put(utf8("entry-with-a-rather-long-name-" + i), new ErofsNode(0100644));
    }
    root.put(utf8("5000"), large);
    ErofsNode deep = root;
    for (int i = 0; i < 300; i++) {
      var next = new ErofsNode(040700);
      deep.put(utf8("d"), next);
      deep = next;
    }
    long data = 4096;
    long huge = (4L << 30) + 5;
    root.put(utf8("huge"), new ErofsNode(0100644).data(huge, data));
    data += (huge + 4095) / 4096 * 4096;
    root.put(utf8("one"), new ErofsNode(0104755).data(1, data).mtime(-1, 999_999_999));
    data += 4096;
    root.put(new byte[] {(byte) 0xFF, (byte) 0xFE, '!'}, new ErofsNode(0106711));
    root.put(utf8("!"), new ErofsNode(0100000));
    root.put(utf8("..."), new ErofsNode(0100000));
    root.put(utf8(".+"), new ErofsNode(0100000));
    root.put(utf8(".a"), new ErofsNode(0100000));
    byte[] longest = new byte[255];
    java.util.Arrays.fill(longest, (byte) 0xE9);
    root.put(longest, new ErofsNode(0100644).owner(-2, 0xFFFF_FFFE));
    var attributes = new ErofsNode(0100755);
    attributes.xattr(
        utf8("security.capability"),
        new byte[] {1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    attributes.xattr(utf8("user.binary"), new byte[] {0, 1, 2, (byte) 0xFF, 0});
    attributes.xattr(utf8("user.empty"), new byte[0]);
    attributes.xattr(utf8("trusted.overlay.opaque"), utf8("y"));
    attributes.xattr(utf8("user.large"), new byte[9_001]);
    attributes.xattr(
        utf8("system.posix_acl_access"),
        new byte[] {
          2, 0, 0, 0, //
          1, 0, 7, 0, -1, -1, -1, -1, //
          2, 0, 6, 0, 100, 0, 0, 0, //
          4, 0, 5, 0, -1, -1, -1, -1, //
          16, 0, 7, 0, -1, -1, -1, -1, //
          32, 0, 5, 0, -1, -1, -1, -1
        });
    root.put(utf8("xattrs"), attributes);
    root.put(utf8("xattrs-again"), attributes);
    root.put(utf8("whiteout"), new ErofsNode(020000).device(0, 0));
    root.put(utf8("null"), new ErofsNode(020666).device(4095, 0xFFFFF).mtime(1L << 33, 1));
    root.put(utf8("long-link"), new ErofsNode(0120777).target(utf8("x".repeat(4095))));
    root.put(
        utf8("link-with-xattrs"),
        new ErofsNode(0120777)
            .target(utf8("y".repeat(300)))
            .xattr(utf8("trusted.big"), new byte[3_900]));
    root.put(utf8("fifo"), new ErofsNode(010600));
    root.put(utf8("socket"), new ErofsNode(0140600));
    return new Tree(root, data);
  }

  private static ErofsNode directory(Random random, int permissions) {
    return plain(random, 040000 | permissions);
  }

  private static ErofsNode plain(Random random, int mode) {
    var node =
        new ErofsNode(mode)
            .owner(random.nextInt(), random.nextInt(3))
            .mtime(random.nextLong(-1L << 31, 1L << 33), random.nextInt(1_000_000_000));
    for (int i = random.nextInt(12) - 8; i > 0; i--) {
      byte[] value = new byte[random.nextInt(5) == 0 ? random.nextInt(6_000) : random.nextInt(40)];
      random.nextBytes(value);
      List<String> classes = List.of("user.", "trusted.", "security.");
      node.xattr(utf8(classes.get(random.nextInt(3)) + "x" + random.nextInt(1_000)), value);
    }
    return node;
  }

  private static byte[] name(Random random) {
    byte[] name = new byte[random.nextInt(8) == 0 ? 255 : random.nextInt(1, 12)];
    do {
      for (int i = 0; i < name.length; i++) {
        int value = random.nextInt(random.nextBoolean() ? 3 : 256);
        name[i] = (byte) (value < 3 ? ".-a".charAt(value) : value);
      }
    } while (!ErofsNode.validName(name));
    return name;
  }

  /** The string's bytes. */
  public static byte[] utf8(String string) {
    return string.getBytes(StandardCharsets.UTF_8);
  }
}
