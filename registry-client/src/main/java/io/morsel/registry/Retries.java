package io.morsel.registry;

import java.io.IOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.ThreadLocalRandom;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How often one operation may still be tried again, and how long to wait: exponential backoff with
 * full jitter, within a number of retries and a total time. Used by one thread.
 */
final class Retries {
  private static final Logger log = LoggerFactory.getLogger(Retries.class);

  private final RegistrySettings settings;
  private final TransferListener listener;
  private int used;
  private long deadlineNanos;

  Retries(RegistrySettings settings, TransferListener listener) {
    this.settings = settings;
    this.listener = listener;
    restart();
  }

  /** Begins anew, since the operation has come forward. */
  void restart() {
    used = 0;
    deadlineNanos = System.nanoTime() + settings.timeouts().operation().toNanos();
  }

  /** What is left of the operation's time; never less than a millisecond. */
  Duration remaining() {
    return Duration.ofNanos(Math.max(1_000_000, deadlineNanos - System.nanoTime()));
  }

  /** Waits before the next try, or throws the failure if there must be none. */
  void pause(RegistryException failure, @Nullable Duration asked, String host, Cancellation cancel)
      throws IOException {
    cancel.check();
    Duration wait = asked == null ? jitter() : min(asked, settings.retries().backoffMax());
    if (used >= settings.retries().times() || System.nanoTime() + wait.toNanos() >= deadlineNanos) {
      throw failure;
    }
    used++;
    log.debug("trying again in {} ms: {}", wait.toMillis(), failure.getMessage());
    listener.retried(host);
    cancel.pause(wait);
  }

  private Duration jitter() {
    long max = settings.retries().backoffMax().toNanos();
    long bound = settings.retries().backoffMin().toNanos();
    for (int i = 0; i < used && bound < max; i++) {
      bound *= 2;
    }
    return Duration.ofNanos(ThreadLocalRandom.current().nextLong(Math.min(bound, max) + 1));
  }

  /** The pause that a Retry-After header asks for, in either of its two forms; null for none. */
  static @Nullable Duration retryAfter(Response response) {
    String header = response.header("Retry-After");
    if (header == null) {
      return null;
    }
    String value = header.strip();
    try {
      if (!value.isEmpty() && value.length() < 10 && value.chars().allMatch(Character::isDigit)) {
        return Duration.ofSeconds(Long.parseLong(value));
      }
      Instant when = ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      Duration wait = Duration.between(Instant.now(), when);
      return wait.isNegative() ? Duration.ZERO : wait;
    } catch (DateTimeException | NumberFormatException e) {
      return null;
    }
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }
}
