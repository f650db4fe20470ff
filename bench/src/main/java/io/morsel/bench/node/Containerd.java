package io.morsel.bench.node;

import io.morsel.bench.host.CgroupView;
import io.morsel.bench.host.Daemon;
import io.morsel.bench.host.Uninterrupted;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A containerd on roots and a socket of its own, with snapshotters as its proxy plugins. */
public final class Containerd implements Engine {
  private final Path directory;
  private final Daemon daemon;

  private Containerd(Path directory, Daemon daemon) {
    this.directory = directory;
    this.daemon = daemon;
  }

  /**
   * Starts one and waits until it answers.
   *
   * @param directory where it keeps everything; below nothing but this containerd's
   * @param snapshotters sockets of proxy plugins by name
   * @param cri whether its CRI plugin is on, for the snapshotter {@code morsel}
   */
  public static Containerd start(Path directory, Map<String, Path> snapshotters, boolean cri) {
    return start(directory, snapshotters, cri, CgroupView.MACHINE);
  }

  /**
   * The same with a view of the machine's cgroups.
   *
   * @param cgroups what it and its containers see of them
   */
  public static Containerd start(
      Path directory, Map<String, Path> snapshotters, boolean cri, CgroupView cgroups) {
    StringBuilder config =
        new StringBuilder(
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
                    directory, cri ? "" : "\"io.containerd.grpc.v1.cri\", ", socket(directory)));
    snapshotters.forEach(
        (name, socket) ->
            config.append(
                """
                [proxy_plugins.%s]
                  type = "snapshot"
                  address = "%s"
                """
                    .formatted(name, socket)));
    Path file = directory.resolve("containerd.toml");
    try {
      Files.writeString(file, config);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Daemon daemon =
        Daemon.start(
            "containerd",
            directory.resolve("containerd.log"),
            Map.of(),
            cgroups.command(List.of("containerd", "--config", file.toString())),
            () -> Engine.answers(socket(directory)));
    return new Containerd(directory, daemon);
  }

  private static Path socket(Path directory) {
    return directory.resolve("containerd.sock");
  }

  @Override
  public Path socket() {
    return socket(directory);
  }

  @Override
  public long pid() {
    return daemon.pid();
  }

  /** Ends its containers, itself, and its shims. */
  @Override
  public void close() {
    Uninterrupted.run(this::endContainers, this::endDaemon, () -> Leftovers.endShims(directory));
  }

  private void endDaemon() {
    if (daemon.isAlive()) {
      daemon.close();
    }
  }

  private void endContainers() {
    if (daemon.isAlive()) {
      Leftovers.endContainers(this);
    }
  }
}
