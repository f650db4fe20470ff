package io.morsel.shim;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.shim.ConnectRequest;
import io.morsel.containerd.api.shim.DeleteResponse;
import io.morsel.containerd.api.types.RuntimeInfo;
import io.morsel.ttrpc.TtrpcClient;
import java.io.IOException;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts shims, finds them again, and cleans up after dead ones; of any runtime. Safe for use by
 * many threads, for different bundles.
 */
public final class ShimManager {
  private static final Logger log = LoggerFactory.getLogger(ShimManager.class);

  /** Generous: a shim that is given up on is cleaned up, and its container with it. */
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(30);

  private final ShimSettings settings;
  private final BiConsumer<Bundle, String> logSink;
  private final ShimLogs logs = new ShimLogs();

  /**
   * A manager of shims.
   *
   * @param logSink takes what shims log, a line at a time, on one thread for all
   */
  public ShimManager(ShimSettings settings, BiConsumer<Bundle, String> logSink) {
    this.settings = settings;
    this.logSink = logSink;
  }

  /**
   * Starts a shim for a bundle and connects to it. After a failure, {@link #delete} the bundle.
   *
   * @param runtime a name such as {@code io.containerd.runc.v2}, or a program's absolute path
   * @param options the runtime's options, such as {@code containerd.runc.v1.Options}; null for none
   * @throws ShimException if there is no such program, or it fails
   */
  public Shim start(Bundle bundle, String runtime, @Nullable Any options)
      throws ShimException, InterruptedException {
    Path binary = ShimBinary.find(runtime, Objects.requireNonNullElse(System.getenv("PATH"), ""));
    bundle.rememberBinary(binary);
    ShimLog log = ShimLog.open(bundle, logs, logSink);
    boolean connected = false;
    try {
      byte[] reply =
          ShimCommand.run(
              command(binary, bundle, false),
              bundle,
              environment(bundle),
              options == null ? new byte[0] : options.toByteArray(),
              settings.startTimeout());
      ShimAddress address = ShimAddress.parse(new String(reply, StandardCharsets.UTF_8));
      TtrpcClient client = connect(bundle, address);
      connected = true;
      Shim shim = new Shim(bundle, address, client, log);
      try {
        bundle.rememberAddress(address);
      } catch (ShimException e) {
        shim.close();
        throw e;
      }
      return shim;
    } finally {
      if (!connected) {
        log.close();
      }
    }
  }

  /**
   * What a runtime says of itself and of the OCI runtime behind it. Shims can tell since containerd
   * 2.0.
   *
   * @param runtime a name such as {@code io.containerd.runc.v2}, or a program's absolute path
   * @param options the runtime's options, which may name the OCI runtime; null for none
   * @throws ShimException if there is no such program, or it can't tell
   */
  public RuntimeInfo info(String runtime, @Nullable Any options)
      throws ShimException, InterruptedException {
    Path binary = ShimBinary.find(runtime, Objects.requireNonNullElse(System.getenv("PATH"), ""));
    Path directory = null;
    try {
      directory = Files.createTempDirectory("morsel-runtime-info-");
      return RuntimeInfo.parseFrom(
          ShimCommand.run(
              binary + " -info",
              List.of(binary.toString(), "-info"),
              directory,
              Map.of(),
              options == null ? new byte[0] : options.toByteArray(),
              settings.startTimeout()));
    } catch (InvalidProtocolBufferException e) {
      throw new ShimException(binary + " -info answered with no RuntimeInfo", e);
    } catch (ShimException e) {
      throw e;
    } catch (IOException e) {
      throw new ShimException("can't run " + binary + " -info: " + e.getMessage(), e);
    } finally {
      if (directory != null) {
        delete(directory);
      }
    }
  }

  private static void delete(Path directory) {
    try {
      Files.delete(directory);
    } catch (IOException e) {
      log.debug("{} stays: {}", directory, e.toString());
    }
  }

  /**
   * Connects to the shim that a bundle says it has, after a restart, and makes sure that it
   * answers.
   *
   * @throws ShimException if it does not; then {@link #delete} cleans up after it
   */
  public Shim reconnect(Bundle bundle) throws ShimException, InterruptedException {
    ShimAddress address = bundle.bootstrap();
    ShimLog log = ShimLog.open(bundle, logs, logSink);
    boolean connected = false;
    try {
      TtrpcClient client = connect(bundle, address);
      connected = true;
      Shim shim = new Shim(bundle, address, client, log);
      try {
        shim.tasks()
            .withTimeout(CONNECT_TIMEOUT)
            .connect(ConnectRequest.newBuilder().setId(bundle.id()).build());
      } catch (ContainerdException e) {
        shim.close();
        throw new ShimException(
            "the shim of container " + bundle.id() + " does not answer: " + e.getMessage(), e);
      }
      return shim;
    } finally {
      if (!connected) {
        log.close();
      }
    }
  }

  /**
   * Cleans up after a shim that is dead or was never started: runs its program's {@code delete},
   * which ends what is left of the container, and removes the container's cgroup where that is left
   * empty, the bundle, and the socket that nobody listens on any more.
   *
   * @return how the container's first process ended
   * @throws ShimException if the program fails, or the bundle does not say which it is; the bundle
   *     is left for {@link Bundle#remove}
   */
  public DeleteResponse delete(Bundle bundle) throws ShimException, InterruptedException {
    Path binary = bundle.binary();
    if (binary == null) {
      throw new ShimException("bundle " + bundle.path() + " does not say what its shim is");
    }
    endUnreachable(bundle, binary);
    byte[] reply;
    try {
      reply =
          ShimCommand.run(
              command(binary, bundle, true),
              bundle,
              environment(bundle),
              new byte[0],
              settings.deleteTimeout());
    } finally {
      removeCgroup(bundle);
    }
    DeleteResponse response;
    try {
      response = DeleteResponse.parseFrom(reply);
    } catch (InvalidProtocolBufferException e) {
      throw new ShimException(
          binary + " delete of container " + bundle.id() + " answered with no DeleteResponse", e);
    }
    removeSocket(bundle);
    bundle.remove();
    return response;
  }

  /** A shim of which nobody has kept the address can't be asked to end. */
  private static void endUnreachable(Bundle bundle, Path binary)
      throws ShimException, InterruptedException {
    if (!bundle.hasAddress()) {
      try {
        Leftovers.kill(bundle, binary);
      } catch (IOException e) {
        log.warn("a shim may be left of container {}: {}", bundle.id(), e.toString());
      }
    }
  }

  private static void removeCgroup(Bundle bundle) throws InterruptedException {
    try {
      ContainerCgroup.of(bundle).removeEmpty();
    } catch (ShimException e) {
      log.warn("an empty cgroup may be left: {}", e.getMessage());
    }
  }

  /** Unless the shim still serves there, as for the other containers of a pod. */
  private static void removeSocket(Bundle bundle) {
    try {
      Path socket = bundle.bootstrap().socket();
      try (SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
        log.debug("the shim of container {} looks after others", bundle.id());
      } catch (SocketException e) {
        Files.deleteIfExists(socket);
      }
    } catch (IOException e) {
      log.debug("the shim of container {} has left no socket: {}", bundle.id(), e.getMessage());
    }
  }

  private List<String> command(Path binary, Bundle bundle, boolean delete) {
    List<String> command = new ArrayList<>();
    command.add(binary.toString());
    command.addAll(List.of("-namespace", bundle.namespace()));
    command.addAll(List.of("-address", settings.grpcAddress().toString()));
    command.addAll(List.of("-publish-binary", settings.publishBinary().toString()));
    command.addAll(List.of("-id", bundle.id()));
    if (delete) {
      command.addAll(List.of("-bundle", bundle.path().toString()));
    }
    if (settings.debug()) {
      command.add("-debug");
    }
    command.add(delete ? "delete" : "start");
    return command;
  }

  private Map<String, String> environment(Bundle bundle) {
    Map<String, String> environment = new HashMap<>();
    // A shim is small: more threads than that only cost memory.
    environment.put("GOMAXPROCS", "2");
    environment.put("MAX_SHIM_VERSION", "2");
    environment.put("TTRPC_ADDRESS", settings.ttrpcAddress().toString());
    environment.put("GRPC_ADDRESS", settings.grpcAddress().toString());
    environment.put("NAMESPACE", bundle.namespace());
    environment.putAll(settings.environment());
    return environment;
  }

  private static TtrpcClient connect(Bundle bundle, ShimAddress address) throws ShimException {
    if (address.protocol() == ShimAddress.Protocol.GRPC) {
      throw new ShimException(
          "the shim of container "
              + bundle.id()
              + " speaks gRPC, but only ttrpc is supported; choose a runtime that speaks ttrpc");
    }
    try {
      return TtrpcClient.connect(address.socket());
    } catch (ShimException e) {
      throw e;
    } catch (IOException e) {
      throw new ShimException(
          "can't reach the shim of container " + bundle.id() + ": " + e.getMessage(), e);
    }
  }
}
