package io.morsel.cli.profile;

import io.morsel.registry.ImageReference;
import io.morsel.registry.Platform;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Whose profile is meant.
 *
 * @param reference the image
 * @param platform which of an index's images
 * @param plainHttp whether to talk to the registry without TLS
 * @param hostsDirectory where the mirrors of registries are configured; null for nowhere
 * @param root Morsel's root, below which the node's profiles are
 * @param maxKept how many profiles the node keeps
 */
public record ProfileRequest(
    ImageReference reference,
    Platform platform,
    boolean plainHttp,
    @Nullable Path hostsDirectory,
    Path root,
    int maxKept) {}
