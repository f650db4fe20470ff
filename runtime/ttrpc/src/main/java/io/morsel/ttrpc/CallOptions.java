package io.morsel.ttrpc;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How one call is made.
 *
 * @param timeout how long the caller waits, and what the server is told; null for no limit
 * @param metadata what travels beside the request
 */
public record CallOptions(@Nullable Duration timeout, Metadata metadata) {
  /** No limit, no metadata. */
  public static final CallOptions DEFAULT = new CallOptions(null, Metadata.EMPTY);

  /** Checks that a timeout is positive. */
  public CallOptions {
    if (timeout != null && !timeout.isPositive()) {
      throw new IllegalArgumentException("timeout must be positive, but is " + timeout);
    }
  }

  /** The same with another timeout. */
  public CallOptions withTimeout(Duration value) {
    return new CallOptions(value, metadata);
  }

  /** The same with other metadata. */
  public CallOptions withMetadata(Metadata value) {
    return new CallOptions(timeout, value);
  }
}
