package io.morsel.cli.container;

import com.google.protobuf.FieldMask;
import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.CommandException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.containers.UpdateContainerRequest;
import io.morsel.containerd.api.introspection.Plugin;
import io.morsel.containerd.api.introspection.PluginsRequest;
import io.morsel.runtime.restart.RestartLabels;
import io.morsel.runtime.restart.RestartPolicy;
import java.util.List;
import java.util.Map;

/**
 * What a core's or a containerd's restart monitor is told of a container, by its labels. Safe for
 * use by many threads.
 */
public final class Restarts {
  /** What a containerd can do that does not say. */
  private static final List<String> OLD_CONTAINERD = List.of("no", "always");

  private final CoreClient client;

  /** For containers of the client's namespace. */
  public Restarts(CoreClient client) {
    this.client = client;
  }

  /**
   * Finds out whether there is a monitor that knows a policy.
   *
   * @throws CommandException if there is none
   */
  public void require(RestartPolicy policy) throws CommandException {
    List<Plugin> monitors;
    try {
      monitors =
          client
              .introspection()
              .plugins(
                  PluginsRequest.newBuilder()
                      .addFilters("type==io.containerd.internal.v1,id==restart")
                      .build())
              .getPluginsList();
    } catch (StatusException failure) {
      throw CoreClient.failed("can't find out how containers are started again", failure);
    }
    if (monitors.isEmpty()) {
      throw CommandException.failed(
          "what runs at "
              + client.address()
              + " starts no containers again: it has no plugin 'restart'; leave --restart out");
    }
    List<String> known = monitors.getFirst().getCapabilitiesList();
    List<String> policies = known.isEmpty() ? OLD_CONTAINERD : known;
    if (!policies.contains(policy.kind().text())) {
      throw CommandException.failed(
          "the containerd at "
              + client.address()
              + " does not know the restart policy '"
              + policy.kind().text()
              + "', only "
              + String.join(", ", policies)
              + "; a Morsel core knows it, and so does containerd 1.7");
    }
  }

  /** Has the monitor look after a container that runs. */
  public void keepRunning(String id) throws StatusException {
    update(id, Map.of(RestartLabels.STATUS, RestartLabels.RUNNING));
  }

  /**
   * Says that a container is being stopped on purpose, before it is: a Morsel core does not start
   * it again whatever its policy is, and containerd does not by the policy 'unless-stopped'.
   */
  void beginStop(Container container) throws CommandException {
    if (isMonitored(container)) {
      tell(container.getId(), Map.of(RestartLabels.EXPLICITLY_STOPPED, "true"));
    }
  }

  /**
   * Says that a container has been stopped on purpose, or that nothing is lost if it is killed:
   * containerd asks for this by the policy 'always', and then also kills it.
   */
  void endStop(Container container) throws CommandException {
    if (isMonitored(container) && isKeptByContainerd(container)) {
      tell(container.getId(), Map.of(RestartLabels.STATUS, RestartLabels.STOPPED));
    }
  }

  private static boolean isMonitored(Container container) {
    return container.containsLabels(RestartLabels.STATUS)
        || container.containsLabels(RestartLabels.POLICY);
  }

  private static boolean isKeptByContainerd(Container container) {
    try {
      return RestartPolicy.of(container.getLabelsMap()).kind() != RestartPolicy.Kind.UNLESS_STOPPED;
    } catch (IllegalArgumentException foreign) {
      return false;
    }
  }

  private void tell(String id, Map<String, String> labels) throws CommandException {
    try {
      update(id, labels);
    } catch (StatusException failure) {
      // Somebody else has removed it: then nobody starts it, either.
      if (!CoreClient.is(failure, ErrorClass.NOT_FOUND)) {
        throw CoreClient.failed(
            "can't say that container '" + id + "' is not to be started again", failure);
      }
    }
  }

  private void update(String id, Map<String, String> labels) throws StatusException {
    FieldMask.Builder mask = FieldMask.newBuilder();
    labels.keySet().forEach(name -> mask.addPaths("labels." + name));
    var _ =
        client
            .containers()
            .update(
                UpdateContainerRequest.newBuilder()
                    .setContainer(Container.newBuilder().setId(id).putAllLabels(labels))
                    .setUpdateMask(mask)
                    .build());
  }
}
