package io.morsel.bench.node;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.Daemon;
import io.morsel.bench.host.Http;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A {@code morsel serve} on a root and a socket of its own, built from a checkout. */
public final class Morsel implements AutoCloseable {
  private final Daemon daemon;
  private final Path root;
  private final Path socket;
  private final String metricsAddress;

  private Morsel(Daemon daemon, Path root, Path socket, String metricsAddress) {
    this.daemon = daemon;
    this.root = root;
    this.socket = socket;
    this.metricsAddress = metricsAddress;
  }

  /**
   * How it is set up.
   *
   * @param checkout whose {@code ./morsel} is run
   * @param directory for its configuration, log and socket
   * @param root where it keeps its state
   * @param config further lines of its configuration
   */
  public record Setup(Path checkout, Path directory, Path root, String config) {
    /** With its root in its directory. */
    public static Setup in(Path checkout, Path directory) {
      return new Setup(checkout, directory, directory.resolve("morsel"), "");
    }

    /** The same with further lines of configuration. */
    public Setup withConfig(String lines) {
      return new Setup(checkout, directory, root, config + "\n" + lines + "\n");
    }
  }

  /** Starts it on the state that is there, and waits until it is ready. */
  public static Morsel start(Setup setup) {
    String metrics = "127.0.0.1:" + Http.freePort();
    Path socket = setup.directory().resolve("morsel.sock");
    Path file = setup.directory().resolve("morsel.toml");
    try {
      Files.writeString(
          file,
          """
          root = "%s"
          address = "%s"
          %s
          [metrics]
          address = "%s"
          """
              .formatted(setup.root(), socket, setup.config(), metrics));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Daemon daemon =
        Daemon.start(
            "morsel serve",
            setup.directory().resolve("morsel.log"),
            Map.of(),
            List.of(
                setup.checkout().resolve("morsel").toString(),
                "serve",
                "--config",
                file.toString()),
            () -> Http.ok("http://" + metrics + "/healthz"));
    return new Morsel(daemon, setup.root(), socket, metrics);
  }

  /** {@code morsel WORDS…} from a checkout. */
  public static Command command(Path checkout, Object... words) {
    return Command.of(checkout.resolve("morsel"), List.of(words));
  }

  /** Where it keeps its state. */
  public Path root() {
    return root;
  }

  /** Where it listens. */
  public Path socket() {
    return socket;
  }

  /**
   * Its process, with its log. {@code ./morsel} execs Java, so that the pid is the daemon's own.
   */
  public Daemon daemon() {
    return daemon;
  }

  /** Where its metrics are served: host and port. */
  public String metricsAddress() {
    return metricsAddress;
  }

  /**
   * One of its metrics: the sum over every series of this name whose labels contain {@code labels}.
   */
  public double metric(String name, String... labels) {
    return Scrape.sum(metricsAddress, name, labels);
  }

  /** Ends it by SIGTERM; a no-op where it has ended. */
  @Override
  public void close() {
    if (daemon.isAlive()) {
      daemon.close();
    }
  }
}
