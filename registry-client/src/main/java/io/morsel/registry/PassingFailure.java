package io.morsel.registry;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A failure that trying again may mend; callers outside see only the failure within. */
final class PassingFailure extends IOException {
  private final RegistryException failure;
  private final @Nullable Duration retryAfter;

  PassingFailure(RegistryException failure, @Nullable Duration retryAfter) {
    super(failure.getMessage(), failure);
    this.failure = failure;
    this.retryAfter = retryAfter;
  }

  RegistryException failure() {
    return failure;
  }

  @Nullable Duration retryAfter() {
    return retryAfter;
  }
}
