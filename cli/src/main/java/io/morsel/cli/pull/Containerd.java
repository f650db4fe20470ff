package io.morsel.cli.pull;

import io.grpc.Channel;
import io.grpc.StatusException;
import io.morsel.cli.terminal.CommandException;
import io.morsel.containerd.CallHeaders;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.UnixChannel;
import io.morsel.containerd.api.diff.DiffGrpc;
import io.morsel.containerd.api.images.ImagesGrpc;
import io.morsel.containerd.api.introspection.IntrospectionGrpc;
import io.morsel.containerd.api.introspection.Plugin;
import io.morsel.containerd.api.introspection.PluginsRequest;
import io.morsel.containerd.api.leases.CreateRequest;
import io.morsel.containerd.api.leases.DeleteRequest;
import io.morsel.containerd.api.leases.LeasesGrpc;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to containerd that works in one namespace and under one lease.
 *
 * <p>The lease keeps what has been pulled so far from containerd's garbage collector. Closing the
 * connection deletes the lease: what no image refers to by then is collected. Safe for use by many
 * threads.
 */
final class Containerd implements AutoCloseable {
  /** Should this process die, the collector gets what it has left after so long. */
  private static final Duration LEASE_EXPIRY = Duration.ofHours(24);

  private static final String SNAPSHOTTER_PLUGIN = "io.containerd.snapshotter.v1";
  private static final int CALL_SECONDS = 30;
  private static final Logger log = LoggerFactory.getLogger(Containerd.class);

  private final UnixChannel connection;
  private final String namespace;
  private final String lease;
  private final Channel channel;

  private Containerd(UnixChannel connection, String namespace) {
    this.connection = connection;
    this.namespace = namespace;
    this.lease = "morsel-pull-" + UUID.randomUUID();
    this.channel = connection.channel(CallHeaders.namespace(namespace), CallHeaders.lease(lease));
  }

  /**
   * Connects and takes a lease.
   *
   * @throws CommandException if the socket can't be connected to, or containerd refuses the lease
   */
  static Containerd connect(Path address, String namespace) throws CommandException {
    requireReachable(address);
    Containerd containerd = new Containerd(UnixChannel.open(address), namespace);
    try {
      var _ =
          LeasesGrpc.newBlockingV2Stub(containerd.unleased())
              .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
              .create(
                  CreateRequest.newBuilder()
                      .setId(containerd.lease)
                      .putLabels(
                          "containerd.io/gc.expire",
                          Instant.now()
                              .plus(LEASE_EXPIRY)
                              .truncatedTo(ChronoUnit.SECONDS)
                              .toString())
                      .build());
      return containerd;
    } catch (StatusException failure) {
      containerd.connection.close();
      throw CommandException.failed(
          "containerd at "
              + address
              + " gives no lease in namespace '"
              + namespace
              + "': "
              + message(failure),
          failure);
    }
  }

  private static void requireReachable(Path address) throws CommandException {
    if (!Files.exists(address)) {
      throw CommandException.failed(
          "no containerd at "
              + address
              + ": there is no such socket; start containerd, or name its socket with --address");
    }
    try (SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(address))) {
      log.debug("containerd listens at {}", address);
    } catch (IOException failure) {
      String why = String.valueOf(failure.getMessage());
      String advice =
          why.contains("ermission")
              ? "; run as root, or as a user who may write to the socket"
              : "; is containerd running?";
      throw CommandException.failed(
          "can't connect to containerd at " + address + ": " + why + advice, failure);
    }
  }

  /**
   * Makes sure that containerd has this snapshotter, and could load it.
   *
   * @throws CommandException if not; the message names those that it has
   */
  void requireSnapshotter(String snapshotter) throws CommandException {
    List<Plugin> plugins;
    try {
      plugins =
          IntrospectionGrpc.newBlockingV2Stub(channel)
              .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
              .plugins(
                  PluginsRequest.newBuilder().addFilters("type==" + SNAPSHOTTER_PLUGIN).build())
              .getPluginsList();
    } catch (StatusException failure) {
      throw CommandException.failed(
          "containerd doesn't say which snapshotters it has: " + message(failure), failure);
    }
    TreeSet<String> usable = new TreeSet<>();
    for (Plugin plugin : plugins) {
      if (!plugin.hasInitErr()) {
        usable.add(plugin.getId());
      } else if (plugin.getId().equals(snapshotter)) {
        throw CommandException.failed(
            "containerd could not load the snapshotter '"
                + snapshotter
                + "': "
                + plugin.getInitErr().getMessage());
      }
    }
    if (!usable.contains(snapshotter)) {
      throw CommandException.failed(
          "containerd has no snapshotter '"
              + snapshotter
              + "', only "
              + String.join(", ", usable)
              + "; add [proxy_plugins."
              + snapshotter
              + "] to its configuration (see deploy/containerd-config.toml) and restart it, or"
              + " choose another with --snapshotter");
    }
  }

  /** The channel for stubs; calls on it are made in the namespace and under the lease. */
  Channel channel() {
    return channel;
  }

  /** A stub for images. */
  ImagesGrpc.ImagesBlockingV2Stub images() {
    return ImagesGrpc.newBlockingV2Stub(channel).withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  /** A stub for unpacking layers, which may take long. */
  DiffGrpc.DiffBlockingV2Stub diff() {
    return DiffGrpc.newBlockingV2Stub(channel);
  }

  /** What containerd said of a failure. */
  static String message(StatusException failure) {
    return String.valueOf(ContainerdException.of(failure).getMessage());
  }

  /** Whether a call failed in this way. */
  static boolean is(StatusException failure, ErrorClass errorClass) {
    return ContainerdException.of(failure).errorClass() == errorClass;
  }

  private Channel unleased() {
    return connection.channel(CallHeaders.namespace(namespace));
  }

  /** Deletes the lease, also on a thread that has been interrupted. */
  @Override
  public void close() {
    boolean interrupted = Thread.interrupted();
    try {
      var _ =
          LeasesGrpc.newBlockingV2Stub(unleased())
              .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
              .delete(DeleteRequest.newBuilder().setId(lease).build());
    } catch (StatusException failure) {
      log.warn(
          "can't delete lease {}, it will expire within {} hours: {}",
          lease,
          LEASE_EXPIRY.toHours(),
          message(failure));
    } finally {
      connection.close();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
