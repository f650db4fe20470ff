package io.morsel.cli.pull;

import io.grpc.Channel;
import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.core.Lease;
import io.morsel.cli.terminal.CommandException;
import io.morsel.containerd.api.diff.ApplyRequest;
import io.morsel.containerd.api.diff.DiffGrpc;
import io.morsel.containerd.api.images.ImagesGrpc;
import io.morsel.containerd.api.introspection.Plugin;
import io.morsel.containerd.api.introspection.PluginsRequest;
import io.morsel.containerd.api.types.Mount;
import io.morsel.registry.Descriptor;
import io.morsel.runtime.image.Descriptors;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * A connection to containerd, or to a core, that works in one namespace and under one lease.
 *
 * <p>The lease keeps what has been pulled so far from containerd's garbage collector. Closing the
 * connection deletes the lease: what no image refers to by then is collected. Safe for use by many
 * threads.
 */
final class Containerd implements AutoCloseable {
  private static final String SNAPSHOTTER_PLUGIN = "io.containerd.snapshotter.v1";

  private final CoreClient client;
  private final Lease lease;

  private Containerd(CoreClient client, Lease lease) {
    this.client = client;
    this.lease = lease;
  }

  /**
   * Connects and takes a lease.
   *
   * @throws CommandException if the socket can't be connected to, or containerd refuses the lease
   */
  static Containerd connect(Path address, String namespace) throws CommandException {
    CoreClient client = CoreClient.connect(address, namespace);
    try {
      return new Containerd(client, Lease.create(client, "pull"));
    } catch (StatusException failure) {
      client.close();
      throw CoreClient.failed(
          "containerd at " + address + " gives no lease in namespace '" + namespace + "'", failure);
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
          client
              .introspection()
              .plugins(
                  PluginsRequest.newBuilder().addFilters("type==" + SNAPSHOTTER_PLUGIN).build())
              .getPluginsList();
    } catch (StatusException failure) {
      throw CoreClient.failed("containerd doesn't say which snapshotters it has", failure);
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
    return lease.channel();
  }

  /** A stub for images. */
  ImagesGrpc.ImagesBlockingV2Stub images() {
    return ImagesGrpc.newBlockingV2Stub(channel())
        .withDeadlineAfter(CoreClient.CALL_SECONDS, TimeUnit.SECONDS);
  }

  /**
   * Unpacks a layer that is in the content store, which may take long.
   *
   * @return the digest of its uncompressed bytes
   */
  String apply(Descriptor layer, List<Mount> mounts) throws StatusException {
    return DiffGrpc.newBlockingV2Stub(channel())
        .apply(
            ApplyRequest.newBuilder().setDiff(Descriptors.wire(layer)).addAllMounts(mounts).build())
        .getApplied()
        .getDigest();
  }

  /** Deletes the lease, also on a thread that has been interrupted. */
  @Override
  public void close() {
    try {
      lease.close();
    } finally {
      client.close();
    }
  }
}
