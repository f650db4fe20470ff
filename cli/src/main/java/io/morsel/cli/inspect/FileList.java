package io.morsel.cli.inspect;

import io.morsel.cli.terminal.Printable;
import io.morsel.stargz.erofs.ErofsImage;
import io.morsel.stargz.erofs.ErofsInode;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

/** The files of a layer, one line each, in the manner of {@code ls -l}. */
final class FileList {
  private static final int TYPE_MASK = 0xf000;
  private static final int DIRECTORY = 0x4000;
  private static final int SYMLINK = 0xa000;
  private static final String[] RIGHTS = {"---", "--x", "-w-", "-wx", "r--", "r-x", "rw-", "rwx"};

  private record Directory(long nid, String path) {}

  private FileList() {}

  static List<String> of(ErofsImage tree) throws IOException {
    List<String> lines = new ArrayList<>();
    Deque<Directory> left = new ArrayDeque<>();
    left.push(new Directory(tree.rootNid(), ""));
    while (!left.isEmpty()) {
      Directory directory = left.pop();
      List<Directory> below = new ArrayList<>();
      tree.list(
          directory.nid(),
          0,
          (name, nid, type, _) -> {
            String shown = Printable.name(name);
            if (!shown.equals(".") && !shown.equals("..")) {
              String path = directory.path() + "/" + shown;
              lines.add(line(tree, nid, path));
              if (type == DIRECTORY) {
                below.add(new Directory(nid, path));
              }
            }
            return true;
          });
      below.reversed().forEach(left::push);
    }
    return lines;
  }

  private static String line(ErofsImage tree, long nid, String path) throws IOException {
    ErofsInode inode = tree.inode(nid);
    String target =
        (inode.mode() & TYPE_MASK) == SYMLINK
            ? " -> " + Printable.name(tree.symlinkTarget(nid))
            : "";
    return String.format(
        Locale.ROOT,
        "%s %3d %5d:%-5d %12d %s %s%s",
        mode(inode.mode()),
        inode.nlink(),
        Integer.toUnsignedLong(inode.uid()),
        Integer.toUnsignedLong(inode.gid()),
        inode.sizeBytes(),
        Instant.ofEpochSecond(inode.mtimeSeconds()).truncatedTo(ChronoUnit.SECONDS),
        path,
        target);
  }

  /** {@code drwxr-xr-x} and its like, as POSIX describes it for ls. */
  static String mode(int mode) {
    char type =
        switch (mode & TYPE_MASK) {
          case DIRECTORY -> 'd';
          case SYMLINK -> 'l';
          case 0x2000 -> 'c';
          case 0x6000 -> 'b';
          case 0x1000 -> 'p';
          case 0xc000 -> 's';
          default -> '-';
        };
    StringBuilder text = new StringBuilder(10).append(type);
    text.append(RIGHTS[mode >> 6 & 7]).append(RIGHTS[mode >> 3 & 7]).append(RIGHTS[mode & 7]);
    special(text, 3, mode, 04000, 's');
    special(text, 6, mode, 02000, 's');
    special(text, 9, mode, 01000, 't');
    return text.toString();
  }

  private static void special(StringBuilder text, int index, int mode, int bit, char letter) {
    if ((mode & bit) != 0) {
      text.setCharAt(index, text.charAt(index) == 'x' ? letter : Character.toUpperCase(letter));
    }
  }
}
