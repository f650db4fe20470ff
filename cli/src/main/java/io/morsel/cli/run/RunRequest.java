package io.morsel.cli.run;

import io.morsel.runtime.CoreSettings;
import io.morsel.runtime.cni.PortMapping;
import io.morsel.runtime.container.ContainerLabels;
import io.morsel.runtime.oci.ContainerOptions;
import io.morsel.runtime.restart.RestartLabels;
import io.morsel.runtime.restart.RestartPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What {@code morsel run} is asked to do.
 *
 * @param core which core runs it
 * @param namespace containerd's namespace
 * @param image the image
 * @param id the container's name; else one is made up
 * @param options what the container is like, but for its network
 * @param network where it is connected to
 * @param runtime what runs it
 * @param restart when it is started again after it has ended
 * @param attachment what this command is to it
 * @param labels for the container
 */
public record RunRequest(
    CoreChoice core,
    String namespace,
    ImageChoice image,
    Optional<String> id,
    ContainerOptions options,
    NetworkChoice network,
    RuntimeChoice runtime,
    RestartPolicy restart,
    Attachment attachment,
    Map<String, String> labels) {
  /** Copies the labels. */
  public RunRequest {
    labels = Map.copyOf(labels);
  }

  /** What is to be made first, under a name. */
  ContainerPlan plan(String name) {
    return new ContainerPlan(
        name,
        image,
        options,
        network,
        runtime,
        isRestarted() ? restartLabels(name) : labels,
        attachment.detach() ? RunningTask.logFile(this, name) : Optional.empty());
  }

  /** Whether anybody is to start it again. */
  boolean isRestarted() {
    return restart.kind() != RestartPolicy.Kind.NO;
  }

  /** Without the one by which it is looked after: until it runs, nobody else is to start it. */
  private Map<String, String> restartLabels(String name) {
    Map<String, String> all = new LinkedHashMap<>(labels);
    all.put(RestartLabels.POLICY, restart.toString());
    String logUri = RunningTask.logUri(this, name);
    if (!logUri.isEmpty()) {
      all.put(RestartLabels.LOG_URI, logUri);
    }
    return all;
  }

  /**
   * Whether the process has FIFOs for its streams. A shim shows a terminal through FIFOs only, also
   * where nobody reads them.
   */
  boolean outputToFifos() {
    return !attachment.detach() || (options.process().terminal() && attachment.logUri().isEmpty());
  }

  /** Which core runs a container. */
  public sealed interface CoreChoice {
    /** One that listens there, a containerd perhaps. */
    record Listening(Path socket) implements CoreChoice {}

    /** One in this process, which ends with it. */
    record Embedded(CoreSettings settings) implements CoreChoice {}
  }

  /** When an image is pulled. */
  public enum PullPolicy {
    /** Each time. */
    ALWAYS,
    /** When the core has not got it. */
    MISSING,
    /** Never. */
    NEVER
  }

  /**
   * An image, and how it gets here.
   *
   * @param reference as the user wrote it
   * @param platform the platform to choose from an index, as the user wrote it; else the machine's
   * @param snapshotter what shows its layers
   * @param policy when it is pulled
   * @param plainHttp whether its registry is talked to without TLS
   * @param hostsDirectory where the mirrors of registries are configured; null for where the
   *     configuration says
   * @param config the configuration; null for the default one
   */
  public record ImageChoice(
      String reference,
      Optional<String> platform,
      String snapshotter,
      PullPolicy policy,
      boolean plainHttp,
      @Nullable Path hostsDirectory,
      @Nullable Path config) {}

  /** Where a container is connected to. */
  public sealed interface NetworkChoice {
    /** What the container's label says of it. */
    String label();

    /** Nowhere. */
    record None() implements NetworkChoice {
      @Override
      public String label() {
        return "none";
      }
    }

    /** The machine's own network. */
    record Host() implements NetworkChoice {
      @Override
      public String label() {
        return "host";
      }
    }

    /**
     * The machine's CNI network.
     *
     * @param ports the ports that lead into the container
     */
    record Bridge(List<PortMapping> ports) implements NetworkChoice {
      /** Copies the ports. */
      public Bridge {
        ports = List.copyOf(ports);
      }

      @Override
      public String label() {
        return ContainerLabels.BRIDGE;
      }
    }
  }

  /**
   * What runs a container.
   *
   * @param name such as {@code io.containerd.runc.v2}
   * @param binary what the shim runs instead of {@code runc}
   * @param stopSignal what asks it to end, instead of what the image says
   */
  public record RuntimeChoice(String name, Optional<String> binary, Optional<String> stopSignal) {}

  /**
   * What this command is to a container.
   *
   * @param detach whether it leaves once the container runs
   * @param remove whether nothing of the container is left in the end
   * @param interactive whether standard input goes to it
   * @param logUri where a detached container's output goes; else to a file
   * @param pidFile where its process id is written to
   * @param stopTimeout how long a container may take to end that has been asked to
   */
  public record Attachment(
      boolean detach,
      boolean remove,
      boolean interactive,
      Optional<String> logUri,
      Optional<Path> pidFile,
      Duration stopTimeout) {}
}
