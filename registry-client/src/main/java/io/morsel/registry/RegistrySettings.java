package io.morsel.registry;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How the client behaves towards registries.
 *
 * @param plainHttpHosts hosts, or host:port, spoken to without TLS, beside the loopback ones
 * @param timeouts how long things may take
 * @param retries how often, and after how long, what failed for a passing reason is tried again
 * @param limits what is kept and read at most
 * @param userAgent the User-Agent header
 * @param headers further headers of requests to registries, and to nobody they redirect to
 * @param hostsDirectory where the hosts that answer for registries are configured, as in
 *     containerd's {@code certs.d}; it need not exist, and null is for none
 */
public record RegistrySettings(
    Set<String> plainHttpHosts,
    Timeouts timeouts,
    Retrying retries,
    Limits limits,
    String userAgent,
    RequestHeaders headers,
    @Nullable Path hostsDirectory) {
  /** Copies the set. */
  public RegistrySettings {
    plainHttpHosts = Set.copyOf(plainHttpHosts);
  }

  /**
   * Bounds of time.
   *
   * @param connect how long a connection may take to come up
   * @param read how long a connection may be silent while something is awaited
   * @param operation how long one operation may take with all its retries; for a stream: how long
   *     it may go on without delivering bytes
   */
  public record Timeouts(Duration connect, Duration read, Duration operation) {
    /** Checks the bounds. */
    public Timeouts {
      if (!connect.isPositive() || !read.isPositive() || !operation.isPositive()) {
        throw new IllegalArgumentException("timeouts must be longer than nothing");
      }
    }
  }

  /**
   * How failed requests are repeated.
   *
   * @param times how often at most
   * @param backoffMin the first pause's upper bound; it doubles with every retry
   * @param backoffMax the longest pause, also where the registry asks for a longer one
   */
  public record Retrying(int times, Duration backoffMin, Duration backoffMax) {
    /** Checks the bounds. */
    public Retrying {
      if (times < 0) {
        throw new IllegalArgumentException("retries must not be negative");
      }
      if (backoffMin.isNegative() || backoffMax.compareTo(backoffMin) < 0) {
        throw new IllegalArgumentException(
            "backoffMin must be neither negative nor over backoffMax");
      }
    }
  }

  /**
   * Bounds of what is kept and read.
   *
   * @param idleConnections how many unused connections are kept open
   * @param maxSkippedBytes how many bytes are read and thrown away where a server ignores the asked
   *     range and sends the blob from its beginning
   */
  public record Limits(int idleConnections, long maxSkippedBytes) {
    /** Checks the bounds. */
    public Limits {
      if (idleConnections < 0 || maxSkippedBytes < 0) {
        throw new IllegalArgumentException("connections and bytes must not be negative");
      }
    }
  }

  /** The defaults, for this version of Morsel. */
  public static RegistrySettings defaults(String version) {
    return new RegistrySettings(
        Set.of(),
        new Timeouts(Duration.ofSeconds(10), Duration.ofSeconds(30), Duration.ofSeconds(120)),
        new Retrying(5, Duration.ofMillis(100), Duration.ofSeconds(10)),
        new Limits(32, 8L << 20),
        "morsel/" + version,
        RequestHeaders.NONE,
        null);
  }

  /** The same settings with these hosts spoken to without TLS. */
  public RegistrySettings withPlainHttpHosts(Set<String> hosts) {
    return new RegistrySettings(
        hosts, timeouts, retries, limits, userAgent, headers, hostsDirectory);
  }

  /** The same settings with these bounds of time. */
  public RegistrySettings withTimeouts(Duration connect, Duration read, Duration operation) {
    return new RegistrySettings(
        plainHttpHosts,
        new Timeouts(connect, read, operation),
        retries,
        limits,
        userAgent,
        headers,
        hostsDirectory);
  }

  /** The same settings with these bounds of retries. */
  public RegistrySettings withRetries(int times, Duration min, Duration max) {
    return new RegistrySettings(
        plainHttpHosts,
        timeouts,
        new Retrying(times, min, max),
        limits,
        userAgent,
        headers,
        hostsDirectory);
  }

  /** The same settings with these further headers. */
  public RegistrySettings withHeaders(RequestHeaders newHeaders) {
    return new RegistrySettings(
        plainHttpHosts, timeouts, retries, limits, userAgent, newHeaders, hostsDirectory);
  }

  /** The same settings with the hosts of registries configured here; null for nowhere. */
  public RegistrySettings withHostsDirectory(@Nullable Path newHostsDirectory) {
    return new RegistrySettings(
        plainHttpHosts, timeouts, retries, limits, userAgent, headers, newHostsDirectory);
  }
}
