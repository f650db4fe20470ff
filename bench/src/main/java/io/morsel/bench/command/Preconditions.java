package io.morsel.bench.command;

import io.morsel.bench.host.Command;
import io.morsel.bench.image.ImageCache;
import io.morsel.bench.image.Size;
import io.morsel.bench.node.Mode;
import io.morsel.bench.run.GroupName;
import io.morsel.bench.run.RunSettings;
import io.morsel.cli.terminal.CommandException;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What must be so before anything is measured. */
final class Preconditions {
  /**
   * containerd takes 104 bytes for a socket, of which a node's directory and a name take the rest.
   */
  private static final int MAX_WORK_PATH_BYTES = 50;

  private static final long WORK_BYTES = 6L << 30;
  private static final long SMALL_WORK_BYTES = 1L << 30;

  private Preconditions() {}

  /**
   * Checks everything.
   *
   * @param install whether to install what is missing
   */
  static void check(RunSettings settings, boolean install, PrintWriter err)
      throws CommandException {
    Object user = uid();
    if (!Integer.valueOf(0).equals(user)) {
      throw CommandException.failed(
          "needs root: nodes mount filesystems and run containers (try: sudo ./bench/run)");
    }
    packages(settings, install, err);
    for (Mode mode : settings.modes()) {
      if (mode instanceof Mode.Peer peer) {
        answers(peer);
      }
    }
    socketPaths(settings.work());
    space(settings);
  }

  private static Object uid() throws CommandException {
    try {
      return Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    } catch (IOException e) {
      throw CommandException.failed("/proc is not there: " + e.getMessage(), e);
    }
  }

  private static void packages(RunSettings settings, boolean install, PrintWriter err)
      throws CommandException {
    List<String> missing = new ArrayList<>();
    for (String name : needed(settings)) {
      Command.Result result =
          Command.of("dpkg-query", "-W", "-f", "${db:Status-Status}", name).run();
      if (!result.text().equals("installed")) {
        missing.add(name);
      }
    }
    if (missing.isEmpty()) {
      return;
    }
    String names = String.join(" ", missing);
    if (!install) {
      throw CommandException.failed(
          "Debian packages are missing: %s; run again with --install, or: apt-get install %s"
              .formatted(names, names));
    }
    err.println("installing " + names);
    err.flush();
    // RUNLEVEL: services of these packages are not wanted, each run starts its own.
    for (Command command :
        List.of(
            Command.of("apt-get", "update"),
            Command.of("apt-get", "install", "-y", "--no-install-recommends", missing))) {
      Command.Result result =
          command
              .with("RUNLEVEL", 1)
              .with("DEBIAN_FRONTEND", "noninteractive")
              .within(Duration.ofMinutes(20))
              .run();
      if (result.exitCode() != 0) {
        throw CommandException.failed("%s failed: %s".formatted(command, result.errors().strip()));
      }
    }
  }

  private static Set<String> needed(RunSettings settings) {
    Set<String> names =
        new LinkedHashSet<>(
            List.of("containerd", "runc", "stargz-snapshotter", "iproute2", "libdeflate0"));
    names.addAll(ImageCache.DEBIAN_PACKAGES);
    if (settings.groups().contains(GroupName.FLEET)) {
      names.addAll(List.of("nginx-light", "squid"));
    }
    return names;
  }

  private static void answers(Mode.Peer peer) throws CommandException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(peer.socket()));
    } catch (IOException | IllegalArgumentException e) {
      throw CommandException.failed(
          "the peer %s does not answer on %s: %s; start it, or give its socket"
              .formatted(peer.name(), peer.socket(), e.getMessage()),
          e);
    }
  }

  private static void socketPaths(Path work) throws CommandException {
    int bytes = work.toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_WORK_PATH_BYTES) {
      throw CommandException.failed(
          "--work %s: the path is %d bytes too long for the Unix sockets below it; choose a shorter one"
              .formatted(work, bytes - MAX_WORK_PATH_BYTES));
    }
  }

  private static void space(RunSettings settings) throws CommandException {
    long needed = settings.size() == Size.FULL ? WORK_BYTES : SMALL_WORK_BYTES;
    try {
      Files.createDirectories(settings.work());
      long free = Files.getFileStore(settings.work()).getUsableSpace();
      if (free < needed) {
        throw CommandException.failed(
            "%s has %d MB free, and a run needs %d MB for its nodes: make room, or choose another directory with --work"
                .formatted(settings.work(), free >> 20, needed >> 20));
      }
    } catch (IOException e) {
      throw CommandException.failed(settings.work() + ": " + e.getMessage(), e);
    }
  }
}
