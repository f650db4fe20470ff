package io.morsel.registry;

import io.morsel.registry.RegistryException.Kind;
import io.morsel.registry.RegistryHost.Capability;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/** Where a repository can be reached: its registry, and the hosts that answer for it. */
final class Hosts {
  private static final List<RegistryHost> ITSELF = List.of(RegistryHost.ITSELF);

  private final RegistrySettings settings;
  private final @Nullable HostsDirectory directory;

  Hosts(RegistrySettings settings) {
    this.settings = settings;
    Path path = settings.hostsDirectory();
    this.directory = path == null ? null : new HostsDirectory(path);
  }

  /** Hosts that have content, to be asked in this order; never empty. */
  List<Access> toRead(ImageReference reference) throws RegistryException {
    return accesses(reference, "pull", can(Capability.PULL), List.of(scope(reference, "pull")));
  }

  /** Hosts that say what a tag means, to be asked in this order; never empty. */
  List<Access> toResolve(ImageReference reference) throws RegistryException {
    return accesses(
        reference,
        "pull and resolve",
        can(Capability.PULL).and(can(Capability.RESOLVE)),
        List.of(scope(reference, "pull")));
  }

  /** Hosts that say what refers to an image, to be asked in this order; never empty. */
  List<Access> toListReferrers(ImageReference reference) throws RegistryException {
    return accesses(
        reference,
        "resolve or referrers",
        can(Capability.RESOLVE).or(can(Capability.REFERRERS)),
        List.of(scope(reference, "pull")));
  }

  /** The host to write to. */
  Access toWrite(ImageReference reference) throws RegistryException {
    return toPush(reference, List.of(scope(reference, "pull,push")));
  }

  /** To write here, and to take blobs from another repository of the same registry. */
  Access toMount(ImageReference to, ImageReference from) throws RegistryException {
    return toPush(to, List.of(scope(to, "pull,push"), scope(from, "pull")));
  }

  private Access toPush(ImageReference reference, List<String> scopes) throws RegistryException {
    return accesses(reference, "push", can(Capability.PUSH), scopes).getFirst();
  }

  private static Predicate<RegistryHost> can(Capability capability) {
    return host -> host.capabilities().contains(capability);
  }

  private List<Access> accesses(
      ImageReference reference,
      String capabilities,
      Predicate<RegistryHost> wanted,
      List<String> scopes)
      throws RegistryException {
    List<RegistryHost> hosts = directory == null ? ITSELF : directory.hosts(reference.registry());
    List<Access> accesses = new ArrayList<>();
    for (RegistryHost host : hosts) {
      if (wanted.test(host)) {
        accesses.add(access(host, reference, scopes));
      }
    }
    if (accesses.isEmpty()) {
      throw new RegistryException(
          Kind.UNAVAILABLE,
          "registry hosts: "
              + settings.hostsDirectory()
              + " has no host for "
              + reference.registry()
              + " with the capabilities "
              + capabilities);
    }
    return accesses;
  }

  private Access access(RegistryHost host, ImageReference reference, List<String> scopes) {
    String endpoint = reference.endpoint();
    String scheme = Origin.isPlainHttp(endpoint, settings) ? "http" : "https";
    HttpUrl own = HttpUrl.get(scheme + "://" + endpoint + "/v2/");
    HttpUrl root = host.root() == null ? own : host.root();
    if (root.host().equals(ImageReference.DOCKER_HUB)) {
      // Docker Hub's name is not where its API is.
      root = root.newBuilder().host(ImageReference.DOCKER_HUB_HOST).build();
    }
    boolean itself = Failures.hostOf(root).equals(Failures.hostOf(withScheme(own, root)));
    HttpUrl base = HttpUrl.get(root + reference.repository() + "/");
    return new Access(
        itself ? reference.registry() : name(root),
        base,
        scopes,
        itself ? null : reference.registry(),
        host.headers(),
        host.connection());
  }

  /** The registry's own address as it is in the other one's scheme, whose default port counts. */
  private static HttpUrl withScheme(HttpUrl own, HttpUrl other) {
    boolean usual = own.port() == HttpUrl.defaultPort(own.scheme());
    HttpUrl.Builder builder = own.newBuilder().scheme(other.scheme());
    return usual ? builder.port(HttpUrl.defaultPort(other.scheme())).build() : builder.build();
  }

  /** The name that logins to a host are kept under. */
  private static String name(HttpUrl root) {
    return root.host().equals(ImageReference.DOCKER_HUB_HOST)
        ? ImageReference.DOCKER_HUB
        : Failures.hostOf(root);
  }

  private static String scope(ImageReference reference, String actions) {
    return "repository:" + reference.repository() + ":" + actions;
  }
}
