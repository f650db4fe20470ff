package io.morsel.bench.fleet;

import io.morsel.bench.host.HostException;
import io.morsel.bench.net.Traffic;
import io.morsel.bench.result.Cell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/** Starts a fleet once, and checks that it did what it claims. */
final class FleetStart {
  /** Requests, headers and manifests come on top of the blobs' bytes. */
  private static final long OTHER_BYTES_PER_NODE = 256 << 10;

  /** What the engine merges into one request depends a little on what comes first. */
  private static final double COLD_SHARE = 0.5;

  private static final double TOLERANCE = 0.1;

  private final FleetPlan plan;
  private final Image image;

  /**
   * What the fleet starts.
   *
   * @param trace what each node reads of it
   * @param compressedBytes of all layers
   * @param manifestBytes what each node gets besides blobs
   */
  record Image(StartTrace trace, long compressedBytes, long manifestBytes) {}

  /** A sample that does not count. */
  static final class VoidSampleException extends Exception {
    private static final long serialVersionUID = 1;

    VoidSampleException(String reason) {
      super(reason);
    }
  }

  FleetStart(FleetPlan plan, Image image) {
    this.plan = plan;
    this.image = image;
  }

  /**
   * Starts so many nodes at once.
   *
   * @param up told how many nodes are up, each time that another one is; called by many threads
   * @throws VoidSampleException if a node failed, or the bytes are not those of such a start
   * @throws HostException if the site's cache does not start, or the thread is interrupted
   */
  FleetSample run(Site site, int nodes, IntConsumer up) throws IOException, VoidSampleException {
    Path directory = Files.createTempDirectory(plan.work(), "fleet-");
    try {
      Path cache = Files.createDirectory(directory.resolve("cache"));
      try (SiteServer server =
          SiteServer.start(site, plan.registry().port(), cache, image.compressedBytes())) {
        FleetSample sample = run(server, nodes, directory, up);
        check(site, sample);
        return sample;
      }
    } finally {
      delete(directory);
    }
  }

  private FleetSample run(SiteServer server, int count, Path directory, IntConsumer up)
      throws IOException, VoidSampleException {
    List<FleetNode> nodes = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        nodes.add(
            new FleetNode(server.port(), plan.repositoryAndTag(), directory.resolve("node-" + i)));
      }
      Traffic before = plan.registry().traffic();
      double cacheBefore = server.cpuMillis();
      ProcessorTime processorsBefore = ProcessorTime.now();
      List<Double> upMillis = startAll(nodes, up);
      ProcessorTime processors = ProcessorTime.now();
      FleetSample sample =
          new FleetSample(
              upMillis,
              plan.registry().traffic().since(before),
              nodes.stream().map(FleetNode::receivedBytes).toList(),
              processors.busyShareSince(processorsBefore, lastUpMillis(upMillis)),
              server.cpuMillis() - cacheBefore);
      for (int i = 0; i < count; i++) {
        FleetNode node = nodes.get(i);
        if (!node.has(image.trace()) || node.presentBytes() < image.trace().bytes()) {
          throw new VoidSampleException(
              "node %d has %d bytes of %d that its start touches"
                  .formatted(i + 1, node.presentBytes(), image.trace().bytes()));
        }
      }
      return sample;
    } finally {
      closeAll(nodes);
    }
  }

  private List<Double> startAll(List<FleetNode> nodes, IntConsumer up) throws VoidSampleException {
    CountDownLatch start = new CountDownLatch(1);
    CountDownLatch down = new CountDownLatch(nodes.size());
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Long>> ends = new ArrayList<>();
      for (FleetNode node : nodes) {
        Callable<Long> task =
            () -> {
              start.await();
              node.open();
              node.start(image.trace());
              long end = System.nanoTime();
              down.countDown();
              up.accept((int) (nodes.size() - down.getCount()));
              return end;
            };
        ends.add(executor.submit(task));
      }
      long begin = System.nanoTime();
      start.countDown();
      List<Double> upMillis = new ArrayList<>();
      String failure = null;
      try {
        for (int i = 0; i < ends.size(); i++) {
          try {
            upMillis.add((double) (ends.get(i).get() - begin) / TimeUnit.MILLISECONDS.toNanos(1));
          } catch (ExecutionException e) {
            failure = "node %d: %s".formatted(i + 1, String.valueOf(e.getCause()));
          }
        }
      } catch (InterruptedException e) {
        executor.shutdownNow();
        Thread.currentThread().interrupt();
        throw new HostException("interrupted while a fleet starts", e);
      }
      if (failure != null) {
        throw new VoidSampleException(failure);
      }
      return upMillis;
    }
  }

  private static double lastUpMillis(List<Double> upMillis) {
    return upMillis.stream().mapToDouble(Double::doubleValue).max().orElse(1);
  }

  private static void check(Site site, FleetSample sample) throws VoidSampleException {
    long sent = sample.traffic().receivedBytes();
    double oneNode =
        Cell.median(sample.receivedBytes().stream().mapToDouble(Long::doubleValue).toArray());
    // A cold cache has to ask for nearly all that one node gets: less by what the node reads twice,
    // such as the end of a blob with its footer. A warm one asks for next to nothing.
    double least =
        site == Site.DIRECT ? sample.nodes() * oneNode * (1 - TOLERANCE) : oneNode * COLD_SHARE;
    double most =
        site == Site.DIRECT
            ? sample.nodes() * (oneNode * (1 + TOLERANCE) + OTHER_BYTES_PER_NODE)
            : Double.MAX_VALUE;
    if (sent < least || sent > most) {
      throw new VoidSampleException(
          site == Site.DIRECT
              ? "the registry sent %d bytes, and %d nodes should have had %.0f each"
                  .formatted(sent, sample.nodes(), oneNode)
              : "the registry sent %d bytes, far fewer than the %.0f of one node: the cache was not cold"
                  .formatted(sent, oneNode));
    }
  }

  private static void closeAll(List<FleetNode> nodes) throws IOException {
    IOException failure = null;
    for (FleetNode node : nodes) {
      try {
        node.close();
      } catch (IOException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** Deletes a directory with all that is in it. */
  static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
