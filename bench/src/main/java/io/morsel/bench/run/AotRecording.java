package io.morsel.bench.run;

import io.morsel.bench.host.Directories;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.host.Uninterrupted;
import io.morsel.bench.image.Workload;
import io.morsel.bench.net.Net;
import io.morsel.bench.node.Containerd;
import io.morsel.bench.node.Mode;
import io.morsel.bench.node.Morsel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Has {@code ./morsel serve} record which classes it needs: a step of installing Morsel, done once
 * for a build, and so before anything is timed.
 */
final class AotRecording {
  private AotRecording() {}

  /** Records unless this build has. */
  static void ensure(Bench bench, Workload workload) {
    Path program = bench.settings().checkout().resolve("cli/target/morsel");
    try {
      Path recorded = program.resolve("aot/serve.aot");
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
    Path directory = Directories.temporary(bench.work(), "aot-");
    Mode mode = new Mode.Lazy();
    String reference =
        "localhost:%d/%s"
            .formatted(
                bench.links().link(Net.LOCAL).port(), bench.repository(workload.image(), mode));
    try {
      Morsel.Setup setup =
          Morsel.Setup.in(bench.settings().checkout(), directory)
              .withEnvironment("MORSEL_AOT", "record");
      try (Morsel morsel = Morsel.start(setup);
          Containerd containerd =
              Containerd.start(directory, Map.of(mode.name(), morsel.socket()), false)) {
        containerd
            .ctrRemote("images", "rpull", "--plain-http", "--snapshotter", mode.name(), reference)
            .succeed();
        containerd
            .ctr(
                "run",
                "--rm",
                "--snapshotter",
                mode.name(),
                reference,
                "record",
                workload.command())
            .succeed();
      }
    } finally {
      Uninterrupted.run(() -> Mounts.detachBelow(directory), () -> Directories.delete(directory));
      bench.progress().ended("aot");
    }
  }
}
