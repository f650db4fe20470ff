package io.morsel.integration;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.host.Uninterrupted;
import io.morsel.bench.node.Containerd;
import io.morsel.bench.node.Morsel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
  private @Nullable Morsel morsel;
  private @Nullable Containerd containerd;

  /**
   * How a node is set up.
   *
   * @param backend {@code fuse.backend}
   * @param warmUp whether Morsel warms up, as it does where nobody says otherwise
   * @param cri whether containerd's CRI plugin is on
   * @param morselConfig further lines of Morsel's configuration
   * @param morselRoot where Morsel keeps its state; null for a directory of the node
   */
  record Options(
      String backend, boolean warmUp, boolean cri, String morselConfig, @Nullable Path morselRoot) {
    static final Options DEFAULT = new Options("auto", false, false, "", null);

    Options withBackend(String other) {
      return new Options(other, warmUp, cri, morselConfig, morselRoot);
    }

    Options withWarmUp() {
      return new Options(backend, true, cri, morselConfig, morselRoot);
    }

    Options withCri() {
      return new Options(backend, warmUp, true, morselConfig, morselRoot);
    }

    Options withConfig(String lines) {
      return new Options(backend, warmUp, cri, morselConfig + "\n" + lines + "\n", morselRoot);
    }

    Options withRoot(Path root) {
      return new Options(backend, warmUp, cri, morselConfig, root);
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

  /** Starts Morsel on the state that is there. */
  void startMorsel() {
    morsel =
        Morsel.start(
            new Morsel.Setup(
                CHECKOUT,
                directory,
                root(),
                "%s[fuse]\nbackend = \"%s\"\n%s"
                    .formatted(
                        options.warmUp() ? "" : Cores.NO_WARM_UP,
                        options.backend(),
                        options.morselConfig())));
    if (containerd != null) {
      // It retries a lost connection only after a while, and fails all calls until then.
      Await.until(
          "containerd has connected to Morsel again",
          SOON,
          () -> ctr("snapshots", "--snapshotter", "morsel", "ls").run().exitCode() == 0);
    }
  }

  private void startContainerd() {
    Path socket = morselSocket();
    // ctr-remote asks for a snapshotter named stargz, whatever serves it.
    containerd =
        Containerd.start(directory, Map.of("morsel", socket, "stargz", socket), options.cri());
  }

  /** {@code ctr WORDS…} against this node's containerd. */
  Command ctr(Object... words) {
    return required(containerd).ctr(words);
  }

  /** {@code ctr-remote WORDS…} against this node's containerd. */
  Command ctrRemote(Object... words) {
    return required(containerd).ctrRemote(words);
  }

  /** {@code morsel WORDS…}. */
  static Command morsel(Object... words) {
    return Morsel.command(CHECKOUT, words);
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
    return required(morsel).metric(name, labels);
  }

  /** The mount points of Morsel's layers below this node's root, but for the warm-up's own. */
  List<Path> lazyMounts() {
    return Mounts.lazyBelow(directory).stream()
        .filter(mount -> !directory.relativize(mount).startsWith("morsel/warm-up"))
        .toList();
  }

  /** What they are mounted as: {@code fuse.morsel} or {@code erofs}. */
  List<String> lazyMountTypes() {
    return Mounts.typesAt(lazyMounts());
  }

  /** How many layers Morsel serves bytes of: it has a descriptor of {@code /dev/fuse} for each. */
  long servedLayers() {
    try (Stream<Path> entries = Files.list(Path.of("/proc", Long.toString(morselPid()), "fd"))) {
      return entries.filter(Node::isFuseDevice).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isFuseDevice(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).equals(Path.of("/dev/fuse"));
    } catch (IOException e) {
      return false; // Closed meanwhile.
    }
  }

  String morselLog() {
    return required(morsel).daemon().log();
  }

  /** The daemon's own process id. */
  long morselPid() {
    return required(morsel).daemon().pid();
  }

  /** Ends Morsel as {@code kill -9} does. */
  void killMorsel() {
    required(morsel).daemon().kill();
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
    return required(containerd).socket();
  }

  Path morselSocket() {
    return directory.resolve("morsel.sock");
  }

  private static <T> T required(@Nullable T part) {
    return Optional.ofNullable(part).orElseThrow();
  }

  @Override
  public void close() {
    Uninterrupted.run(
        () -> Optional.ofNullable(containerd).ifPresent(Containerd::close),
        () -> Optional.ofNullable(morsel).ifPresent(Morsel::close),
        () -> Mounts.detachBelow(directory),
        () -> Directories.delete(directory));
  }

  /** A wait that fits everything here that is not instant. */
  static final Duration SOON = Duration.ofSeconds(30);
}
