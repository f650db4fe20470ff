package io.morsel.registry;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.morsel.registry.RegistryException.Kind;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Talks to OCI registries (OCI distribution specification).
 *
 * <p>Calls block and are meant for virtual threads: an interrupt stops them with an {@link
 * java.io.InterruptedIOException}. Failures are {@link RegistryException}s. Safe for use by many
 * threads; one client keeps the connections, tokens and resolved addresses of all its users.
 */
public final class RegistryClient implements AutoCloseable {
  private static final int MAX_LOCATIONS = 100_000;
  private static final long MAX_CONTENT_CACHE_BYTES = 32 << 20;

  /**
   * The same bytes may be readable by one repository's users and not by another's.
   *
   * @param repository with its registry, whichever host served it
   */
  private record ContentKey(String repository, Digest digest) {}

  private final Hosts hosts;
  private final Http http;
  private final Referrers referrers;
  private final Cache<HttpBlob.LocationKey, HttpUrl> locations =
      Caffeine.newBuilder()
          .maximumSize(MAX_LOCATIONS)
          .expireAfterWrite(Duration.ofHours(1))
          .build();

  /** Manifests and configurations, which one pull reads more than once. */
  private final Cache<ContentKey, VerifiedContent> contents =
      Caffeine.newBuilder()
          .maximumWeight(MAX_CONTENT_CACHE_BYTES)
          .weigher(
              (ContentKey key, VerifiedContent content) ->
                  (int) content.descriptor().sizeBytes() + 512)
          .expireAfterWrite(Duration.ofMinutes(10))
          .build();

  /** A client with its own connections; nothing is contacted yet. */
  public RegistryClient(
      RegistrySettings settings, Credentials credentials, TransferListener listener) {
    this.hosts = new Hosts(settings);
    this.http = new Http(settings, credentials, listener);
    this.referrers = new Referrers(this, http, new BlobUpload(http, hosts), hosts);
  }

  /** The image to be read through this client; nothing is asked for yet. */
  public ImageSource source(ImageReference reference) {
    return new RegistrySource(this, reference);
  }

  /** The place that an image can be written to through this client; nothing is asked for yet. */
  public ImageTarget target(ImageReference reference) {
    return new RegistryTarget(new BlobUpload(http, hosts), reference);
  }

  /**
   * An image as commands name it: a registry's reference, or {@code oci:DIRECTORY[:TAG]}.
   *
   * @throws IllegalArgumentException if the name is malformed
   */
  public ImageSource source(String name) {
    return OciLayout.isLayoutName(name)
        ? OciLayout.sourceOf(name)
        : source(ImageReference.parse(name));
  }

  /**
   * A place to write an image to, as commands name it: a registry's reference, or {@code
   * oci:DIRECTORY[:TAG]}.
   *
   * @throws IllegalArgumentException if the name is malformed
   */
  public ImageTarget target(String name) {
    return OciLayout.isLayoutName(name)
        ? OciLayout.targetOf(name)
        : target(ImageReference.parse(name));
  }

  /**
   * The image that the reference means for the platform.
   *
   * @throws RegistryException of kind NO_SUCH_PLATFORM if the image is not for it
   */
  public ResolvedImage resolve(ImageReference reference, Platform platform) throws IOException {
    return source(reference).resolve(platform);
  }

  /**
   * The manifest or index that the reference names, verified where the reference has a digest.
   *
   * @return the content, with the digest of what was received if the reference has only a tag
   */
  public VerifiedContent manifest(ImageReference reference) throws IOException {
    Digest digest = reference.digest();
    VerifiedContent known = digest == null ? null : contents.getIfPresent(key(reference, digest));
    return known != null ? known : fetchManifest(reference, reference.manifestName(), digest);
  }

  /** A manifest or index of the reference's repository; verified. */
  public VerifiedContent manifest(ImageReference reference, Descriptor descriptor)
      throws IOException {
    checkSize(descriptor, Json.MAX_MANIFEST_BYTES, reference);
    Digest digest = descriptor.digest();
    VerifiedContent content = contents.getIfPresent(key(reference, digest));
    if (content == null) {
      content = fetchManifest(reference, digest.toString(), digest);
    }
    return VerifiedContent.check(
        descriptor, content.bytes(), "manifest " + descriptor.digest() + " of " + reference.name());
  }

  private static ContentKey key(ImageReference reference, Digest digest) {
    return new ContentKey(reference.name(), digest);
  }

  private VerifiedContent fetchManifest(
      ImageReference reference, String name, @Nullable Digest digest) throws IOException {
    VerifiedContent content =
        fetchManifest(
            digest == null ? hosts.toResolve(reference) : hosts.toRead(reference),
            reference,
            name,
            digest);
    contents.put(key(reference, content.descriptor().digest()), content);
    return content;
  }

  /** A manifest as these hosts have it, which is not kept. */
  VerifiedContent fetchManifest(
      List<Access> from, ImageReference reference, String name, @Nullable Digest digest)
      throws IOException {
    String what = "cannot read the manifest of " + reference;
    return http.execute(
        from,
        access ->
            new Request.Builder()
                .url(access.url("manifests/" + name))
                .header("Accept", MediaTypes.ACCEPTED_MANIFESTS)
                .build(),
        null,
        what,
        response -> {
          if (response.code() != 200) {
            throw Failures.ofStatus(response, what);
          }
          String type =
              MediaTypes.ofContentType(String.valueOf(response.header("Content-Type", "")));
          String named = "the manifest of " + reference;
          byte[] bytes = Http.readBounded(response, Json.MAX_MANIFEST_BYTES, named);
          Digest actual = digest != null ? digest : promisedDigest(response, bytes);
          return VerifiedContent.check(new Descriptor(type, actual, bytes.length), bytes, named);
        });
  }

  /**
   * The digest of what was received by tag: the registry's word for it is only ever checked, since
   * a proxy or a broken mirror may have changed the bytes.
   */
  private static Digest promisedDigest(Response response, byte[] bytes) {
    String promised = response.header("Docker-Content-Digest");
    if (promised != null) {
      try {
        return Digest.parse(promised);
      } catch (IllegalArgumentException e) {
        return Digest.of(bytes);
      }
    }
    return Digest.of(bytes);
  }

  /**
   * A small blob; verified.
   *
   * @throws RegistryException of kind INVALID_RESPONSE if it is larger than the bound
   */
  public VerifiedContent fetch(ImageReference reference, Descriptor descriptor, int maxBytes)
      throws IOException {
    checkSize(descriptor, maxBytes, reference);
    ContentKey key = key(reference, descriptor.digest());
    String named = "blob " + descriptor.digest() + " of " + reference.name();
    VerifiedContent known = contents.getIfPresent(key);
    if (known != null) {
      return VerifiedContent.check(descriptor, known.bytes(), named);
    }
    VerifiedContent content =
        http.execute(
            hosts.toRead(reference),
            access -> new Request.Builder().url(access.url("blobs/" + descriptor.digest())).build(),
            descriptor.digest(),
            "cannot read " + named,
            response -> {
              if (response.code() != 200) {
                throw Failures.ofStatus(response, "cannot read " + named);
              }
              byte[] bytes = Http.readBounded(response, maxBytes, named);
              http.listener().received(Failures.hostOf(response.request().url()), bytes.length);
              return VerifiedContent.check(descriptor, bytes, named);
            });
    contents.put(key, content);
    return content;
  }

  /**
   * The manifests of artifacts that refer to an image, by the registry's list of them or, where it
   * keeps none, by the tag that its clients keep instead.
   *
   * @param repository names the repository; tag and digest don't count
   * @param subject the digest of the image's manifest
   * @param type the artifacts' type
   */
  public List<Descriptor> referrers(ImageReference repository, Digest subject, String type)
      throws IOException {
    return referrers.list(repository, subject, type);
  }

  /**
   * An artifact that refers to an image; its manifest is verified.
   *
   * @param manifest one of {@link #referrers}
   * @return empty where it is no artifact of that image after all
   */
  public Optional<Artifact> artifact(ImageReference repository, Descriptor manifest, Digest subject)
      throws IOException {
    return referrers.read(repository, manifest, subject);
  }

  /**
   * Writes an artifact next to the image that is its subject, and has the registry list it.
   *
   * @param content what the artifact's descriptor describes
   * @return the descriptor of the artifact's manifest
   */
  public Descriptor attach(ImageReference repository, Artifact artifact, byte[] content)
      throws IOException {
    return referrers.attach(repository, artifact, content);
  }

  /** A blob to be read at random; nothing is asked for before the first read. */
  public RemoteBlob blob(ImageReference reference, Descriptor descriptor) {
    return blob(reference, descriptor.digest(), descriptor.sizeBytes());
  }

  /** A blob to be read at random, of which only digest and size are known. */
  public RemoteBlob blob(ImageReference reference, Digest digest, long sizeBytes) {
    return new HttpBlob(http, locations, hosts, reference, digest, sizeBytes);
  }

  private static void checkSize(Descriptor descriptor, int maxBytes, ImageReference reference)
      throws RegistryException {
    if (descriptor.sizeBytes() > maxBytes) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE,
          "cannot read "
              + descriptor.digest()
              + " of "
              + reference.name()
              + ": it has "
              + descriptor.sizeBytes()
              + " bytes, more than the bound of "
              + maxBytes);
    }
  }

  /**
   * Reads the certificates that this machine trusts, which otherwise the first request over TLS has
   * to wait for.
   */
  public void prepareTls() {
    var _ = http.tls();
  }

  /** Closes unused connections; calls that are under way are not stopped. */
  @Override
  public void close() {
    http.close();
  }
}
