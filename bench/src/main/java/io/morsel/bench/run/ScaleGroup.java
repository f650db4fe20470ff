package io.morsel.bench.run;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.host.HostException;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.host.Output;
import io.morsel.bench.host.PageCache;
import io.morsel.bench.host.ProcessUse;
import io.morsel.bench.host.Uninterrupted;
import io.morsel.bench.image.BenchImage;
import io.morsel.bench.image.GeneratedImages;
import io.morsel.bench.image.StoredImage;
import io.morsel.bench.image.Workload;
import io.morsel.bench.image.Workloads;
import io.morsel.bench.net.Link;
import io.morsel.bench.net.Net;
import io.morsel.bench.net.Traffic;
import io.morsel.bench.node.Mode;
import io.morsel.bench.node.Node;
import io.morsel.bench.result.Recorder;
import io.morsel.cli.terminal.Quantity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** {@code scale}: how cost grows with containers, mounted layers, and entries of a layer. */
final class ScaleGroup {
  private static final int LIMIT_MINUTES = 10;
  private static final int LOOKUPS = 10_000;

  private final Bench bench;
  private final Recorder recorder;
  private final Link link;

  ScaleGroup(Bench bench) {
    this.bench = bench;
    this.recorder = bench.recorder();
    this.link = bench.links().link(Net.LOCAL);
  }

  void run() {
    Workload workload = Workloads.cold(bench.settings().size()).getFirst();
    if (bench.settings().modes().stream().anyMatch(Mode.Lazy.class::isInstance)) {
      // What an earlier run has left in the registry must not decide.
      new ProfileSharing(bench).share(List.of(workload));
    }
    for (int count : bench.settings().starts()) {
      for (Mode mode : bench.settings().modes()) {
        starts(workload, count, mode);
      }
    }
    for (Mode mode : bench.settings().modes()) {
      if (mode.isLazy()) {
        layers(mode);
      }
    }
    for (Mode mode : bench.settings().modes()) {
      entries(mode);
    }
  }

  private static ModeFigures keys(String what, long count, Mode mode) {
    return new ModeFigures("scale", "local", what + "-" + count, mode.name());
  }

  private String reference(BenchImage image, Mode mode) {
    return reference(bench.repository(image, mode));
  }

  private String reference(String repository) {
    return "localhost:" + link.port() + "/" + repository;
  }

  // --- many containers of one image at once

  /** What many starts at once came to. */
  private record Starts(double pullMillis, double startsMillis, Traffic traffic, ProcessUse use) {}

  private void starts(Workload workload, int count, Mode mode) {
    ModeFigures keys = keys("starts", count, mode);
    bench.sample(
        "scale  %-14s %-10s".formatted(keys.workload(), mode.name()),
        step -> {
          try (Node node = bench.startNode(mode, "")) {
            return startAll(node, workload, count, step);
          }
        },
        starts ->
            "%s (pull %s), %s"
                .formatted(
                    Quantity.millis(Math.round(starts.pullMillis() + starts.startsMillis())),
                    Quantity.millis(Math.round(starts.pullMillis())),
                    Quantity.bytes(starts.traffic().receivedBytes())),
        starts -> {
          recorder.add(keys.millis("total_millis"), 1, starts.pullMillis() + starts.startsMillis());
          recorder.add(keys.millis("pull_millis"), 1, starts.pullMillis());
          recorder.add(keys.bytes("received_bytes"), 1, starts.traffic().receivedBytes());
          recorder.add(keys.bytes("peak_rss_bytes"), 1, starts.use().peakResidentBytes());
        },
        reason -> recorder.addVoid(keys.millis("total_millis"), 1, reason));
  }

  private Starts startAll(Node node, Workload workload, int count, Consumer<String> step)
      throws VoidSampleException {
    RegistryImage image =
        RegistryImage.read(bench.registry(), bench.repository(workload.image(), node.mode()));
    step.accept("waiting until the daemon is idle");
    node.awaitIdle();
    PageCache.drop();
    PageCache.warm(image.files());
    String reference = reference(workload.image(), node.mode());
    Traffic before = link.traffic();
    step.accept("pulling");
    long begin = System.nanoTime();
    node.pull(reference).succeed();
    long pulled = System.nanoTime();
    List<Process> running = new ArrayList<>();
    List<Output> outputs = new ArrayList<>();
    List<Output> errors = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        Process process = node.run(reference, ColdStart.ID + "-" + i, workload.command()).start();
        running.add(process);
        outputs.add(Output.read(process.getInputStream(), () -> {}));
        errors.add(Output.read(process.getErrorStream(), () -> {}));
        step.accept("started " + (i + 1) + " of " + count);
      }
      long last = begin;
      for (Output output : outputs) {
        last = Math.max(last, output.firstByteNanos().get(LIMIT_MINUTES, TimeUnit.MINUTES));
      }
      for (Output output : outputs) {
        String text = output.text().get(LIMIT_MINUTES, TimeUnit.MINUTES);
        if (!workload.accepts(text)) {
          throw new VoidSampleException(
              "one of %d printed: %s".formatted(count, ColdStart.excerpt(text)));
        }
      }
      for (Process process : running) {
        if (process.waitFor() != 0) {
          throw failed(count, running, errors);
        }
      }
      return new Starts(
          (pulled - begin) / 1e6,
          (last - pulled) / 1e6,
          link.traffic().since(before),
          node.daemonUse());
    } catch (ExecutionException e) {
      throw failed(count, running, errors);
    } catch (TimeoutException e) {
      throw new VoidSampleException(
          "one of %d containers printed nothing within %d min".formatted(count, LIMIT_MINUTES));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HostException("interrupted while containers were starting", e);
    } finally {
      running.forEach(Command::end);
    }
  }

  /** What the client said of the first container that failed, and how many did. */
  private static VoidSampleException failed(int count, List<Process> running, List<Output> errors) {
    List<Integer> failed = new ArrayList<>();
    for (int i = 0; i < running.size(); i++) {
      if (!running.get(i).isAlive() && running.get(i).exitValue() != 0) {
        failed.add(i);
      }
    }
    String said =
        failed.isEmpty()
            ? "no output, and no failure"
            : errors.get(failed.getFirst()).text().getNow("nothing yet");
    return new VoidSampleException(
        "%d of %d containers failed: %s"
            .formatted(Math.max(1, failed.size()), count, ColdStart.excerpt(said)));
  }

  // --- many layers on one node

  private void layers(Mode mode) {
    List<String> images =
        bench.images().all(BenchImage.LAYERS, true).stream().map(StoredImage::name).toList();
    int layersPerImage = GeneratedImages.layersPerImage(bench.settings().size());
    try (Node node = bench.startNode(mode, "")) {
      int pulledImages = 0;
      for (int wanted : bench.settings().mountedLayers()) {
        ModeFigures keys = keys("layers", wanted, mode);
        int from = pulledImages;
        int to = Math.min(images.size(), Math.ceilDiv(wanted, layersPerImage));
        pulledImages = to;
        bench.sample(
            "scale  %-14s %-10s".formatted(keys.workload(), mode.name()),
            step -> {
              long begin = System.nanoTime();
              for (String image : images.subList(from, to)) {
                step.accept("pulling " + image);
                node.pull(reference(image)).succeed();
              }
              double millis = (System.nanoTime() - begin) / 1e6;
              int mounted = Mounts.lazyBelow(node.directory()).size();
              if (mode instanceof Mode.Lazy && mounted < wanted) {
                throw new VoidSampleException(mounted + " layers are mounted");
              }
              return millis;
            },
            millis ->
                "%s, %s"
                    .formatted(
                        Quantity.millis(Math.round(millis)),
                        Quantity.bytes(node.daemonUse().residentBytes())),
            millis -> {
              if (to > from) {
                recorder.add(keys.millis("pull_millis_per_image"), 1, millis / (to - from));
              }
              recorder.add(keys.bytes("resident_bytes"), 1, node.daemonUse().residentBytes());
            },
            reason -> recorder.addVoid(keys.bytes("resident_bytes"), 1, reason));
      }
    }
  }

  // --- one layer of many entries

  /** What a layer of many entries came to. */
  private record Entries(double pullMillis, double lookupMicros, ProcessUse use) {}

  private void entries(Mode mode) {
    int count = GeneratedImages.entries(bench.settings().size());
    ModeFigures keys = keys("entries", count, mode);
    bench.sample(
        "scale  %-14s %-10s".formatted(keys.workload(), mode.name()),
        step -> {
          try (Node node = bench.startNode(mode, "")) {
            return lookUp(node, count, step);
          }
        },
        entries ->
            "pull %s, %.0f us a lookup, peak %s"
                .formatted(
                    Quantity.millis(Math.round(entries.pullMillis())),
                    entries.lookupMicros(),
                    Quantity.bytes(entries.use().peakResidentBytes())),
        entries -> {
          recorder.add(keys.millis("pull_millis"), 1, entries.pullMillis());
          recorder.add(keys.key("lookup_micros", "us"), 1, entries.lookupMicros());
          recorder.add(keys.bytes("peak_rss_bytes"), 1, entries.use().peakResidentBytes());
          recorder.add(keys.bytes("resident_bytes"), 1, entries.use().residentBytes());
        },
        reason -> recorder.addVoid(keys.millis("pull_millis"), 1, reason));
  }

  private Entries lookUp(Node node, int count, Consumer<String> step) throws VoidSampleException {
    String reference = reference(BenchImage.ENTRIES, node.mode());
    step.accept("pulling");
    long begin = System.nanoTime();
    node.pull(reference).succeed();
    double pullMillis = (System.nanoTime() - begin) / 1e6;
    Path root = Directories.temporary(node.directory(), "root-");
    node.mountImage(root);
    try {
      step.accept("looking up names");
      PageCache.drop();
      SplittableRandom random = new SplittableRandom(count);
      int lookups = Math.min(LOOKUPS, count);
      long start = System.nanoTime();
      for (int i = 0; i < lookups; i++) {
        Path file = root.resolve(GeneratedImages.entryPath(random.nextInt(count)).substring(1));
        Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      }
      double micros = (System.nanoTime() - start) / 1e3 / lookups;
      return new Entries(pullMillis, micros, node.daemonUse());
    } catch (IOException e) {
      throw new VoidSampleException("a name is not there: " + e.getMessage());
    } finally {
      Uninterrupted.run(() -> node.unmountImage(root));
    }
  }
}
