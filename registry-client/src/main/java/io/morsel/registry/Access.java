package io.morsel.registry;

import java.util.List;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/**
 * A repository's API at one host, together with what we want to do there.
 *
 * @param registry the host's name, for finding credentials
 * @param base the address that all of the repository's addresses begin with; ends in a slash
 * @param scopes the rights that tokens are asked for, as in the distribution project's token
 *     specification
 * @param namespace the registry that is meant, for a host that may answer for several; null where
 *     the host is the registry itself
 * @param headers further headers of requests to this host
 * @param connection how it is connected to
 */
record Access(
    String registry,
    HttpUrl base,
    List<String> scopes,
    @Nullable String namespace,
    RequestHeaders headers,
    HostConnection connection) {
  Origin origin() {
    return Origin.of(base);
  }

  /** The address of something in the repository, such as {@code blobs/sha256:…}. */
  HttpUrl url(String relative) {
    HttpUrl url = HttpUrl.get(base + relative);
    return namespace == null ? url : url.newBuilder().addQueryParameter("ns", namespace).build();
  }
}
