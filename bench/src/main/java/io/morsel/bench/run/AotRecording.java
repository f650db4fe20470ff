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

  private static void ensure(Bench bench, String daemon) {
    Path program = bench.settings().checkout().resolve("cli/target/morsel");
    try {
      Path recorded = program.resolve("aot/" + daemon + ".aot");
      if (Files.exists(recorded)
          && Files.getLastModifiedTime(recorded)
                  .compareTo(Files.getLastModifiedTime(program.resolve("lib")))
              > 0) {
        return;
      }
    } catch (IOException e) {
      // Recorded anew, which fails with a better message where there is no program.
    }
    bench.progress().running("aot", () -> "recording what Morsel needs at its start");
    try {
      var _ = Morsel.command(bench.settings().checkout(), daemon, "--record").succeed();
    } finally {
      bench.progress().ended("aot");
    }
  }
}
