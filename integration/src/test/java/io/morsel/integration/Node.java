package io.morsel.integration;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import io.morsel.bench.host.Daemon;
import io.morsel.bench.host.Http;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One machine as an operator would set it up: a containerd with Morsel as its proxy plugin, both on
 * roots and sockets of their own.
 */
final class Node implements AutoCloseable {
  /** The checkout, whose {@code ./morsel} is what is tested. */
  static final Path CHECKOUT =
      Path.of(System.getProperty("morsel.checkout", "..")).toAbsolutePath().normalize();

  private final Path directory;
  private final Options options;
  private final String metricsAddress = "127.0.0.1:" + Http.freePort();
  private @Nullable Daemon morsel;
  private @Nullable Daemon containerd;

  /**
   * How a node is set up.
   *
   * @param backend {@code fuse.backend}
   * @param cri whether containerd's CRI plugin is on
   * @param morselConfig further lines of Morsel's configuration
   * @param morselRoot where Morsel keeps its state; null for a directory of the node
   */
  record Options(String backend, boolean cri, String morselConfig, @Nullable Path morselRoot) {
    static final Options DEFAULT = new Options("auto", false, "", null);

    Options withBackend(String other) {
      return new Options(other, cri, morselConfig, morselRoot);
    }

    Options withCri() {
      return new Options(backend, true, morselConfig, morselRoot);
    }

    Options withConfig(String lines) {
      return new Options(backend, cri, morselConfig + "\n" + lines + "\n", morselRoot);
    }

    Options withRoot(Path root) {
      return new Options(backend, cri, morselConfig, root);
    }
  }

  private Node(Path directory, Options options) {
    this.directory = directory;
    this.options = options;
  }

  /** Starts Morsel, then containerd. */
  static Node start(Options options) {
    try {
      Node node = new Node(Files.createTempDirectory(Path.of("/tmp"), "morsel-it-"), options);
      try {
        node.writeConfig();
        node.startMorsel();
        node.startContainerd();
        return node;
      } catch (Throwable t) {
        try {
          node.close();
        } catch (RuntimeException | Error e) {
          t.addSuppressed(e);
        }
        throw t;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void writeConfig() throws IOException {
    Files.writeString(
        directory.resolve("morsel.toml"),
        """
        root = "%s"
        address = "%s"
        [metrics]
        address = "%s"
        [fuse]
        backend = "%s"
        %s
        """
            .formatted(
                root(), morselSocket(), metricsAddress, options.backend(), options.morselConfig()));
    String plugin =
        """
        [proxy_plugins.%s]
          type = "snapshot"
          address = "%s"
        """;
    Files.writeString(
        directory.resolve("containerd.toml"),
        """
        version = 2
        root = "%1$s/containerd"
        state = "%1$s/state"
        disabled_plugins = [%2$s"io.containerd.internal.v1.opt"]
        [grpc]
          address = "%3$s"
        [plugins."io.containerd.grpc.v1.cri"]
          restrict_oom_score_adj = true
          sandbox_image = "unused"
          stream_server_port = "0"
          [plugins."io.containerd.grpc.v1.cri".containerd]
            snapshotter = "morsel"
            disable_snapshot_annotations = false
          [plugins."io.containerd.grpc.v1.cri".cni]
            bin_dir = "%1$s/cni"
            conf_dir = "%1$s/cni"
        """
                .formatted(
                    directory,
                    options.cri() ? "" : "\"io.containerd.grpc.v1.cri\", ",
                    containerdSocket())
            + plugin.formatted("morsel", morselSocket())
            // ctr-remote asks for a snapshotter of this name, whatever serves it.
            + plugin.formatted("stargz", morselSocket()));
  }

  /** Starts Morsel on the state that is there. */
  void startMorsel() {
    morsel =
        Daemon.start(
            "morsel serve",
            directory.resolve("morsel.log"),
            Map.of(),
            List.of(
                CHECKOUT.resolve("morsel").toString(),
                "serve",
                "--config",
                directory.resolve("morsel.toml").toString()),
            () -> Http.ok("http://" + metricsAddress + "/healthz"));
    if (containerd != null) {
      // It retries a lost connection only after a while, and fails all calls until then.
      Await.until(
          "containerd has connected to Morsel again",
          SOON,
          () -> ctr("snapshots", "--snapshotter", "morsel", "ls").run().exitCode() == 0);
    }
  }

  private void startContainerd() {
    containerd =
        Daemon.start(
            "containerd",
            directory.resolve("containerd.log"),
            Map.of(),
            List.of("containerd", "--config", directory.resolve("containerd.toml").toString()),
            () ->
                Command.of("ctr", "--address", containerdSocket(), "version").run().exitCode()
                    == 0);
  }

  /** {@code ctr WORDS…} against this node's containerd. */
  Command ctr(Object... words) {
    return Command.of("ctr", "--address", containerdSocket(), List.of(words));
  }

  /** {@code ctr-remote WORDS…} against this node's containerd. */
  Command ctrRemote(Object... words) {
    return Command.of("ctr-remote", "--address", containerdSocket(), List.of(words));
  }

  /** {@code morsel WORDS…}. */
  static Command morsel(Object... words) {
    return Command.of(CHECKOUT.resolve("morsel"), List.of(words));
  }

  /** {@code morsel pull REF} into this node's containerd, for Morsel's own snapshotter. */
  Command pull(String reference) {
    return morsel("pull", "--address", containerdSocket(), "--snapshotter", "morsel", reference);
  }

  /** {@code ctr images pull REF}: all of the image, unpacked by overlayfs. */
  Command pullInFull(String reference) {
    return ctr("images", "pull", "--plain-http", "--snapshotter", "overlayfs", reference);
  }

  /** {@code ctr run --rm}: one container to its end. */
  Command run(String snapshotter, String reference, String id, Object... command) {
    return ctr(
        "run",
        "--rm",
        "--privileged",
        "--snapshotter",
        snapshotter,
        reference,
        id,
        List.of(command));
  }

  /**
   * Morsel's metrics: the sum over every series of this name whose labels contain {@code labels}.
   */
  double metric(String name, String... labels) {
    return Http.get("http://" + metricsAddress + "/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
        .filter(line -> Stream.of(labels).allMatch(line::contains))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  /** The mount points of Morsel's layers below this node's root. */
  List<Path> lazyMounts() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/mountinfo"))) {
      return lines
          .filter(line -> line.contains(" - fuse.morsel "))
          .map(line -> Path.of(line.split(" ", -1)[4]))
          .filter(path -> path.startsWith(directory))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String morselLog() {
    return required(morsel).log();
  }

  /** The daemon's own process id. */
  long morselPid() {
    return required(morsel).pid();
  }

  /** Ends Morsel as {@code kill -9} does. */
  void killMorsel() {
    // ./morsel execs Java, so that the pid is the daemon's own.
    required(morsel).kill();
  }

  /** Ends Morsel by SIGTERM. */
  void stopMorsel() {
    required(morsel).close();
  }

  Path directory() {
    return directory;
  }

  Path root() {
    return options.morselRoot() == null ? directory.resolve("morsel") : options.morselRoot();
  }

  Path containerdSocket() {
    return directory.resolve("containerd.sock");
  }

  Path morselSocket() {
    return directory.resolve("morsel.sock");
  }

  private static Daemon required(@Nullable Daemon daemon) {
    return Optional.ofNullable(daemon).orElseThrow();
  }

  @Override
  public void close() {
    try {
      if (containerd != null) {
        if (containerd.isAlive()) {
          endContainers();
        }
        containerd.close();
      }
    } finally {
      endShims();
      try {
        if (morsel != null && morsel.isAlive()) {
          morsel.close();
        }
      } finally {
        unmountAll();
        deleteAll(directory);
      }
    }
  }

  private void endContainers() {
    for (String namespace : List.of("default", "k8s.io")) {
      Command list = ctr("--namespace", namespace, "tasks", "ls", "-q");
      for (String task : list.run().text().lines().toList()) {
        ctr("--namespace", namespace, "tasks", "kill", "-s", "KILL", task).run();
        ctr("--namespace", namespace, "tasks", "rm", "-f", task).run();
      }
    }
  }

  /** Shims outlive containerd by design; those of this node are known by its socket's path. */
  private void endShims() {
    ProcessHandle.allProcesses()
        .filter(
            process ->
                process
                    .info()
                    .commandLine()
                    .filter(line -> line.contains("containerd-shim"))
                    .filter(line -> line.contains("-address " + directory + "/"))
                    .isPresent())
        .forEach(ProcessHandle::destroyForcibly);
  }

  private void unmountAll() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/mountinfo"))) {
      lines
          .map(line -> line.split(" ", -1)[4])
          .filter(path -> path.startsWith(directory + "/"))
          .sorted(Comparator.reverseOrder())
          .forEach(path -> Command.of("umount", "-l", path).run());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** By rm, since Java's paths can't name every file that a layer may have. */
  static void deleteAll(Path directory) {
    Command.of("rm", "-rf", "--one-file-system", directory).succeed();
  }

  /** A wait that fits everything here that is not instant. */
  static final Duration SOON = Duration.ofSeconds(30);
}
