package io.morsel.runtime;

import io.morsel.snapshotter.MorselConfig;
import java.nio.file.Path;

/**
 * How a core is set up.
 *
 * @param root what outlives a restart of the machine: metadata, content, snapshots
 * @param state what does not: tasks
 * @param address the socket for clients
 * @param config what the core and its lazy snapshotter are configured by; its root and address are
 *     not used
 * @param version what the core says it is
 * @param revision the commit it was built from
 */
public record CoreSettings(
    Path root, Path state, Path address, MorselConfig config, String version, String revision) {
  /** Where a core keeps what outlives a restart of the machine, unless told otherwise. */
  public static final Path DEFAULT_ROOT = Path.of("/var/lib/morsel/core");

  /** Where a core keeps what does not outlive a restart of the machine, unless told otherwise. */
  public static final Path DEFAULT_STATE = Path.of("/run/morsel/core");

  /** Where a core listens, unless told otherwise. */
  public static final Path DEFAULT_ADDRESS = Path.of("/run/morsel/core.sock");
}
