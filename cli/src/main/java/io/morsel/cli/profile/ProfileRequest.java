package io.morsel.cli.profile;

import io.morsel.registry.ImageReference;
import io.morsel.registry.Platform;
import java.nio.file.Path;

/**
 * Whose profile is meant.
 *
 * @param reference the image
 * @param platform which of an index's images
 * @param plainHttp whether to talk to the registry without TLS
 * @param root Morsel's root, below which the node's profiles are
 * @param maxKept how many profiles the node keeps
 */
public record ProfileRequest(
    ImageReference reference, Platform platform, boolean plainHttp, Path root, int maxKept) {}
