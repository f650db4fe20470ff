package io.morsel.runtime.introspection;

import com.google.protobuf.Any;
import com.google.protobuf.Empty;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.Filter;
import io.morsel.containerd.api.introspection.IntrospectionGrpc;
import io.morsel.containerd.api.introspection.Plugin;
import io.morsel.containerd.api.introspection.PluginInfoRequest;
import io.morsel.containerd.api.introspection.PluginInfoResponse;
import io.morsel.containerd.api.introspection.PluginsRequest;
import io.morsel.containerd.api.introspection.PluginsResponse;
import io.morsel.containerd.api.introspection.ServerResponse;
import io.morsel.containerd.api.types.RuntimeInfo;
import io.morsel.containerd.api.types.RuntimeRequest;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.grpc.TypeUrls;
import io.morsel.runtime.store.Filters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * {@code containerd.services.introspection.v1}: what the core is made of, by the names that
 * containerd has for its parts, by which clients find out what it can do.
 */
public final class IntrospectionService extends IntrospectionGrpc.IntrospectionImplBase {
  /** Who knows what runtimes can do. */
  @FunctionalInterface
  public interface Runtimes {
    /** What the runtime says that is asked for. */
    RuntimeInfo info(String runtime, @Nullable Any options) throws ContainerdException;
  }

  private final List<Plugin> plugins;
  private final Runtimes runtimes;
  private final String uuid;

  private IntrospectionService(List<Plugin> plugins, Runtimes runtimes, String uuid) {
    this.plugins = List.copyOf(plugins);
    this.runtimes = runtimes;
    this.uuid = uuid;
  }

  /**
   * The service over these parts.
   *
   * @param root where the core's identity is kept, and made up where it is missing
   */
  public static IntrospectionService open(Path root, List<Plugin> plugins, Runtimes runtimes)
      throws IOException {
    Path file = root.resolve("uuid");
    if (!Files.exists(file)) {
      Path written = root.resolve("uuid.tmp");
      Files.writeString(written, UUID.randomUUID().toString());
      Files.move(written, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    }
    String text = Files.readString(file).strip();
    try {
      return new IntrospectionService(plugins, runtimes, UUID.fromString(text).toString());
    } catch (IllegalArgumentException e) {
      throw new IOException(file + " holds no UUID; delete it to have a new one made up", e);
    }
  }

  @Override
  public void plugins(PluginsRequest request, StreamObserver<PluginsResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          Filter filter = Filters.parse(request.getFiltersList());
          return PluginsResponse.newBuilder()
              .addAllPlugins(
                  plugins.stream()
                      .filter(plugin -> filter.matches(path -> field(plugin, path)))
                      .toList())
              .build();
        });
  }

  private static @Nullable String field(Plugin plugin, List<String> path) {
    return switch (path.getFirst()) {
      case "type" -> plugin.getType();
      case "id" -> plugin.getId();
      default -> null;
    };
  }

  @Override
  public void server(Empty request, StreamObserver<ServerResponse> observer) {
    Answers.unary(
        observer,
        () ->
            ServerResponse.newBuilder()
                .setUuid(uuid)
                .setPid(ProcessHandle.current().pid())
                .setPidns(pidNamespace())
                .build());
  }

  private static long pidNamespace() throws ContainerdException {
    try {
      String link = Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString();
      return Long.parseLong(link.substring(link.indexOf('[') + 1, link.indexOf(']')));
    } catch (IOException e) {
      throw new ContainerdException(ErrorClass.UNKNOWN, "can't read the PID namespace: " + e, e);
    }
  }

  @Override
  public void pluginInfo(PluginInfoRequest request, StreamObserver<PluginInfoResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          Plugin plugin =
              plugins.stream()
                  .filter(each -> each.getType().equals(request.getType()))
                  .filter(each -> each.getId().equals(request.getId()))
                  .findFirst()
                  .orElseThrow(
                      () ->
                          new ContainerdException(
                              ErrorClass.NOT_FOUND,
                              "plugin "
                                  + request.getType()
                                  + "."
                                  + request.getId()
                                  + " not found"));
          PluginInfoResponse.Builder answer = PluginInfoResponse.newBuilder().setPlugin(plugin);
          if (request.hasOptions()) {
            answer.setExtra(TypeUrls.pack(extra(plugin, request.getOptions())));
          }
          return answer.build();
        });
  }

  private RuntimeInfo extra(Plugin plugin, Any options) throws ContainerdException {
    if (!plugin.getType().equals(Plugins.RUNTIME)) {
      throw new ContainerdException(
          ErrorClass.NOT_IMPLEMENTED,
          "plugin " + plugin.getType() + "." + plugin.getId() + " has nothing more to tell");
    }
    if (!TypeUrls.is(options, RuntimeRequest.getDefaultInstance())) {
      throw new ContainerdException(
          ErrorClass.NOT_IMPLEMENTED, "unknown request type " + TypeUrls.name(options));
    }
    RuntimeRequest request = TypeUrls.unpack(options, RuntimeRequest.parser());
    return runtimes.info(
        request.getRuntimePath(), request.hasOptions() ? request.getOptions() : null);
  }
}
