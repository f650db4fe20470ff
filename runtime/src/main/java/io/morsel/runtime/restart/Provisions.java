package io.morsel.runtime.restart;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.types.Mount;
import io.morsel.runtime.cni.Cni;
import io.morsel.runtime.cni.PortMapping;
import io.morsel.runtime.container.ContainerLabels;
import io.morsel.runtime.snapshot.NamespacedSnapshots;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** What a container needs for its start beside itself: its root filesystem and its network. */
public final class Provisions {
  private final Map<String, NamespacedSnapshots> snapshotters;

  /**
   * From these.
   *
   * @param snapshotters by their names
   */
  public Provisions(Map<String, NamespacedSnapshots> snapshotters) {
    this.snapshotters = Map.copyOf(snapshotters);
  }

  /** What its root filesystem is made of; nothing where its specification says. */
  List<Mount> rootfs(String namespace, Container container) throws ContainerdException {
    if (container.getSnapshotKey().isEmpty()) {
      return List.of();
    }
    NamespacedSnapshots snapshots = snapshotters.get(container.getSnapshotter());
    if (snapshots == null) {
      throw new ContainerdException(
          ErrorClass.NOT_FOUND, "snapshotter " + container.getSnapshotter());
    }
    return snapshots.mounts(namespace, container.getSnapshotKey());
  }

  /**
   * Makes the network of a container that {@code morsel run} has connected, where it is gone with
   * the machine's last run; one that a process has left behind serves the next.
   */
  void connect(String namespace, Container container) throws IOException, InterruptedException {
    if (!ContainerLabels.of(container, ContainerLabels.NETWORK).equals(ContainerLabels.BRIDGE)) {
      return;
    }
    Cni cni = Cni.standard();
    if (!Files.exists(cni.namespaceFile(namespace, container.getId()))) {
      String ports = ContainerLabels.of(container, ContainerLabels.PORTS);
      var _ =
          cni.attach(
              namespace,
              container.getId(),
              ports.isEmpty()
                  ? List.of()
                  : Arrays.stream(ports.split(",", -1)).map(PortMapping::parse).toList());
    }
  }

  /** Whether its specification gives its first process a terminal. */
  static boolean hasTerminal(Container container) {
    try {
      return JsonMapper.shared()
          .readTree(container.getSpec().getValue().toByteArray())
          .path("process")
          .path("terminal")
          .asBoolean(false);
    } catch (JacksonException malformed) {
      // The shim will say what is wrong with it.
      return false;
    }
  }
}
