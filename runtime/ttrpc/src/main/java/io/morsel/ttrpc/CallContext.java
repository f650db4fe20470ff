package io.morsel.ttrpc;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What a handler is told of a call beside its request. Immutable. */
public final class CallContext {
  private final TtrpcMethod<?, ?> method;
  private final Metadata metadata;
  private final Deadline deadline;

  CallContext(TtrpcMethod<?, ?> method, Metadata metadata, Deadline deadline) {
    this.method = method;
    this.metadata = metadata;
    this.deadline = deadline;
  }

  /** The method that is called. */
  public TtrpcMethod<?, ?> method() {
    return method;
  }

  /** What came beside the request. */
  public Metadata metadata() {
    return metadata;
  }

  /** How long the client still waits, or null where it set no limit. */
  public @Nullable Duration remaining() {
    return deadline.limited() ? Duration.ofNanos(Math.max(0, deadline.remainingNanos())) : null;
  }
}
