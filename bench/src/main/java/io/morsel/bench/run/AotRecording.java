package io.morsel.bench.run;

import io.morsel.bench.node.Morsel;
import io.morsel.bench.node.Recording;

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
    if (Recording.isThere(bench.settings().checkout(), daemon)) {
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
