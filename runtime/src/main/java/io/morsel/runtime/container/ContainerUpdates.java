package io.morsel.runtime.container;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.events.ContainerUpdate;
import io.morsel.runtime.event.Exchange;
import java.util.List;

/** Changes containers and tells who has subscribed. Safe for use by many threads. */
public final class ContainerUpdates {
  private final ContainerStore containers;
  private final Exchange events;

  /** Of containers in {@code containers}. */
  public ContainerUpdates(ContainerStore containers, Exchange events) {
    this.containers = containers;
    this.events = events;
  }

  /**
   * Changes a container.
   *
   * @param paths what {@link ContainerStore#update} takes
   * @return the container as it is then
   */
  public Container apply(String namespace, Container given, List<String> paths)
      throws ContainerdException {
    Container container = containers.update(namespace, given, paths);
    events.publish(
        namespace,
        "/containers/update",
        ContainerUpdate.newBuilder()
            .setId(container.getId())
            .setImage(container.getImage())
            .putAllLabels(container.getLabelsMap())
            .setSnapshotKey(container.getSnapshotKey())
            .build());
    return container;
  }
}
