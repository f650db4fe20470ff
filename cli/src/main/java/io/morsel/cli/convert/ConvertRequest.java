package io.morsel.cli.convert;

import io.morsel.stargz.writer.EstargzOptions;
import java.nio.file.Path;

/**
 * What {@code morsel convert} is asked to do.
 *
 * @param source the image's name, or {@code oci:DIRECTORY[:TAG]}
 * @param target the new image's name, or {@code oci:DIRECTORY[:TAG]}
 * @param platforms which platforms are converted
 * @param options how layers are written
 * @param jobs how many layers are worked on at a time
 * @param plainHttp whether to talk to the registries without TLS
 * @param temporaryDirectory where layers are kept meanwhile
 */
public record ConvertRequest(
    String source,
    String target,
    PlatformChoice platforms,
    EstargzOptions options,
    int jobs,
    boolean plainHttp,
    Path temporaryDirectory) {}
