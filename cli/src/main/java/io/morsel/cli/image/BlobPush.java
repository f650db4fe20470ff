package io.morsel.cli.image;

import io.grpc.StatusException;
import io.morsel.cli.core.ContentReader;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.Progress;
import io.morsel.cli.terminal.Quantity;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageSource;
import io.morsel.registry.ImageTarget;
import io.morsel.registry.RegistryException;
import java.io.IOException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends blobs to where an image is pushed to: from the core's content or, for a layer that was
 * pulled lazily and never came into it, from the registry that it came from. Safe for use by many
 * threads.
 */
final class BlobPush {
  private static final int SHORT_DIGEST = 12;
  private static final Logger log = LoggerFactory.getLogger(BlobPush.class);

  private final ContentReader content;
  private final ImageTarget target;
  private final BlobOrigins origins;
  private final Progress progress;

  BlobPush(ContentReader content, ImageTarget target, BlobOrigins origins, Progress progress) {
    this.content = content;
    this.target = target;
    this.origins = origins;
    this.progress = progress;
  }

  /** Sends a blob; returns whether that was needed. */
  boolean push(Descriptor blob) throws IOException {
    String digest = blob.digest().toString();
    String line =
        blob.digest().hex().substring(0, SHORT_DIGEST)
            + "  "
            + Quantity.bytes(blob.sizeBytes())
            + ", ";
    progress.running(digest, () -> line + "being pushed");
    try {
      if (target.hasBlob(blob)) {
        progress.ended(digest, line + "already there");
        return false;
      }
      if (content.info(digest).isPresent()) {
        target.writeBlob(blob, () -> content.open(digest));
        progress.ended(digest, line + "pushed");
      } else {
        ImageSource origin = copy(blob);
        progress.ended(digest, line + "copied from " + origin.name());
      }
      return true;
    } catch (StatusException failure) {
      throw new IOException(
          "can't look up content " + digest + ": " + CoreClient.message(failure), failure);
    } finally {
      progress.ended(digest);
    }
  }

  private ImageSource copy(Descriptor blob) throws IOException {
    List<ImageSource> sources = origins.sources();
    for (ImageSource source : sources) {
      try {
        target.copyBlob(blob, source);
        return source;
      } catch (RegistryException failure) {
        if (failure.kind() != RegistryException.Kind.NOT_FOUND) {
          throw failure;
        }
        log.debug("{} has no {}: {}", source.name(), blob.digest(), failure.getMessage());
      }
    }
    throw new IOException(
        "the core has no content "
            + blob.digest()
            + ", and "
            + (sources.isEmpty()
                ? "no registry is known to have it"
                : "neither has "
                    + String.join(" nor ", sources.stream().map(ImageSource::name).toList()))
            + "; pull the image with --no-lazy first");
  }
}
