package io.morsel.registry;

import java.util.List;
import okhttp3.HttpUrl;

/**
 * A repository's API together with what we want to do there.
 *
 * @param registry the registry's name, for finding credentials
 * @param base the address that all of the repository's addresses begin with; ends in a slash
 * @param scopes the rights that tokens are asked for, as in the distribution project's token
 *     specification
 */
record Access(String registry, HttpUrl base, List<String> scopes) {
  static Access toRead(ImageReference reference, RegistrySettings settings) {
    return of(reference, settings, List.of(scope(reference, "pull")));
  }

  static Access toWrite(ImageReference reference, RegistrySettings settings) {
    return of(reference, settings, List.of(scope(reference, "pull,push")));
  }

  /** To write here, and to take blobs from another repository of the same registry. */
  static Access toMount(ImageReference to, ImageReference from, RegistrySettings settings) {
    return of(to, settings, List.of(scope(to, "pull,push"), scope(from, "pull")));
  }

  private static Access of(
      ImageReference reference, RegistrySettings settings, List<String> scopes) {
    String endpoint = reference.endpoint();
    String scheme = Origin.isPlainHttp(endpoint, settings) ? "http" : "https";
    HttpUrl base = HttpUrl.get(scheme + "://" + endpoint + "/v2/" + reference.repository() + "/");
    return new Access(reference.registry(), base, scopes);
  }

  private static String scope(ImageReference reference, String actions) {
    return "repository:" + reference.repository() + ":" + actions;
  }

  Origin origin() {
    return Origin.of(base);
  }

  /** The address of something in the repository, such as {@code blobs/sha256:…}. */
  HttpUrl url(String relative) {
    return HttpUrl.get(base + relative);
  }
}
