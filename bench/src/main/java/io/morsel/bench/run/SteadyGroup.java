package io.morsel.bench.run;

import io.morsel.bench.host.HostException;
import io.morsel.bench.host.PageCache;
import io.morsel.bench.host.Uninterrupted;
import io.morsel.bench.image.BenchImage;
import io.morsel.bench.image.GeneratedImages;
import io.morsel.bench.image.Size;
import io.morsel.bench.net.Net;
import io.morsel.bench.node.Mode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** {@code steady}: reading a layer that is there in full, cold from the disk and warm. */
final class SteadyGroup {
  private static final int READS = 4_000;
  private static final int READS_OF_A_SMOKE = 50;

  private final Bench bench;

  SteadyGroup(Bench bench) {
    this.bench = bench;
  }

  void run() {
    Size size = bench.settings().size();
    SteadyTest.Layout layout =
        new SteadyTest.Layout(
            GeneratedImages.STEADY_SMALL,
            GeneratedImages.steadySmallFiles(size),
            GeneratedImages.steadySmallBytes(size),
            GeneratedImages.STEADY_HUGE,
            GeneratedImages.STEADY_PROGRAM,
            GeneratedImages.steadyProgramOutput(size));
    List<SteadyTest> tests = SteadyTest.all(layout, size == Size.SMOKE ? READS_OF_A_SMOKE : READS);
    List<FilledRoot> roots = new ArrayList<>();
    try {
      for (Mode mode : bench.settings().modes()) {
        prepare(mode, tests, roots);
      }
      for (int round = 1; round <= bench.settings().rounds(); round++) {
        for (SteadyTest test : tests) {
          for (FilledRoot root : roots) {
            sample(test, root, "cold", round);
            if (test.warm()) {
              // Right after the cold one, which has read all that is read now.
              sample(test, root, "warm", round);
            }
          }
        }
      }
    } finally {
      Uninterrupted.run(
          roots.reversed().stream().map(root -> (Runnable) root::close).toArray(Runnable[]::new));
    }
  }

  private void prepare(Mode mode, List<SteadyTest> tests, List<FilledRoot> roots) {
    String reference =
        "localhost:%d/%s"
            .formatted(
                bench.links().link(Net.LOCAL).port(), bench.repository(BenchImage.STEADY, mode));
    bench.sample(
        "steady %-10s pulling and filling".formatted(mode.name()),
        step -> {
          step.accept("pulling and filling");
          return FilledRoot.prepare(bench, mode, reference);
        },
        _ -> "",
        roots::add,
        reason -> {
          for (SteadyTest test : tests) {
            bench
                .recorder()
                .addVoid(keys(test, mode, "cold").key(test.metric(), test.unit()), 1, reason);
          }
        });
  }

  private static ModeFigures keys(SteadyTest test, Mode mode, String state) {
    return new ModeFigures("steady", "local", test.name() + "-" + state, mode.name());
  }

  private void sample(SteadyTest test, FilledRoot root, String state, int round) {
    ModeFigures keys = keys(test, root.mode(), state);
    bench.sample(
        "steady %-20s %-10s round %d/%d"
            .formatted(keys.workload(), keys.mode(), round, bench.settings().rounds()),
        step -> {
          step.accept("reading");
          if (state.equals("cold")) {
            PageCache.drop();
          }
          try {
            return test.body().run(root.root());
          } catch (IOException e) {
            throw new HostException("reading failed: " + e.getMessage(), e);
          }
        },
        value -> String.format(Locale.ROOT, "%.1f %s", value, test.unit()),
        value -> bench.recorder().add(keys.key(test.metric(), test.unit()), round, value),
        reason -> bench.recorder().addVoid(keys.key(test.metric(), test.unit()), round, reason));
  }
}
