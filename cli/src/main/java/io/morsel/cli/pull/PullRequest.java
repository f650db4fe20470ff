package io.morsel.cli.pull;

import io.morsel.registry.ImageReference;
import io.morsel.registry.Platform;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What {@code morsel pull} is asked to do.
 *
 * @param reference the image
 * @param platform the platform to choose from an index
 * @param address containerd's socket
 * @param namespace the containerd namespace that the image appears in
 * @param snapshotter the snapshotter's name in containerd
 * @param plainHttp whether to talk to the registry without TLS
 * @param hostsDirectory where the mirrors of registries are configured; null for nowhere
 * @param lazy whether the snapshotter may show layers lazily
 * @param labels labels for the image
 */
public record PullRequest(
    ImageReference reference,
    Platform platform,
    Path address,
    String namespace,
    String snapshotter,
    boolean plainHttp,
    @Nullable Path hostsDirectory,
    boolean lazy,
    Map<String, String> labels) {
  /** Copies the labels. */
  public PullRequest {
    labels = Map.copyOf(labels);
  }
}
