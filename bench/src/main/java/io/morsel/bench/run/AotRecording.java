package io.morsel.bench.run;

import io.morsel.bench.node.Morsel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Has {@code ./morsel serve} record which classes it needs: a step of installing Morsel, done once
 * for a build, and so before anything is timed.
 */
final class AotRecording {
  private AotRecording() {}

  /** Records what is measured, unless this build has. */
  static void ensure(Bench bench) {
    ensure(bench, "serve");
    if (bench.settings().groups().contains(GroupName.CORE)) {
      ensure(bench, "core");
    }
  }

  /** Whether this build has a recording of a command. */
  static boolean isThere(Bench bench, String command) {
    Path program = bench.settings().checkout().resolve("cli/target/morsel");
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

  private static void ensure(Bench bench, String daemon) {
    if (isThere(bench, daemon)) {
      return;
    }
    bench.progress().running("aot", () -> "recording what Morsel needs at its start");
    try {
      var _ = Morsel.command(bench.settings().checkout(), daemon, "--record").succeed();
    } finally {
      bench.progress().ended("aot");
    }
  }
}
