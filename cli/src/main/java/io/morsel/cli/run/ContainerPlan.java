package io.morsel.cli.run;

import io.morsel.cli.run.RunRequest.ImageChoice;
import io.morsel.cli.run.RunRequest.NetworkChoice;
import io.morsel.cli.run.RunRequest.RuntimeChoice;
import io.morsel.runtime.oci.ContainerOptions;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A container that is to be made.
 *
 * @param id its name
 * @param image its image; how that gets here is not looked at
 * @param options what it is like, but for its network
 * @param network where it is connected to
 * @param runtime what runs it
 * @param labels for it, beside those of its image
 * @param logFile where its output goes that nobody reads at once; empty for nowhere
 */
record ContainerPlan(
    String id,
    ImageChoice image,
    ContainerOptions options,
    NetworkChoice network,
    RuntimeChoice runtime,
    Map<String, String> labels,
    Optional<Path> logFile) {
  /** Copies the labels. */
  ContainerPlan {
    labels = Map.copyOf(labels);
  }
}
