package io.morsel.snapshotter;

import io.morsel.registry.RegistryException;
import io.morsel.stargz.LayerFormatException;
import java.util.concurrent.TimeoutException;

/** Why a layer is unpacked and not mounted; the {@code reason} of a metric. */
enum FallbackReason {
  /** The client sent no image labels with the snapshot reference. */
  NO_LABELS("no_labels"),
  /** The labels hold no valid reference or digest. */
  BAD_LABELS("bad_labels"),
  /** The image's manifest does not have the layer. */
  NOT_IN_MANIFEST("not_in_manifest"),
  /** An ordinary layer, in no format that can be read at random. */
  NOT_LAZY("not_lazy"),
  /** Nothing says which digest the TOC must have, and the configuration wants one. */
  NO_TOC_DIGEST("no_toc_digest"),
  /** The TOC does not have the digest that it must have. */
  TOC_DIGEST_MISMATCH("toc_digest_mismatch"),
  /** The layer breaks its format. */
  MALFORMED("malformed"),
  /** The layer exceeds a configured limit. */
  TOO_LARGE("too_large"),
  /** The registry refuses the client. */
  UNAUTHORIZED("unauthorized"),
  /** The registry does not have the image or the layer. */
  NOT_FOUND("not_found"),
  /** The registry can't be reached, or does not answer as it should. */
  REGISTRY("registry"),
  /** It took too long. */
  TIMEOUT("timeout"),
  /** A snapshot of this name has other content: another image claims the same one. */
  CONFLICT("conflict"),
  /** The kernel or the front end refused the mount. */
  MOUNT("mount"),
  /** The layer's files could not be written. */
  STORE("store");

  private final String label;

  FallbackReason(String label) {
    this.label = label;
  }

  /** The reason as metrics spell it. */
  String label() {
    return label;
  }

  /** The reason that a failure to resolve a layer stands for. */
  static FallbackReason of(Throwable failure) {
    return switch (failure) {
      case FallbackException e -> e.reason();
      case LayerFormatException e ->
          switch (e.kind()) {
            case NOT_LAZY -> NOT_LAZY;
            case MALFORMED, CHUNK_DIGEST_MISMATCH -> MALFORMED;
            case TOO_LARGE -> TOO_LARGE;
            case NO_TOC_DIGEST -> NO_TOC_DIGEST;
            case TOC_DIGEST_MISMATCH -> TOC_DIGEST_MISMATCH;
          };
      case RegistryException e ->
          switch (e.kind()) {
            case NOT_FOUND, NO_SUCH_PLATFORM -> NOT_FOUND;
            case UNAUTHORIZED, DENIED -> UNAUTHORIZED;
            default -> REGISTRY;
          };
      case TimeoutException e -> TIMEOUT;
      default -> STORE;
    };
  }
}
