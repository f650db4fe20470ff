package io.morsel.cli.image;

import io.morsel.registry.Platform;
import org.jspecify.annotations.Nullable;

/**
 * An image to push.
 *
 * @param image the image, as a person names it
 * @param target where to; null for the image's own name
 * @param platform push only this platform's; null for all whose content is there
 * @param plainHttp whether to talk to the registry without TLS
 */
public record PushRequest(
    String image, @Nullable String target, @Nullable Platform platform, boolean plainHttp) {}
