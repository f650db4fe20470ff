package io.morsel.bench.run;

import io.morsel.bench.host.DockerRegistry;
import io.morsel.bench.host.HostException;
import io.morsel.bench.image.BenchImage;
import io.morsel.bench.image.ImageLibrary;
import io.morsel.bench.image.Size;
import io.morsel.bench.node.Mode;
import io.morsel.bench.node.Node;
import io.morsel.bench.result.Recorder;
import io.morsel.cli.terminal.Progress;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * What the groups of a run share.
 *
 * @param work the run's own directory, deleted at its end
 */
record Bench(
    RunSettings settings,
    ImageLibrary images,
    DockerRegistry registry,
    OpenLinks links,
    Recorder recorder,
    Progress progress,
    Path work) {
  private static final int EXCERPT_CHARACTERS = 200;

  /**
   * A node that was never used before.
   *
   * @param morselConfig further lines of Morsel's configuration: tables
   */
  Node startNode(Mode mode, String morselConfig) {
    return Node.start(settings.checkout(), work, mode, warmUp(mode) + morselConfig);
  }

  /**
   * Each sample waits until its daemon is warm. In a smoke, whose figures nobody reads, only the
   * core's do, which shows that it works.
   */
  private String warmUp(Mode mode) {
    return settings.size() == Size.SMOKE && !(mode instanceof Mode.Core) ? "warm_up = false\n" : "";
  }

  /** The image as a mode wants it, as NAME:TAG. */
  String repository(BenchImage image, Mode mode) {
    return mode.isLazy() ? images.esgz(image) : images.plain(image);
  }

  /** One sample's figures, or its failure. */
  @FunctionalInterface
  interface Sampling<T> {
    T take(Consumer<String> step) throws VoidSampleException;
  }

  /** A sample's figures as the progress shows them. */
  @FunctionalInterface
  interface Summary<T> {
    String of(T figures);
  }

  /** What became of a sample. */
  @FunctionalInterface
  interface Outcome<T> {
    void record(T figures);
  }

  /**
   * Takes one sample, showing how it goes. A sample that is void, or whose node broke, is recorded
   * as void, and the run goes on.
   *
   * @param what the sample's name in the progress
   * @param voided records that there are no figures, with the reason
   */
  <T> void sample(
      String what,
      Sampling<T> sampling,
      Summary<T> summary,
      Outcome<T> outcome,
      Consumer<String> voided) {
    StepLine line = new StepLine(what);
    progress.running(what, line::text);
    try {
      T figures = sampling.take(line::step);
      outcome.record(figures);
      progress.ended(what, what + "  " + summary.of(figures));
    } catch (VoidSampleException e) {
      voided.accept(String.valueOf(e.getMessage()));
      progress.ended(what, what + "  VOID: " + e.getMessage());
    } catch (HostException e) {
      if (Thread.currentThread().isInterrupted()) {
        throw e;
      }
      String reason = shortened(String.valueOf(e.getMessage()));
      voided.accept(reason);
      progress.ended(what, what + "  VOID: " + reason);
    }
  }

  /** A message may have a daemon's whole log: what failed stands first, and why stands last. */
  private static String shortened(String message) {
    String line = message.strip().replaceAll("\\s+", " ");
    return line.length() <= 2 * EXCERPT_CHARACTERS
        ? line
        : line.substring(0, EXCERPT_CHARACTERS)
            + " … "
            + line.substring(line.length() - EXCERPT_CHARACTERS);
  }

  /** A line of progress whose end says what goes on. */
  private static final class StepLine {
    private final String what;
    private final long beginNanos = System.nanoTime();
    private volatile String step = "starting the node";

    StepLine(String what) {
      this.what = what;
    }

    void step(String next) {
      step = next;
    }

    String text() {
      return "%s  %.0f s: %s".formatted(what, (System.nanoTime() - beginNanos) / 1e9, step);
    }
  }
}
