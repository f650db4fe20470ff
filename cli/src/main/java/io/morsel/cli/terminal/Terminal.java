package io.morsel.cli.terminal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What is known of the terminal that the program runs in. */
public final class Terminal {
  private Terminal() {}

  /** Whether stderr is a terminal that understands cursor movements. */
  public static boolean isLive() {
    return isLive(2);
  }

  /** Whether a descriptor is a terminal that understands cursor movements. */
  public static boolean isLive(int descriptor) {
    String term = System.getenv("TERM");
    if (term == null || term.equals("dumb") || System.getenv("CI") != null) {
      return false;
    }
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException e) {
      return false;
    }
  }
}
