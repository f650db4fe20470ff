package io.morsel.bench.node;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.host.HostException;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.host.ProcessUse;
import io.morsel.bench.host.Uninterrupted;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A node that was never used before: a containerd, and the snapshotter of one {@link Mode}, on
 * empty roots.
 *
 * <p>Every mode is driven by the same clients: {@code ctr} for all, and to pull lazily {@code
 * ctr-remote images rpull}, which sends every lazy snapshotter the same labels.
 */
public final class Node implements AutoCloseable {
  private static final String VIEW = "bench-view";
  private static final Duration IDLE_LIMIT = Duration.ofSeconds(30);

  /** A daemon that used no more than this in so long a time is idle. */
  private static final double IDLE_SECONDS = 0.015;

  private static final long IDLE_NANOS = Duration.ofMillis(300).toNanos();
  private static final Duration PULL_LIMIT = Duration.ofMinutes(30);

  private final Path directory;
  private final Mode mode;
  private final @Nullable Morsel morsel;
  private final Containerd containerd;

  private Node(Path directory, Mode mode, @Nullable Morsel morsel, Containerd containerd) {
    this.directory = directory;
    this.mode = mode;
    this.morsel = morsel;
    this.containerd = containerd;
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
            case Mode.Full _ -> Map.of();
            case Mode.Lazy lazy -> {
              morsel = Morsel.start(Morsel.Setup.in(checkout, directory).withConfig(morselConfig));
              yield Map.of(lazy.name(), morsel.socket());
            }
            case Mode.Peer peer -> {
              peer.reset().ifPresent(command -> Command.of("sh", "-c", command).succeed());
              yield Map.of(peer.name(), peer.socket());
            }
          };
      Containerd containerd = Containerd.start(directory, plugins, false);
      started = true;
      return new Node(directory, mode, morsel, containerd);
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

  /** Its containerd. */
  public Containerd containerd() {
    return containerd;
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
    List<String> options = List.of("--plain-http", "--snapshotter", mode.name(), reference);
    Command command =
        mode.isLazy()
            ? containerd.ctrRemote("images", "rpull", options)
            : containerd.ctr("images", "pull", options);
    return command.within(PULL_LIMIT);
  }

  /** Makes a container of a pulled image. */
  public Command create(String reference, String id, List<String> command) {
    return containerd.ctr(
        "containers",
        "create",
        "--net-host",
        "--snapshotter",
        mode.name(),
        // Otherwise ctr takes what looks like options of its own out of the container's command.
        "--",
        reference,
        id,
        command);
  }

  /** Makes a container, runs it to its end, and removes it; its output is the command's. */
  public Command run(String reference, String id, List<String> command) {
    return containerd
        .ctr("run", "--rm", "--net-host", "--snapshotter", mode.name(), reference, id, command)
        .within(PULL_LIMIT);
  }

  /** Runs a container's command to its end; its output is the command's. */
  public Command startTask(String id) {
    return containerd.ctr("tasks", "start", id);
  }

  /** Ends a container's processes. */
  public void killTask(String id) {
    containerd.ctr("tasks", "kill", "-s", "KILL", "--all", id).run();
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
        containerd
            .ctr(
                "snapshots",
                "--snapshotter",
                mode.name(),
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
    containerd.ctr("snapshots", "--snapshotter", mode.name(), "rm", VIEW).run();
  }

  /** The committed snapshot on which no other rests. */
  private String topmostSnapshot() {
    List<String[]> rows =
        containerd
            .ctr("snapshots", "--snapshotter", mode.name(), "ls")
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
          case Mode.Full _ -> containerd.pid();
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
        containerd::close,
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
    for (String task : containerd.ctr("tasks", "ls", "-q").run().text().lines().toList()) {
      killTask(task);
      containerd.ctr("tasks", "rm", "-f", task).run();
    }
    for (String id : containerd.ctr("containers", "ls", "-q").run().text().lines().toList()) {
      containerd.ctr("containers", "rm", id).run();
    }
    for (String image : containerd.ctr("images", "ls", "-q").run().text().lines().toList()) {
      containerd.ctr("images", "rm", "--sync", image).run();
    }
    String left = containerd.ctr("snapshots", "--snapshotter", mode.name(), "ls").run().text();
    if (left.lines().count() > 1) {
      throw new HostException(
          "the peer %s keeps snapshots that were removed:%n%s".formatted(mode.name(), left));
    }
  }
}
