package io.morsel.registry;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whose turn it is to serve one operation: each host once, in the order in which they are
 * configured, before the operation waits and a new round begins, or fails. Used by one thread.
 *
 * <p>The last host decides what becomes of a round in which all have failed: the others are there
 * to spare it, not to speak for it.
 */
final class HostTurns {
  private static final Logger log = LoggerFactory.getLogger(HostTurns.class);

  /**
   * Hosts that have just failed, which others are asked before: a mirror that is gone would cost
   * every read of a layer the time that a connection takes to fail. Safe for use by many threads.
   */
  static final class Avoided {
    private static final int MAX_AVOIDED = 10_000;
    private static final Duration LIFETIME = Duration.ofMinutes(1);

    /** A host for everything, or a repository there for one blob. */
    private record Key(Object where, @Nullable Digest blob) {}

    private final Cache<Key, Boolean> keys =
        Caffeine.newBuilder().maximumSize(MAX_AVOIDED).expireAfterWrite(LIFETIME).build();

    private boolean has(Access access, @Nullable Digest blob) {
      return keys.getIfPresent(new Key(access.origin(), null)) != null
          || (blob != null && keys.getIfPresent(new Key(access.base(), blob)) != null);
    }

    /**
     * Has others be asked before this host.
     *
     * @param passing whether the host is at fault, rather than what it has of the blob
     */
    void add(Access access, @Nullable Digest blob, boolean passing) {
      if (passing) {
        keys.put(new Key(access.origin(), null), true);
      } else if (blob != null) {
        keys.put(new Key(access.base(), blob), true);
      }
    }
  }

  /**
   * What a round came to.
   *
   * @param failure what to report
   * @param passing whether another round may do better
   * @param retryAfter how long a host asked to be left alone; null where none did
   */
  record Failure(RegistryException failure, boolean passing, @Nullable Duration retryAfter) {}

  private final Avoided avoided;
  private final List<Access> hosts;
  private final @Nullable Digest blob;
  private final List<Access> waiting = new ArrayList<>();
  private final List<String> others = new ArrayList<>();
  private Access current;
  private @Nullable Failure decisive;

  /**
   * A first round.
   *
   * @param hosts in their order, not empty
   * @param blob what is read, if it is a blob
   */
  HostTurns(Avoided avoided, List<Access> hosts, @Nullable Digest blob) {
    this.avoided = avoided;
    this.hosts = hosts;
    this.blob = blob;
    this.current = begin();
  }

  /** The host to ask now. */
  Access current() {
    return current;
  }

  /**
   * The present host has failed.
   *
   * @param passing whether the same request may succeed later
   * @return null where it is another host's turn at once; else what the round came to, after which
   *     a new one begins
   */
  @Nullable Failure failed(
      RegistryException failure, boolean passing, @Nullable Duration retryAfter) {
    if (hosts.size() == 1) {
      return new Failure(failure, passing, retryAfter);
    }
    avoided.add(current, blob, passing);
    if (current.equals(hosts.getLast())) {
      decisive = new Failure(failure, passing, retryAfter);
    } else {
      others.add(String.valueOf(failure.getMessage()));
    }
    if (!waiting.isEmpty()) {
      current = waiting.removeFirst();
      log.info("asking {} instead: {}", Failures.hostOf(current.base()), failure.getMessage());
      return null;
    }
    Failure all = decisive == null ? new Failure(failure, passing, retryAfter) : decisive;
    Failure told = new Failure(withOthers(all.failure()), all.passing(), all.retryAfter());
    current = begin();
    return told;
  }

  private Access begin() {
    waiting.clear();
    others.clear();
    decisive = null;
    for (Access host : hosts) {
      if (!avoided.has(host, blob)) {
        waiting.add(host);
      }
    }
    for (Access host : hosts) {
      if (!waiting.contains(host)) {
        waiting.add(host);
      }
    }
    return waiting.removeFirst();
  }

  /** With what the other hosts said, which may be where the fault is. */
  private RegistryException withOthers(RegistryException failure) {
    String message = failure.getMessage() + "; before that: " + String.join("; ", others);
    return new RegistryException(failure.kind(), message, failure);
  }
}
