package io.morsel.registry;

import io.morsel.registry.RegistryException.Kind;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writing to a registry (OCI distribution specification, section "Push"). */
final class BlobUpload {
  private static final RequestBody EMPTY = RequestBody.create(new byte[0], null);
  private static final int COPY_BYTES = 64 << 10;
  private static final Duration ABANDON_TIMEOUT = Duration.ofSeconds(2);
  private static final Logger log = LoggerFactory.getLogger(BlobUpload.class);

  private final Http http;
  private final Hosts hosts;

  BlobUpload(Http http, Hosts hosts) {
    this.http = http;
    this.hosts = hosts;
  }

  boolean exists(ImageReference reference, Descriptor descriptor) throws IOException {
    return exists(hosts.toWrite(reference), reference, descriptor);
  }

  private boolean exists(Access access, ImageReference reference, Descriptor descriptor)
      throws IOException {
    String what = "cannot ask for blob " + descriptor.digest() + " of " + reference.name();
    Request request =
        new Request.Builder().url(access.url("blobs/" + descriptor.digest())).head().build();
    return http.execute(
        access,
        request,
        what,
        response ->
            switch (response.code()) {
              case 200 -> true;
              case 404 -> false;
              default -> throw Failures.ofStatus(response, what);
            });
  }

  /**
   * Uploads a blob that is not there yet.
   *
   * @param mountFrom a repository of the same registry that has the blob, or null
   */
  void push(
      ImageReference reference,
      Descriptor descriptor,
      ContentSource content,
      @Nullable ImageReference mountFrom)
      throws IOException {
    Access access =
        mountFrom == null ? hosts.toWrite(reference) : hosts.toMount(reference, mountFrom);
    if (exists(access, reference, descriptor)) {
      return;
    }
    String what = "cannot write blob " + descriptor.digest() + " to " + reference.name();
    Retries retries = new Retries(http.settings(), http.listener());
    Cancellation cancel = new Cancellation();
    ImageReference from = mountFrom;
    while (true) {
      RegistryException failure;
      Duration retryAfter = null;
      try {
        HttpUrl session = start(access, descriptor, from, what);
        if (session != null) {
          sendOrAbandon(access, session, descriptor, content, what, cancel);
        }
        return;
      } catch (PassingFailure e) {
        failure = e.failure();
        retryAfter = e.retryAfter();
      } catch (ContentFailure e) {
        throw e.reason();
      } catch (RegistryException e) {
        if (from == null || e.kind() == Kind.UNAVAILABLE) {
          throw e;
        }
        // A registry may refuse to mount where it lets us upload.
        from = null;
        access = hosts.toWrite(reference);
        continue;
      } catch (IOException e) {
        failure = http.passingOrThrow(e, access.base(), what, cancel);
      }
      retries.pause(failure, retryAfter, Failures.hostOf(access.base()), cancel);
    }
  }

  /** Starts an upload; null if the registry mounted the blob instead. */
  private @Nullable HttpUrl start(
      Access access, Descriptor descriptor, @Nullable ImageReference from, String what)
      throws IOException {
    HttpUrl.Builder url = access.url("blobs/uploads/").newBuilder();
    if (from != null) {
      url.addQueryParameter("mount", descriptor.digest().toString());
      url.addQueryParameter("from", from.repository());
    }
    Request request = new Request.Builder().url(url.build()).post(EMPTY).build();
    Started started =
        http.execute(
            access,
            request,
            what,
            response -> {
              if (from != null && response.code() == 201) {
                return new Started(null);
              }
              if (response.code() != 202) {
                throw Failures.ofStatus(response, what);
              }
              return new Started(session(access, response, what));
            });
    return started.session();
  }

  private record Started(@Nullable HttpUrl session) {}

  private static HttpUrl session(Access access, Response response, String what)
      throws RegistryException {
    String location = response.header("Location");
    HttpUrl session = location == null ? null : response.request().url().resolve(location);
    if (session == null) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE, what + ": the registry gave no usable place to upload to");
    }
    if (access.base().isHttps() && !session.isHttps()) {
      // A registry that does not know of the TLS in front of it names itself without.
      if (!session.host().equals(access.base().host())) {
        throw new RegistryException(
            Kind.INVALID_RESPONSE,
            what + ": the registry wants the upload sent to plain HTTP, which is refused");
      }
      return session.newBuilder().scheme("https").port(access.base().port()).build();
    }
    return session;
  }

  /**
   * Every try has an upload of its own, so that one which failed must not stay with the registry.
   */
  private void sendOrAbandon(
      Access access,
      HttpUrl session,
      Descriptor descriptor,
      ContentSource content,
      String what,
      Cancellation cancel)
      throws IOException {
    try {
      send(access, session, descriptor, content, what, cancel);
    } catch (IOException failure) {
      abandon(access, session, what);
      throw failure;
    }
  }

  /**
   * Tells the registry to forget an upload. Tried once and briefly, since a registry also forgets
   * by itself in the end, and since it may be what has just failed.
   */
  private void abandon(Access access, HttpUrl session, String what) {
    // Without this no request is made for a thread that was interrupted, when it matters most.
    boolean interrupted = Thread.interrupted();
    Cancellation cancel = new Cancellation();
    Request request = new Request.Builder().url(session).delete().build();
    try {
      Response answer =
          Origin.of(session).equals(access.origin())
              ? http.attempt(access, request, what, cancel, ABANDON_TIMEOUT).response()
              : http.call(access.connection(), request, cancel, ABANDON_TIMEOUT);
      try (answer) {
        log.debug("{}: abandoning the upload was answered with {}", what, answer.code());
      }
    } catch (IOException e) {
      log.debug("{}: the upload could not be abandoned: {}", what, e.getMessage());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void send(
      Access access,
      HttpUrl session,
      Descriptor descriptor,
      ContentSource content,
      String what,
      Cancellation cancel)
      throws IOException {
    HttpUrl url =
        session.newBuilder().addQueryParameter("digest", descriptor.digest().toString()).build();
    RequestBody body = new Body(descriptor, content, http.listener(), Failures.hostOf(url));
    Request request = new Request.Builder().url(url).put(body).build();
    boolean elsewhere = !Origin.of(url).equals(access.origin());
    Response answer =
        elsewhere
            ? http.call(access.connection(), request, cancel, Duration.ZERO)
            : http.attempt(access, request, what, cancel, Duration.ZERO).response();
    try (Response response = answer) {
      if (Failures.isPassing(response.code())) {
        throw new PassingFailure(Failures.ofStatus(response, what), Retries.retryAfter(response));
      }
      if (response.code() != 201 && response.code() != 204) {
        throw Failures.ofStatus(response, what);
      }
    }
  }

  void putManifest(ImageReference reference, String name, VerifiedContent manifest)
      throws IOException {
    Access access = hosts.toWrite(reference);
    String what = "cannot write manifest " + Texts.shown(name) + " to " + reference.name();
    MediaType type = MediaType.parse(manifest.descriptor().mediaType());
    Request request =
        new Request.Builder()
            .url(access.url("manifests/" + name))
            .put(RequestBody.create(manifest.bytes(), type))
            .build();
    String digest = manifest.descriptor().digest().toString();
    http.execute(
        access,
        request,
        what,
        response -> {
          if (response.code() != 201 && response.code() != 200) {
            throw Failures.ofStatus(response, what);
          }
          String stored = response.header("Docker-Content-Digest");
          if (stored != null
              && stored.startsWith(manifest.descriptor().digest().algorithm() + ":")
              && !stored.equals(digest)) {
            throw new RegistryException(
                Kind.INVALID_RESPONSE, what + ": the registry stored other bytes than were sent");
          }
          return digest;
        });
  }

  /** Our own content was at fault: trying again is of no use. */
  private static final class ContentFailure extends IOException {
    private final IOException reason;

    ContentFailure(IOException reason) {
      super(reason);
      this.reason = reason;
    }

    IOException reason() {
      return reason;
    }
  }

  /** Sends exactly the bytes that the descriptor counts. */
  private static final class Body extends RequestBody {
    private static final MediaType BINARY = MediaType.get("application/octet-stream");

    private final Descriptor descriptor;
    private final ContentSource content;
    private final TransferListener listener;
    private final String host;

    Body(Descriptor descriptor, ContentSource content, TransferListener listener, String host) {
      this.descriptor = descriptor;
      this.content = content;
      this.listener = listener;
      this.host = host;
    }

    @Override
    public MediaType contentType() {
      return BINARY;
    }

    @Override
    public long contentLength() {
      return descriptor.sizeBytes();
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
      byte[] buffer = new byte[COPY_BYTES];
      try (InputStream in = openContent()) {
        long left = descriptor.sizeBytes();
        while (left > 0) {
          int count = readContent(in, buffer, (int) Math.min(buffer.length, left));
          sink.write(buffer, 0, count);
          listener.sent(host, count);
          left -= count;
        }
      }
    }

    private InputStream openContent() throws ContentFailure {
      try {
        return content.open();
      } catch (IOException e) {
        throw new ContentFailure(e);
      }
    }

    private int readContent(InputStream in, byte[] buffer, int length) throws ContentFailure {
      try {
        int count = in.read(buffer, 0, length);
        if (count < 0) {
          throw new EOFException(
              "the content of " + descriptor.digest() + " is shorter than its descriptor says");
        }
        return count;
      } catch (IOException e) {
        throw new ContentFailure(e);
      }
    }
  }
}
