package io.morsel.runtime.diff;

import io.morsel.stargz.tar.ByteStrings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;

/** Trees that have in them all that a filesystem can hold: made at random, changed, listed. */
final class Trees implements AutoCloseable {
  private static final String[] NAMES = {
    "a", "b", "bin", "caf\u00e9", "line\nbreak", "n".repeat(200), ".hidden", "z z", "\u00ff", "lib"
  };

  private final Calls calls = new Calls();

  @Override
  public void close() {
    calls.close();
  }

  static boolean mayMakeEverything() {
    return "root".equals(System.getProperty("user.name"));
  }

  /** Fills a directory; the same for one seed. */
  void fill(Path directory, Random random, int files) throws IOException {
    at(
        directory,
        fd -> {
          List<String> directories = new ArrayList<>(List.of(""));
          List<String> linkable = new ArrayList<>();
          for (int i = 0; i < files; i++) {
            String parent = directories.get(random.nextInt(directories.size()));
            String path = parent + NAMES[random.nextInt(NAMES.length)] + random.nextInt(3);
            if (calls.find(fd, path) == null) {
              make(fd, path, random, directories, linkable);
            }
          }
          // What is made in them changes their times.
          for (String made : directories) {
            if (!made.isEmpty()) {
              touch(fd, made.substring(0, made.length() - 1), random);
            }
          }
        });
  }

  private void make(
      int fd, String path, Random random, List<String> directories, List<String> linkable)
      throws IOException {
    switch (random.nextInt(10)) {
      case 0, 1, 2 -> {
        calls.makeDirectory(fd, path);
        directories.add(path + "/");
      }
      case 3 -> calls.makeSymlink("../" + NAMES[random.nextInt(NAMES.length)], fd, path);
      case 4 -> calls.makeNode(fd, path, FileStatus.FIFO | 0600, 0, 0);
      case 5 ->
          calls.makeNode(
              fd, path, FileStatus.CHARACTER_DEVICE | 0600, 1 + random.nextInt(500), 70_000);
      case 6 -> {
        if (!linkable.isEmpty()) {
          calls.makeLink(fd, linkable.get(random.nextInt(linkable.size())), fd, path);
          return;
        }
        write(fd, path, random);
      }
      default -> write(fd, path, random);
    }
    attributes(fd, path, random);
    linkable.add(path);
    linkable.removeIf(name -> directories.contains(name + "/"));
  }

  private void write(int fd, String path, Random random) throws IOException {
    byte[] bytes = new byte[random.nextInt(4) == 0 ? 0 : random.nextInt(1, 700_000)];
    random.nextBytes(bytes);
    calls.unlink(fd, path, 0);
    int file = calls.open(fd, path, Libc.O_CREAT | Libc.O_EXCL | Libc.O_WRONLY, 0600);
    calls.write(file, bytes, bytes.length, 0);
    calls.closeDescriptor(file);
  }

  private void attributes(int fd, String path, Random random) throws IOException {
    FileStatus status = calls.status(fd, path);
    calls.changeOwner(fd, path, random.nextInt(3), random.nextInt(100_000));
    if (status.isRegular() || status.isDirectory()) {
      if (random.nextInt(3) == 0) {
        calls.xattrs().set(fd, path, "user.k" + random.nextInt(2), "\0value " + random.nextInt(3));
      }
    }
    if (status.isRegular() && random.nextInt(4) == 0) {
      calls
          .xattrs()
          .set(fd, path, "security.capability", "\1\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    }
    if (!status.isSymlink()) {
      calls.changeMode(fd, path, random.nextInt(010000));
    }
    touch(fd, path, random);
  }

  private void touch(int fd, String path, Random random) throws IOException {
    // A tar made here keeps whole seconds.
    calls.changeTimes(fd, path, 1_000_000_000L + random.nextInt(4), 0);
  }

  /** Changes some of a tree that {@link #fill} has made, and adds to it. */
  void change(Path directory, Random random) throws IOException {
    // What is in a directory before the directory, which may go.
    for (String path : new ArrayList<>(list(directory).keySet()).reversed()) {
      at(
          directory,
          fd -> {
            FileStatus status = calls.find(fd, path);
            if (status != null) {
              switch (random.nextInt(8)) {
                case 0 -> remove(fd, path);
                case 1 -> attributes(fd, path, random);
                case 2 -> {
                  remove(fd, path);
                  write(fd, path, random);
                  attributes(fd, path, random);
                }
                case 3 -> {
                  remove(fd, path);
                  calls.makeDirectory(fd, path);
                  attributes(fd, path, random);
                }
                default -> {}
              }
            }
          });
    }
    fill(directory, random, 20);
    for (String path : list(directory).keySet()) {
      at(
          directory,
          fd -> {
            if (calls.status(fd, path).mtimeNanos() != 0) {
              touch(fd, path, random);
            }
          });
    }
  }

  private void remove(int fd, String path) throws IOException {
    int slash = path.lastIndexOf('/');
    int parent = calls.open(fd, slash < 0 ? "." : path.substring(0, slash), Libc.O_DIRECTORY, 0);
    TreeRemoval.remove(calls, parent, path.substring(slash + 1));
    calls.closeDescriptor(parent);
  }

  /** Does something in a directory that is open. */
  @FunctionalInterface
  private interface In {
    void run(int fd) throws IOException;
  }

  private void at(Path directory, In what) throws IOException {
    try (RootDirectory root = RootDirectory.open(calls, ByteStrings.ofText(directory.toString()))) {
      what.run(root.fd());
    }
  }

  /** All that there is to know of a tree, a line for each file. */
  SortedMap<String, String> list(Path directory) throws IOException {
    SortedMap<String, String> lines = new TreeMap<>();
    Map<Long, List<String>> names = new HashMap<>();
    at(directory, fd -> list(fd, "", lines, names));
    names.values().stream()
        .filter(same -> same.size() > 1)
        .forEach(
            same -> same.forEach(name -> lines.merge(name, " same as " + same, String::concat)));
    return lines;
  }

  private void list(
      int fd, String prefix, SortedMap<String, String> lines, Map<Long, List<String>> names)
      throws IOException {
    for (String name : calls.list(fd)) {
      FileStatus status = calls.status(fd, name);
      Map<String, String> xattrs = new TreeMap<>();
      for (String key : calls.xattrs().names(fd, name)) {
        if (!key.startsWith("trusted.overlay.")) {
          xattrs.put(key, String.valueOf(calls.xattrs().get(fd, name, key)));
        }
      }
      lines.put(
          prefix + name,
          "%o %d:%d %d.%09d %d:%d %s %s"
              .formatted(
                  status.mode(),
                  status.userId(),
                  status.groupId(),
                  status.mtimeSeconds(),
                  status.mtimeNanos(),
                  status.rdevMajor(),
                  status.rdevMinor(),
                  xattrs,
                  content(fd, name, status)));
      if (status.isDirectory()) {
        int child = calls.open(fd, name, Libc.O_DIRECTORY, 0);
        list(child, prefix + name + "/", lines, names);
        calls.closeDescriptor(child);
      } else {
        names.computeIfAbsent(status.inode(), key -> new ArrayList<>()).add(prefix + name);
      }
    }
  }

  private String content(int fd, String name, FileStatus status) throws IOException {
    if (status.isSymlink()) {
      return calls.readLink(fd, name);
    }
    if (!status.isRegular()) {
      return "";
    }
    byte[] bytes = new byte[Math.toIntExact(status.sizeBytes())];
    int file = calls.open(fd, name, 0, 0);
    int done = 0;
    while (done < bytes.length) {
      int read = calls.read(file, bytes, done, bytes.length - done);
      if (read == 0) {
        break;
      }
      done += read;
    }
    calls.closeDescriptor(file);
    return bytes.length + " " + Arrays.hashCode(bytes);
  }

  /** Runs a program to its end, which has to be a good one. */
  static void run(String... words) {
    try {
      Process process = new ProcessBuilder(words).inheritIO().start();
      if (process.waitFor() != 0) {
        throw new AssertionError(String.join(" ", words) + " failed");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
