package io.morsel.runtime.oci;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a user asks of a container, beside its image.
 *
 * @param process its process
 * @param isolation what it may do and see
 * @param network where it is connected to
 * @param mounts mounts beside the usual ones
 * @param limits how much it may use
 * @param annotations for the runtime
 */
public record ContainerOptions(
    ProcessOptions process,
    Isolation isolation,
    Network network,
    List<SpecMount> mounts,
    Limits limits,
    Map<String, String> annotations) {
  /** What containerd does for who asks for nothing. */
  public static final ContainerOptions DEFAULT =
      new ContainerOptions(
          ProcessOptions.DEFAULT,
          Isolation.DEFAULT,
          new Network.None(),
          List.of(),
          Limits.NONE,
          Map.of());

  /** Copies the collections. */
  public ContainerOptions {
    mounts = List.copyOf(mounts);
    annotations = Map.copyOf(annotations);
  }

  /**
   * A container's process.
   *
   * @param entrypoint instead of the image's; the image's arguments are then left out, too
   * @param arguments instead of the image's, where there are any
   * @param env {@code NAME=VALUE} on top of the image's; a {@code NAME} alone takes it away
   * @param workingDir instead of the image's
   * @param user instead of the image's
   * @param terminal whether it has a terminal
   */
  public record ProcessOptions(
      Optional<List<String>> entrypoint,
      List<String> arguments,
      List<String> env,
      Optional<String> workingDir,
      Optional<String> user,
      boolean terminal) {
    /** As the image says. */
    public static final ProcessOptions DEFAULT =
        new ProcessOptions(
            Optional.empty(), List.of(), List.of(), Optional.empty(), Optional.empty(), false);

    /** Copies the lists. */
    public ProcessOptions {
      entrypoint = entrypoint.map(List::copyOf);
      arguments = List.copyOf(arguments);
      env = List.copyOf(env);
    }
  }

  /**
   * What a container may do and see.
   *
   * @param privileged everything that this machine's root may
   * @param addCapabilities beside the default ones
   * @param dropCapabilities of the default ones
   * @param seccomp which system calls; nothing given means the default, or all when privileged
   * @param readOnly whether its root can't be written to
   * @param hostname its name; else the machine's
   */
  public record Isolation(
      boolean privileged,
      List<String> addCapabilities,
      List<String> dropCapabilities,
      Optional<Seccomp> seccomp,
      boolean readOnly,
      Optional<String> hostname) {
    /** containerd's. */
    public static final Isolation DEFAULT =
        new Isolation(false, List.of(), List.of(), Optional.empty(), false, Optional.empty());

    /** Copies the lists. */
    public Isolation {
      addCapabilities = List.copyOf(addCapabilities);
      dropCapabilities = List.copyOf(dropCapabilities);
    }
  }

  /** Where a container is connected to. */
  public sealed interface Network {
    /** Nowhere: a namespace of its own, in which the runtime brings loopback up. */
    record None() implements Network {}

    /** The machine's own network. */
    record Host() implements Network {}

    /**
     * A namespace that is there.
     *
     * @param path its file
     * @param resolvConf the file that says how names are looked up
     */
    record Joined(String path, String resolvConf) implements Network {}
  }

  /**
   * How much a container may use.
   *
   * @param memoryBytes of memory; 0 for no limit
   * @param cpus of processors; 0 for no limit
   */
  public record Limits(long memoryBytes, double cpus) {
    /** As much as there is. */
    public static final Limits NONE = new Limits(0, 0);
  }
}
