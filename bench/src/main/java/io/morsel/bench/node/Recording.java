package io.morsel.bench.node;

import io.morsel.bench.host.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the virtual machine keeps of one run of a command of {@code ./morsel}, so that later ones
 * start sooner: made once for a build, as whoever installs Morsel does.
 */
public final class Recording {
  private Recording() {}

  /**
   * Whether a checkout's build has one.
   *
   * @param command such as {@code serve}
   */
  public static boolean isThere(Path checkout, String command) {
    Path program = checkout.resolve("cli/target/morsel");
    try {
      Path recorded = program.resolve("aot/" + command + ".aot");
      return Files.exists(recorded)
          && Files.getLastModifiedTime(recorded)
                  .compareTo(Files.getLastModifiedTime(program.resolve("lib")))
              > 0;
    } catch (IOException e) {
      // Recorded anew, which fails with a better message where there is no program.
      return false;
    }
  }

  /**
   * The same run, but one that makes it where there is none, which takes some seconds more.
   *
   * @param command the command that {@code run} runs
   */
  public static Command ensured(Path checkout, String command, Command run) {
    return isThere(checkout, command) ? run : run.with("MORSEL_AOT", "record");
  }
}
