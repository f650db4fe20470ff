package io.morsel.registry;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How the client behaves towards registries.
 *
 * @param plainHttpHosts hosts, or host:port, spoken to without TLS, beside the loopback ones
 * @param connectTimeout how long a connection may take to come up
 * @param readTimeout how long a connection may be silent while something is awaited
 * @param operationTimeout how long one operation may take with all its retries; for a stream: how
 *     long it may go on without delivering bytes
 * @param retries how often a request that failed for a passing reason is repeated
 * @param backoffMin the first pause's upper bound; it doubles with every retry
 * @param backoffMax the longest pause, also where the registry asks for a longer one
 * @param idleConnections how many unused connections are kept open
 * @param maxSkippedBytes how many bytes are read and thrown away where a server ignores the asked
 *     range and sends the blob from its beginning
 * @param userAgent the User-Agent header
 * @param headers further headers of requests to registries, and to nobody they redirect to
 * @param hostsDirectory where the hosts that answer for registries are configured, as in
 *     containerd's {@code certs.d}; it need not exist, and null is for none
 */
public record RegistrySettings(
    Set<String> plainHttpHosts,
    Duration connectTimeout,
    Duration readTimeout,
    Duration operationTimeout,
    int retries,
    Duration backoffMin,
    Duration backoffMax,
    int idleConnections,
    long maxSkippedBytes,
    String userAgent,
    RequestHeaders headers,
    @Nullable Path hostsDirectory) {
  /** Checks the bounds. */
  public RegistrySettings {
    plainHttpHosts = Set.copyOf(plainHttpHosts);
    if (retries < 0 || idleConnections < 0 || maxSkippedBytes < 0) {
      throw new IllegalArgumentException("retries, connections and bytes must not be negative");
    }
    if (!connectTimeout.isPositive()
        || !readTimeout.isPositive()
        || !operationTimeout.isPositive()) {
      throw new IllegalArgumentException("timeouts must be longer than nothing");
    }
    if (backoffMin.isNegative() || backoffMax.compareTo(backoffMin) < 0) {
      throw new IllegalArgumentException("backoffMin must be neither negative nor over backoffMax");
    }
  }

  /** The defaults, for this version of Morsel. */
  public static RegistrySettings defaults(String version) {
    return new RegistrySettings(
        Set.of(),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30),
        Duration.ofSeconds(120),
        5,
        Duration.ofMillis(100),
        Duration.ofSeconds(10),
        32,
        8L << 20,
        "morsel/" + version,
        RequestHeaders.NONE,
        null);
  }

  /** The same settings with these hosts spoken to without TLS. */
  public RegistrySettings withPlainHttpHosts(Set<String> hosts) {
    return new RegistrySettings(
        hosts,
        connectTimeout,
        readTimeout,
        operationTimeout,
        retries,
        backoffMin,
        backoffMax,
        idleConnections,
        maxSkippedBytes,
        userAgent,
        headers,
        hostsDirectory);
  }

  /** The same settings with these bounds of time. */
  public RegistrySettings withTimeouts(Duration connect, Duration read, Duration operation) {
    return new RegistrySettings(
        plainHttpHosts,
        connect,
        read,
        operation,
        retries,
        backoffMin,
        backoffMax,
        idleConnections,
        maxSkippedBytes,
        userAgent,
        headers,
        hostsDirectory);
  }

  /** The same settings with these bounds of retries. */
  public RegistrySettings withRetries(int newRetries, Duration min, Duration max) {
    return new RegistrySettings(
        plainHttpHosts,
        connectTimeout,
        readTimeout,
        operationTimeout,
        newRetries,
        min,
        max,
        idleConnections,
        maxSkippedBytes,
        userAgent,
        headers,
        hostsDirectory);
  }

  /** The same settings with these further headers. */
  public RegistrySettings withHeaders(RequestHeaders newHeaders) {
    return new RegistrySettings(
        plainHttpHosts,
        connectTimeout,
        readTimeout,
        operationTimeout,
        retries,
        backoffMin,
        backoffMax,
        idleConnections,
        maxSkippedBytes,
        userAgent,
        newHeaders,
        hostsDirectory);
  }

  /** The same settings with the hosts of registries configured here; null for nowhere. */
  public RegistrySettings withHostsDirectory(@Nullable Path newHostsDirectory) {
    return new RegistrySettings(
        plainHttpHosts,
        connectTimeout,
        readTimeout,
        operationTimeout,
        retries,
        backoffMin,
        backoffMax,
        idleConnections,
        maxSkippedBytes,
        userAgent,
        headers,
        newHostsDirectory);
  }
}
