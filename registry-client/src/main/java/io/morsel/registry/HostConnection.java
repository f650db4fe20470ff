package io.morsel.registry;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How connections to one host are made, where that differs from how they are made to any other.
 *
 * @param authorities certificates that are trusted beside the machine's own
 * @param keys what the client shows to hosts that ask who it is
 * @param skipVerify whether any certificate will do, for any name
 * @param dialTimeout how long a connection may take to come up; null for what the settings say
 */
record HostConnection(
    List<X509Certificate> authorities,
    List<ClientKey> keys,
    boolean skipVerify,
    @Nullable Duration dialTimeout) {
  /** As to any other host. */
  static final HostConnection DEFAULT = new HostConnection(List.of(), List.of(), false, null);

  /** A key, and the certificates that vouch for it, its own first. */
  record ClientKey(List<X509Certificate> chain, PrivateKey key) {
    ClientKey {
      chain = List.copyOf(chain);
    }

    @Override
    public String toString() {
      return "ClientKey[hidden]";
    }
  }

  HostConnection {
    authorities = List.copyOf(authorities);
    keys = List.copyOf(keys);
  }

  boolean isDefault() {
    return equals(DEFAULT);
  }
}
