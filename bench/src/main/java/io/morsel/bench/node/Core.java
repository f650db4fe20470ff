package io.morsel.bench.node;

import io.morsel.bench.host.CgroupView;
import io.morsel.bench.host.Daemon;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A {@code morsel core} on roots and a socket of its own, built from a checkout. */
public final class Core implements Engine {
  private final Path directory;
  private final Daemon daemon;

  private Core(Path directory, Daemon daemon) {
    this.directory = directory;
    this.daemon = daemon;
  }

  /**
   * Starts it on the state that is there, and waits until it answers.
   *
   * @param checkout whose {@code ./morsel} is run
   * @param directory where it keeps everything; below nothing but this core's
   * @param config what its {@code config.toml} says
   */
  public static Core start(Path checkout, Path directory, String config) {
    return start(checkout, directory, config, CgroupView.MACHINE);
  }

  /**
   * The same with a view of the machine's cgroups.
   *
   * @param cgroups what it and its containers see of them
   */
  public static Core start(Path checkout, Path directory, String config, CgroupView cgroups) {
    Path socket = directory.resolve("core.sock");
    Path file = directory.resolve("core.toml");
    try {
      Files.writeString(file, config);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Daemon daemon =
        Daemon.start(
            "morsel core",
            directory.resolve("core.log"),
            Map.of(),
            cgroups.command(
                List.of(
                    checkout.resolve("morsel").toString(),
                    "core",
                    "--config",
                    file.toString(),
                    "--root",
                    root(directory).toString(),
                    "--state",
                    directory.resolve("state").toString(),
                    "--address",
                    socket.toString())),
            () -> Engine.answers(socket));
    return new Core(directory, daemon);
  }

  private static Path root(Path directory) {
    return directory.resolve("core");
  }

  /** Where it keeps what outlives a restart of the machine. */
  public Path root() {
    return root(directory);
  }

  @Override
  public Path socket() {
    return directory.resolve("core.sock");
  }

  @Override
  public long pid() {
    return daemon.pid();
  }

  /** Ends it as {@code kill -9} does. */
  public void kill() {
    daemon.kill();
  }

  /** Ends it by SIGTERM, and nothing that outlives it by design; a no-op where it has ended. */
  @Override
  public void close() {
    if (daemon.isAlive()) {
      daemon.close();
    }
  }
}
