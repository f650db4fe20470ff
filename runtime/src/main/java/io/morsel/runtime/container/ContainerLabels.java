package io.morsel.runtime.container;

import io.morsel.containerd.api.containers.Container;

/** The labels by which {@code morsel run} tells later commands of a container. */
public final class ContainerLabels {
  /** The absolute path of the file that the container's output is written to. */
  public static final String LOG = "io.morsel.log";

  /** The signal that asks the container's process to end. */
  public static final String STOP_SIGNAL = "io.morsel.stop-signal";

  /** How the container is connected: {@code none}, {@code host} or {@code bridge}. */
  public static final String NETWORK = "io.morsel.network";

  /** The value of {@link #NETWORK} by which a container has to be detached when it is removed. */
  public static final String BRIDGE = "bridge";

  /** The ports that the host passes on to the container, separated by commas. */
  public static final String PORTS = "io.morsel.ports";

  private ContainerLabels() {}

  /** A label's value; empty where there is none. */
  public static String of(Container container, String label) {
    return container.getLabelsOrDefault(label, "");
  }
}
