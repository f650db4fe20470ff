package io.morsel.registry;

import java.util.Locale;
import okhttp3.HttpUrl;

/**
 * Whom a request goes to (RFC 6454): credentials for one origin never go to another.
 *
 * @param scheme {@code http} or {@code https}
 * @param host the host in lower case
 * @param port the port, also where it is the scheme's default
 */
record Origin(String scheme, String host, int port) {
  static Origin of(HttpUrl url) {
    return new Origin(url.scheme(), url.host(), url.port());
  }

  /** Whether host or host:port is the machine itself, or configured to be spoken to without TLS. */
  static boolean isPlainHttp(String endpoint, RegistrySettings settings) {
    HttpUrl url = HttpUrl.parse("http://" + endpoint + "/");
    if (url == null) {
      return false;
    }
    return isLoopback(url.host())
        || settings.plainHttpHosts().contains(endpoint)
        || settings.plainHttpHosts().contains(hostOf(endpoint));
  }

  static boolean isLoopback(String host) {
    String name = host.toLowerCase(Locale.ROOT);
    return name.equals("localhost") || name.equals("::1") || isLoopbackIpv4(name);
  }

  private static String hostOf(String endpoint) {
    int colon = endpoint.lastIndexOf(':');
    return colon > endpoint.lastIndexOf(']') ? endpoint.substring(0, colon) : endpoint;
  }

  /** A name such as 127.0.0.1.example.com must not pass: all four parts are numbers. */
  private static boolean isLoopbackIpv4(String host) {
    String[] parts = host.split("\\.", -1);
    if (parts.length != 4 || !parts[0].equals("127")) {
      return false;
    }
    for (String part : parts) {
      if (part.isEmpty()
          || part.length() > 3
          || !part.chars().allMatch(c -> c >= '0' && c <= '9')) {
        return false;
      }
    }
    return true;
  }
}
