package io.morsel.fuse;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Chooses how layers are shown, by trying and never by version. */
public final class LayerMounters {
  private static final Logger log = LoggerFactory.getLogger(LayerMounters.class);

  private LayerMounters() {}

  /**
   * The mounter that an operator wants, as far as it works here.
   *
   * @param kind what is wanted; {@code AUTO} takes EROFS if a probe finds that it works, and else
   *     says why not, in the log
   * @param fuse the FUSE front end, which the mounter closes when it is closed
   * @param directory for the probe and for short-lived files of EROFS; emptied. On the filesystem
   *     that has the layers
   * @param switchDelay for how long an EROFS mount that was handed out is not replaced
   * @throws IOException if {@code EROFS} is wanted and does not work; {@code fuse} stays open then
   */
  public static LayerMounter choose(
      ViewsKind kind, FuseMounter fuse, Path directory, Duration switchDelay) throws IOException {
    if (kind == ViewsKind.FUSE) {
      return fuse;
    }
    try {
      if (!(fuse instanceof DirectMounter direct)) {
        throw new IOException(
            "it needs the FUSE front end \"direct\", and this is \"" + fuse.backend() + "\"");
      }
      return ErofsMounter.open(direct, directory, switchDelay);
    } catch (IOException e) {
      if (kind == ViewsKind.EROFS) {
        throw new IOException(
            "EROFS views don't work here, use views.kind = \"auto\" or \"fuse\": " + e.getMessage(),
            e);
      }
      log.info("layers are shown through FUSE, EROFS views don't work here: {}", e.getMessage());
      return fuse;
    }
  }
}
