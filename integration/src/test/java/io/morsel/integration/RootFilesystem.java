package io.morsel.integration;

import io.morsel.bench.host.Command;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a container sees of its root filesystem, entry by entry: type, mode, owner, size, mtime,
 * nlink, rdev, link target, which names share an inode, every extended attribute, and SHA-256.
 *
 * <p>Names and values are taken as bytes (ISO 8859-1 here): not all of them are UTF-8.
 */
record RootFilesystem(SortedMap<String, String> entries) {
  /**
   * Mounts that runc adds, and their mount points: not of the image. {@code /etc} only because runc
   * touches nothing else there; the files of the image stay in.
   */
  private static final String PRUNE =
      "\\( -path /proc -o -path /sys -o -path /dev -o -path /run \\) -prune -o ";

  private static final String SCRIPT =
      "export LC_ALL=C; "
          + "find / "
          + PRUNE
          + "-printf 'E%y\\0%#m\\0%U:%G\\0%s\\0%T@\\0%n\\0%D:%i\\0%p\\0%l\\0'; "
          + "find / "
          + PRUNE
          + "\\( -type c -o -type b \\) -exec stat --printf 'D%t:%T\\0%n\\0' {} +; "
          + "find / "
          + PRUNE
          + "-type f -exec sha256sum -z {} + | sed -z 's/^/S/'; "
          + "printf 'X'; "
          + "find / "
          + PRUNE
          + "-print0 | xargs -0 getfattr -h -d -m - -e hex --absolute-names --";

  /** Lists the root filesystem of a container of this image. */
  static RootFilesystem of(Node node, String snapshotter, String reference) {
    String output =
        node.run(snapshotter, reference, "list-" + snapshotter, "/bin/sh", "-c", SCRIPT)
            .run()
            .expectSuccess()
            .latin1();
    return parse(output);
  }

  /** Lists what is mounted on a directory, with the tools that are in it. */
  static RootFilesystem mountedOn(Path root) {
    return parse(
        Command.of("chroot", root, "/bin/sh", "-c", SCRIPT).run().expectSuccess().latin1());
  }

  private static RootFilesystem parse(String text) {
    SortedMap<String, String> entries = new TreeMap<>();
    Map<String, List<String>> inodes = new HashMap<>();
    int xattrs = text.indexOf("\0X");
    String[] fields = text.substring(0, xattrs).split("\0", -1);
    int i = 0;
    while (i < fields.length && !fields[i].isEmpty()) {
      String first = fields[i];
      switch (first.charAt(0)) {
        case 'E' -> {
          String path = fields[i + 7];
          boolean directory = first.equals("Ed");
          // A directory's size and nlink are the filesystem's own business, and differ by design.
          entries.put(
              path,
              first.substring(1)
                  + " mode "
                  + fields[i + 1]
                  + " owner "
                  + fields[i + 2]
                  + (directory ? "" : " size " + fields[i + 3] + " nlink " + fields[i + 5])
                  + " mtime "
                  + fields[i + 4]
                  + " -> "
                  + fields[i + 8]);
          if (!directory) {
            inodes.computeIfAbsent(fields[i + 6], k -> new ArrayList<>()).add(path);
          }
          i += 9;
        }
        case 'D' -> {
          entries.merge(fields[i + 1], " rdev " + first.substring(1), String::concat);
          i += 2;
        }
        case 'S' -> {
          // "S<hex>  <path>"
          entries.merge(first.substring(67), " sha256 " + first.substring(1, 65), String::concat);
          i += 1;
        }
        default -> throw new AssertionError("can't parse field " + i + ": " + first);
      }
    }
    inodes.values().stream()
        .filter(names -> names.size() > 1)
        .forEach(
            names ->
                names.forEach(
                    name ->
                        entries.merge(
                            name,
                            " same inode " + names.stream().sorted().toList(),
                            String::concat)));
    String file = "";
    for (String line : text.substring(xattrs + 2).split("\n", -1)) {
      if (line.startsWith("# file: ")) {
        file = unescape(line.substring(8));
      } else if (!line.isEmpty()) {
        entries.merge(file, " xattr " + line, String::concat);
      }
    }
    return new RootFilesystem(entries);
  }

  /** getfattr writes odd bytes of a name as a backslash and three octal digits. */
  private static String unescape(String name) {
    StringBuilder plain = new StringBuilder();
    for (int i = 0; i < name.length(); i++) {
      if (name.charAt(i) == '\\') {
        plain.append((char) Integer.parseInt(name.substring(i + 1, i + 4), 8));
        i += 3;
      } else {
        plain.append(name.charAt(i));
      }
    }
    return plain.toString();
  }

  /**
   * The same, but for when these directories changed: an unpacker makes those that a layer leaves
   * out when it comes by, so that they tell the time of the pull.
   */
  RootFilesystem withoutMtimes(Collection<String> directories) {
    SortedMap<String, String> plain = new TreeMap<>(entries);
    directories.forEach(
        path ->
            plain.computeIfPresent(
                path, (p, entry) -> entry.replaceAll(" mtime [0-9.]+ ", " mtime of the pull ")));
    return new RootFilesystem(plain);
  }

  /** Where the two differ, a line for each entry and side; empty where they are the same. */
  List<String> differences(RootFilesystem other) {
    List<String> lines = new ArrayList<>();
    SortedMap<String, String> all = new TreeMap<>(entries);
    all.putAll(other.entries);
    for (String path : all.keySet()) {
      String mine = entries.getOrDefault(path, "absent");
      String theirs = other.entries.getOrDefault(path, "absent");
      if (!mine.equals(theirs)) {
        lines.add(path + "\n    - " + mine + "\n    + " + theirs);
      }
    }
    return lines;
  }
}
