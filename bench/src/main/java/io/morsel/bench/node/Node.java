package io.morsel.bench.node;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.host.HostException;
import io.morsel.bench.host.Http;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.host.ProcessUse;
import io.morsel.bench.host.Uninterrupted;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A node that was never used before: a containerd and the snapshotter of one {@link Mode}, or what
 * stands in their place, on empty roots.
 *
 * <p>Every mode is driven by the same clients: {@code ctr} for all, and to pull lazily {@code
 * ctr-remote images rpull}, which sends every lazy snapshotter the same labels.
 */
public final class Node implements AutoCloseable {
  private static final String OVERLAYFS = "overlayfs";
  private static final String VIEW = "bench-view";
  private static final Duration IDLE_LIMIT = Duration.ofSeconds(30);

  /** A daemon that used no more than this in so long a time is idle. */
  private static final double IDLE_SECONDS = 0.015;

  private static final long IDLE_NANOS = Duration.ofMillis(300).toNanos();
  private static final Duration PULL_LIMIT = Duration.ofMinutes(30);

  private final Path directory;
  private final Mode mode;
  private final @Nullable Morsel morsel;
  private final Engine engine;

  /** Where Morsel's metrics are served; empty in the other modes. */
  private final String metricsAddress;

  private Node(
      Path directory, Mode mode, @Nullable Morsel morsel, Engine engine, String metricsAddress) {
    this.directory = directory;
    this.mode = mode;
    this.morsel = morsel;
    this.engine = engine;
    this.metricsAddress = metricsAddress;
  }

  /**
   * Starts one.
   *
   * @param checkout whose Morsel is used
   * @param work where to make the node's directory
   * @param morselConfig further lines of Morsel's configuration
   */
  public static Node start(Path checkout, Path work, Mode mode, String morselConfig) {
    Path directory = Directories.temporary(work, "node-");
    Morsel morsel = null;
    boolean started = false;
    try {
      Map<String, Path> plugins =
          switch (mode) {
            case Mode.Full _, Mode.Core _ -> Map.of();
            case Mode.Lazy lazy -> {
              morsel = Morsel.start(Morsel.Setup.in(checkout, directory).withConfig(morselConfig));
              yield Map.of(lazy.name(), morsel.socket());
            }
            case Mode.Peer peer -> {
              peer.reset().ifPresent(command -> Command.of("sh", "-c", command).succeed());
              yield Map.of(peer.name(), peer.socket());
            }
          };
      String metrics = morsel == null ? "" : morsel.metricsAddress();
      Engine engine;
      if (mode instanceof Mode.Core) {
        metrics = "127.0.0.1:" + Http.freePort();
        engine =
            Core.start(
                checkout,
                directory,
                "%s\n[metrics]\naddress = \"%s\"\n".formatted(morselConfig, metrics));
      } else {
        engine = Containerd.start(directory, plugins, false);
      }
      started = true;
      return new Node(directory, mode, morsel, engine, metrics);
    } finally {
      if (!started) {
        Morsel unused = morsel;
        Uninterrupted.run(
            () -> {
              if (unused != null) {
                unused.close();
              }
            },
            () -> Mounts.detachBelow(directory),
            () -> Directories.delete(directory));
      }
    }
  }

  /** What serves its containers. */
  public Mode mode() {
    return mode;
  }

  /** What runs its containers. */
  public Engine engine() {
    return engine;
  }

  /**
   * One of Morsel's metrics: the sum over every series of this name whose labels contain {@code
   * labels}; empty in modes without Morsel.
   */
  public OptionalDouble metric(String name, String... labels) {
    return metricsAddress.isEmpty()
        ? OptionalDouble.empty()
        : OptionalDouble.of(Scrape.sum(metricsAddress, name, labels));
  }

  /** Its Morsel, in that mode. */
  public Optional<Morsel> morsel() {
    return Optional.ofNullable(morsel);
  }

  /** Where it keeps everything. */
  public Path directory() {
    return directory;
  }

  /** Pulls an image: in full or lazily, as the mode wants it. */
  public Command pull(String reference) {
    List<String> options = List.of("--plain-http", "--snapshotter", mode.snapshotter(), reference);
    Command command =
        mode.isLazy()
            ? engine.ctrRemote("images", "rpull", options)
            : engine.ctr("images", "pull", options);
    return command.within(PULL_LIMIT);
  }

  /** Makes a container of a pulled image. */
  public Command create(String reference, String id, List<String> command) {
    return engine.ctr(
        "containers",
        "create",
        "--net-host",
        "--snapshotter",
        mode.snapshotter(),
        // Otherwise ctr takes what looks like options of its own out of the container's command.
        "--",
        reference,
        id,
        command);
  }

  /** Makes a container, runs it to its end, and removes it; its output is the command's. */
  public Command run(String reference, String id, List<String> command) {
    return engine
        .ctr(
            "run",
            "--rm",
            "--net-host",
            "--snapshotter",
            mode.snapshotter(),
            reference,
            id,
            command)
        .within(PULL_LIMIT);
  }

  /** Pulls all of an image, for overlayfs, in any mode. */
  public Command pullInFull(String reference) {
    return engine
        .ctr("images", "pull", "--plain-http", "--snapshotter", OVERLAYFS, reference)
        .within(PULL_LIMIT);
  }

  /** As {@link #run}, of an image that {@link #pullInFull} has pulled. */
  public Command runInFull(String reference, String id, List<String> command) {
    return engine
        .ctr("run", "--rm", "--net-host", "--snapshotter", OVERLAYFS, reference, id, command)
        .within(PULL_LIMIT);
  }

  /** The same by {@code morsel run} of a checkout. */
  public Command morselRunInFull(Path checkout, String reference, String id, List<String> command) {
    return Morsel.command(
            checkout,
            "run",
            "--rm",
            "--net-host",
            "--address",
            engine.socket(),
            "--snapshotter",
            OVERLAYFS,
            "--name",
            id,
            reference,
            command)
        .within(PULL_LIMIT);
  }

  /** Runs a container's command to its end; its output is the command's. */
  public Command startTask(String id) {
    return engine.ctr("tasks", "start", id);
  }

  /** Ends a container's processes. */
  public void killTask(String id) {
    engine.ctr("tasks", "kill", "-s", "KILL", "--all", id).run();
  }

  /**
   * Mounts read-only, as a container would see it, the one image that was pulled here. By a view of
   * its topmost snapshot: {@code ctr images mount} wants the layers' contents, which a lazy pull
   * does not bring.
   */
  public void mountImage(Path target) {
    // In one call: the garbage collector takes a view that nothing refers to. What it is a view of
    // stays, and so does the mount.
    String mount =
        engine
            .ctr(
                "snapshots",
                "--snapshotter",
                mode.snapshotter(),
                "view",
                "--target",
                target,
                VIEW,
                topmostSnapshot())
            .succeed();
    Command.of("sh", "-c", mount).succeed();
  }

  /** Takes back {@link #mountImage}. */
  public void unmountImage(Path target) {
    Command.of("umount", target).succeed();
    engine.ctr("snapshots", "--snapshotter", mode.snapshotter(), "rm", VIEW).run();
  }

  /** The committed snapshot on which no other rests. */
  private String topmostSnapshot() {
    List<String[]> rows =
        engine
            .ctr("snapshots", "--snapshotter", mode.snapshotter(), "ls")
            .succeed()
            .lines()
            .filter(line -> line.strip().endsWith("Committed"))
            .map(line -> line.strip().split("\\s+", -1))
            .toList();
    // KEY PARENT KIND; the lowest one has no parent.
    Set<String> parents =
        rows.stream().filter(row -> row.length == 3).map(row -> row[1]).collect(Collectors.toSet());
    List<String> topmost =
        rows.stream().map(row -> row[0]).filter(key -> !parents.contains(key)).toList();
    if (topmost.size() != 1) {
      throw new HostException("%d images are on the node, not one".formatted(topmost.size()));
    }
    return topmost.getFirst();
  }

  /**
   * The process that unpacks or serves layers: containerd itself for full pulls, otherwise the
   * snapshotter.
   */
  public ProcessUse daemonUse() {
    return ProcessUse.of(
        switch (mode) {
          case Mode.Full _, Mode.Core _ -> engine.pid();
          case Mode.Lazy _ -> morsel().orElseThrow().daemon().pid();
          case Mode.Peer peer -> ListeningProcess.of(peer.socket());
        });
  }

  /**
   * Returns once the daemon has nothing to do any more: on a real node it has been up for long
   * before somebody starts a container.
   *
   * @throws HostException if it is still busy after a while
   */
  public void awaitIdle() {
    double[] usedSeconds = {daemonUse().cpuSeconds()};
    long[] sinceNanos = {System.nanoTime()};
    Await.until(
        "the " + mode.name() + " daemon is idle",
        IDLE_LIMIT,
        () -> {
          double now = daemonUse().cpuSeconds();
          // A clock tick is 10 ms, and a daemon's own timers may take one now and then.
          if (now > usedSeconds[0] + IDLE_SECONDS) {
            usedSeconds[0] = now;
            sinceNanos[0] = System.nanoTime();
          }
          return System.nanoTime() - sinceNanos[0] > IDLE_NANOS;
        });
  }

  /**
   * Ends everything, and deletes the node's directory; a peer is left without this node's images.
   */
  @Override
  public void close() {
    Uninterrupted.run(
        this::emptyPeer,
        () -> Leftovers.endContainers(engine),
        engine::close,
        () -> Leftovers.endShims(directory),
        () -> morsel().ifPresent(Morsel::close),
        () -> Mounts.detachBelow(directory),
        () -> Directories.delete(directory));
  }

  /**
   * The next node's containerd knows nothing of what this one left in a peer, and would collide.
   */
  private void emptyPeer() {
    if (!(mode instanceof Mode.Peer)) {
      return;
    }
    for (String task : engine.ctr("tasks", "ls", "-q").run().text().lines().toList()) {
      killTask(task);
      engine.ctr("tasks", "rm", "-f", task).run();
    }
    for (String id : engine.ctr("containers", "ls", "-q").run().text().lines().toList()) {
      engine.ctr("containers", "rm", id).run();
    }
    for (String image : engine.ctr("images", "ls", "-q").run().text().lines().toList()) {
      engine.ctr("images", "rm", "--sync", image).run();
    }
    String left = engine.ctr("snapshots", "--snapshotter", mode.snapshotter(), "ls").run().text();
    if (left.lines().count() > 1) {
      throw new HostException(
          "the peer %s keeps snapshots that were removed:%n%s".formatted(mode.snapshotter(), left));
    }
  }
}
