package io.morsel.bench.run;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.DockerRegistry;
import io.morsel.bench.host.HostException;
import io.morsel.bench.host.Http;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.host.Output;
import io.morsel.bench.host.PageCache;
import io.morsel.bench.host.ProcessUse;
import io.morsel.bench.image.Workload;
import io.morsel.bench.net.Link;
import io.morsel.bench.net.Traffic;
import io.morsel.bench.node.Mode;
import io.morsel.bench.node.Node;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Starts one container on a node where nothing of its image is, measures it, and checks that the
 * run did what it claims.
 */
final class ColdStart {
  /** runc's state is the whole machine's: two runs at once must not share a name. */
  static final String ID = "bench-" + ProcessHandle.current().pid();

  private static final Duration START_LIMIT = Duration.ofMinutes(10);
  private static final long POLL_NANOS = Duration.ofMillis(2).toNanos();

  private final DockerRegistry registry;

  ColdStart(DockerRegistry registry) {
    this.registry = registry;
  }

  /**
   * Measures one start.
   *
   * @param repository the image in the registry, as NAME:TAG
   * @param step is told what goes on, for the progress line
   * @throws VoidSampleException if the run did not do what it claims
   */
  StartFigures measure(
      Node node, Link link, String repository, Workload workload, Consumer<String> step)
      throws VoidSampleException {
    String reference = "localhost:" + link.port() + "/" + repository;
    RegistryImage image = RegistryImage.read(registry, repository);
    step.accept("waiting until the daemon is idle");
    node.awaitIdle();
    step.accept("dropping caches");
    PageCache.drop();
    PageCache.warm(image.files());
    long answersBefore = registry.answers();
    Traffic before = link.traffic();
    ProcessUse useBefore = node.daemonUse();

    step.accept("pulling");
    long begin = System.nanoTime();
    must(node.pull(reference), "the pull failed");
    long pulled = System.nanoTime();
    step.accept("creating the container");
    int port = Http.freePort();
    must(node.create(reference, ID, workload.command(port)), "the container could not be made");
    long created = System.nanoTime();
    step.accept("waiting for the first output");
    AtomicReference<Traffic> atOutput = new AtomicReference<>(before);
    Process task = node.startTask(ID).start();
    long first;
    long demandBytes;
    String printed;
    String errors;
    try {
      Output out = Output.read(task.getInputStream(), () -> atOutput.set(link.traffic()));
      Output err = Output.read(task.getErrorStream(), () -> {});
      if (workload.kind() instanceof Workload.Kind.Server server) {
        printed = firstAnswer(server, port, task, err);
        first = System.nanoTime();
        atOutput.set(link.traffic());
        node.killTask(ID);
      } else {
        first = firstByte(out, err, task);
        printed = "";
      }
      step.accept("waiting for its end");
      await(task);
      // A server's own words are none of its answer.
      printed = printed.isEmpty() ? text(out) : printed;
      errors = text(err);
      demandBytes =
          (long) node.metric("morsel_fetch_blob_bytes_total", "priority=\"demand\"").orElse(0);
    } finally {
      Command.end(task);
    }
    if (!workload.accepts(printed)) {
      throw new VoidSampleException("wrong output: " + excerpt(printed + errors));
    }
    ProcessUse use = node.daemonUse();
    StartFigures figures =
        new StartFigures(
            begin,
            (pulled - begin) / 1e6,
            (created - pulled) / 1e6,
            (first - created) / 1e6,
            Objects.requireNonNull(atOutput.get()).since(before),
            link.traffic().since(before),
            use.cpuSeconds() - useBefore.cpuSeconds(),
            use,
            demandBytes);
    check(node, image, figures, registry.answers() - answersBefore);
    return figures;
  }

  private static void must(Command command, String failure) throws VoidSampleException {
    Command.Result result = command.run();
    if (result.exitCode() != 0) {
      throw new VoidSampleException(failure + ": " + excerpt(result.errors() + result.text()));
    }
  }

  /** The beginning of what a program said, in one line. */
  static String excerpt(String text) {
    String line = text.strip().replaceAll("\\s+", " ");
    return line.length() <= 300 ? line : line.substring(0, 300) + "…";
  }

  private static long firstByte(Output out, Output err, Process task) throws VoidSampleException {
    try {
      return out.firstByteNanos().get(START_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      await(task);
      throw new VoidSampleException("the container printed nothing: " + excerpt(text(err)));
    } catch (TimeoutException e) {
      throw new VoidSampleException("no output within " + START_LIMIT.toMinutes() + " min");
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static String text(Output output) throws VoidSampleException {
    try {
      return output.text().get(START_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new VoidSampleException("the container's output did not end");
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static void await(Process task) throws VoidSampleException {
    try {
      if (!task.waitFor(START_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new VoidSampleException("no end within " + START_LIMIT.toMinutes() + " min");
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static HostException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new HostException("interrupted while a container was starting", cause);
  }

  /** Asks a server until it answers; the answer's body. */
  private static String firstAnswer(
      Workload.Kind.Server server, int port, Process task, Output errors)
      throws VoidSampleException {
    URI address = URI.create("http://127.0.0.1:" + port + server.path());
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    while (System.nanoTime() < deadline) {
      Optional<String> answer = LoopbackGet.tryGet(address);
      if (answer.isPresent()) {
        return answer.get();
      }
      if (!task.isAlive()) {
        throw new VoidSampleException(
            "the server ended before it answered: " + excerpt(text(errors)));
      }
      if (Thread.currentThread().isInterrupted()) {
        throw interrupted(new InterruptedException());
      }
      LockSupport.parkNanos(POLL_NANOS);
    }
    throw new VoidSampleException("no answer within " + START_LIMIT.toMinutes() + " min");
  }

  /** What a run claims by its mode must be so; otherwise its figures say nothing. */
  private static void check(Node node, RegistryImage image, StartFigures figures, long answers)
      throws VoidSampleException {
    long counted = figures.inTotal().receivedBytes();
    long requests = figures.inTotal().requests();
    if (answers > requests) {
      throw new VoidSampleException(
          "the registry answered %d requests, of which only %d passed the counter"
              .formatted(answers, requests));
    }
    String container = node.engine().ctr("containers", "info", ID).run().text();
    if (!container.contains("\"Snapshotter\": \"" + node.mode().snapshotter() + "\"")) {
      throw new VoidSampleException("the container is not on " + node.mode().snapshotter());
    }
    List<String> contents = node.engine().contents();
    long present = image.layers().stream().filter(contents::contains).count();
    if (!node.mode().isLazy()) {
      if (counted < image.layerBytes()) {
        throw new VoidSampleException(
            "a full pull moved %d of %d bytes".formatted(counted, image.layerBytes()));
      }
      return;
    }
    if (present > 0) {
      throw new VoidSampleException(
          "%d of %d layers were pulled in full".formatted(present, image.layers().size()));
    }
    if (figures.untilOutput().receivedBytes() == 0) {
      throw new VoidSampleException("nothing was fetched: the layers were there from before");
    }
    if (node.mode() instanceof Mode.Lazy || node.mode() instanceof Mode.Core) {
      checkMorsel(node, image);
    }
  }

  private static void checkMorsel(Node node, RegistryImage image) throws VoidSampleException {
    int mounts = Mounts.lazyBelow(node.directory()).size();
    if (mounts < image.distinctLayers()) {
      throw new VoidSampleException(
          "%d of %d layers are mounted".formatted(mounts, image.distinctLayers()));
    }
    double fallbacks = node.metric("morsel_snapshotter_fallback_total").orElseThrow();
    if (fallbacks > 0) {
      throw new VoidSampleException((long) fallbacks + " layers fell back to a full pull");
    }
  }
}
