package io.morsel.runtime.store;

import com.google.protobuf.Timestamp;
import java.time.Clock;
import java.time.Instant;

/** Points in time as they travel. */
public final class Times {
  private Times() {}

  /** Now. */
  public static Timestamp now(Clock clock) {
    return wire(clock.instant());
  }

  /** The same point in time. */
  public static Timestamp wire(Instant instant) {
    return Timestamp.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }
}
