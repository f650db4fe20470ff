package io.morsel.runtime.introspection;

import io.morsel.containerd.api.introspection.Plugin;
import io.morsel.containerd.api.types.Platform;
import io.morsel.runtime.restart.RestartPolicy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** The parts of the core, as containerd would list its plugins. */
public final class Plugins {
  private static final String SNAPSHOTTER = "io.containerd.snapshotter.v1";

  /** The type of what runs tasks. */
  static final String RUNTIME = "io.containerd.runtime.v2";

  private static final String INTERNAL = "io.containerd.internal.v1";
  private static final String SERVICE = "io.containerd.service.v1";
  private static final String GRPC = "io.containerd.grpc.v1";

  /** What containerd has no plugin for beside the one that answers over gRPC. */
  private static final Set<String> NO_SERVICE = Set.of("version", "events", "healthcheck");

  private Plugins() {}

  /**
   * All of them.
   *
   * @param snapshotters their names
   * @param services the names of the services that are served, such as "content"
   * @param restarts whether containers are started again that have ended
   */
  public static List<Plugin> of(
      Collection<String> snapshotters, Collection<String> services, boolean restarts) {
    List<Plugin> plugins = new ArrayList<>();
    plugins.add(plugin("io.containerd.content.v1", "content").build());
    for (String name : snapshotters.stream().sorted().toList()) {
      plugins.add(plugin(SNAPSHOTTER, name).addPlatforms(platform()).build());
    }
    plugins.add(plugin("io.containerd.differ.v1", "walking").addPlatforms(platform()).build());
    plugins.add(plugin("io.containerd.event.v1", "exchange").build());
    plugins.add(plugin("io.containerd.metadata.v1", "bolt").build());
    plugins.add(plugin("io.containerd.gc.v1", "scheduler").build());
    plugins.add(plugin(RUNTIME, "task").addPlatforms(platform()).build());
    if (restarts) {
      Plugin.Builder monitor = plugin(INTERNAL, "restart");
      // By which clients find out which policies there are.
      for (RestartPolicy.Kind kind : RestartPolicy.Kind.values()) {
        monitor.addCapabilities(kind.text());
      }
      plugins.add(monitor.build());
    }
    for (String name : services) {
      if (!NO_SERVICE.contains(name)) {
        plugins.add(plugin(SERVICE, name + "-service").build());
      }
    }
    for (String name : services) {
      plugins.add(plugin(GRPC, name).build());
    }
    return List.copyOf(plugins);
  }

  private static Plugin.Builder plugin(String type, String id) {
    return Plugin.newBuilder().setType(type).setId(id);
  }

  private static Platform platform() {
    String architecture = System.getProperty("os.arch", "");
    return Platform.newBuilder()
        .setOs("linux")
        .setArchitecture(architecture.equals("aarch64") ? "arm64" : architecture)
        .build();
  }
}
