package io.morsel.stargz;

import java.io.IOException;

/** A layer, its TOC or its index is malformed, exceeds a bound, or fails its digest. */
public final class LayerFormatException extends IOException {
  /** Why a layer was refused, for callers that count or decide by it. */
  public enum Kind {
    /** The blob ends in no known footer: an ordinary layer, readable only as a whole. */
    NOT_LAZY,
    /** Footer or TOC break their format, lie about sizes, or name paths outside the layer. */
    MALFORMED,
    /** A size, depth or count exceeds {@link LayerLimits}. */
    TOO_LARGE,
    /** Nothing verified names the TOC's digest, and unverified TOCs are not allowed. */
    NO_TOC_DIGEST,
    /** The TOC does not have the expected digest. */
    TOC_DIGEST_MISMATCH,
    /** A chunk does not have the digest that the TOC gives. */
    CHUNK_DIGEST_MISMATCH
  }

  private final Kind kind;

  /** A refusal of this kind; the message says what is wrong, where, and with which value. */
  public LayerFormatException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** A refusal of this kind that another exception caused. */
  public LayerFormatException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** Why the layer was refused. */
  public Kind kind() {
    return kind;
  }
}
