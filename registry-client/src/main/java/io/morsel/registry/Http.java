package io.morsel.registry;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.morsel.registry.RegistryException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.ConnectionSpec;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Requests to registries: authenticated, redirects followed, tried again within bounds.
 *
 * <p>HTTP/1.1 only, since one HTTP/2 connection's flow control makes large blobs several times
 * slower. Safe for use by many threads.
 */
final class Http implements AutoCloseable {
  private static final int MAX_REDIRECTS = 10;

  /**
   * A final answer: no redirect, and no demand for authentication that we can meet.
   *
   * @param response the open response
   * @param elsewhere whether a redirect led to another origin than the registry's
   */
  record Answer(Response response, boolean elsewhere) {}

  /** What is asked for; the same from every host. */
  @FunctionalInterface
  interface Asking extends Function<Access, Request> {}

  /** Makes something of an answer; a failure that is no {@link RegistryException} is retried. */
  @FunctionalInterface
  interface Reader<T> {
    T read(Response response) throws IOException;
  }

  private final OkHttpClient plain;
  private final RegistrySettings settings;
  private final TransferListener listener;
  private final Authorizer authorizer;
  private final HostTurns.Avoided avoided = new HostTurns.Avoided();

  /** Hosts that serve one range with a request, and not several. */
  private final Cache<Object, Boolean> oneRange =
      Caffeine.newBuilder().maximumSize(10_000).expireAfterWrite(Duration.ofHours(1)).build();

  /** By identity, since those of a configuration that has not changed are the same objects. */
  private final Cache<HostConnection, OkHttpClient> special =
      Caffeine.newBuilder().weakKeys().build();

  /**
   * Made with the first request that needs it, since it reads the machine's certificates; shares
   * connections with the plain one. Guarded by this.
   */
  private @Nullable OkHttpClient tls;

  Http(RegistrySettings settings, Credentials credentials, TransferListener listener) {
    this.settings = settings;
    this.listener = listener;
    this.plain =
        new OkHttpClient.Builder()
            .connectionSpecs(List.of(ConnectionSpec.CLEARTEXT))
            .protocols(List.of(Protocol.HTTP_1_1))
            .followRedirects(false)
            .followSslRedirects(false)
            .connectTimeout(settings.timeouts().connect())
            .readTimeout(settings.timeouts().read())
            .writeTimeout(settings.timeouts().read())
            .connectionPool(
                new ConnectionPool(settings.limits().idleConnections(), 1, TimeUnit.MINUTES))
            .build();
    this.authorizer = new Authorizer(this, credentials, settings);
  }

  /** The client that can talk to this address in this way. */
  private OkHttpClient client(HostConnection connection, HttpUrl url) {
    if (connection.isDefault()) {
      return url.isHttps() ? tls() : plain;
    }
    return special.get(connection, how -> HostTls.client(tls(), how));
  }

  /** Makes ready for TLS now rather than with the first request that needs it. */
  synchronized OkHttpClient tls() {
    if (tls == null) {
      tls = plain.newBuilder().connectionSpecs(List.of(ConnectionSpec.MODERN_TLS)).build();
    }
    return tls;
  }

  RegistrySettings settings() {
    return settings;
  }

  TransferListener listener() {
    return listener;
  }

  /** Whether a host brings several ranges of a blob by one request, as far as is known. */
  boolean servesRanges(Access access) {
    return oneRange.getIfPresent(access.origin()) == null;
  }

  /** A host answered a request for several ranges with something else. */
  void servesOneRangeOnly(Access access) {
    oneRange.put(access.origin(), true);
  }

  /** Turns of the hosts that have a blob, for one reading of it. */
  HostTurns turns(List<Access> hosts, Digest blob) {
    return new HostTurns(avoided, hosts, blob);
  }

  /** Has those of these hosts that answer for the last one be asked after it for this blob. */
  void mistrust(List<Access> hosts, Digest blob) {
    hosts.subList(0, hosts.size() - 1).forEach(host -> avoided.add(host, blob, false));
  }

  /**
   * Does a request at one host with all retries, and reads its answer.
   *
   * @param what what is tried, for messages
   */
  <T> T execute(Access access, Request request, String what, Reader<T> reader) throws IOException {
    return execute(List.of(access), _ -> request, null, what, reader);
  }

  /**
   * Does a request at the first of the hosts that serves it, with all retries, and reads its
   * answer. A failure of the reader is the host's.
   *
   * @param hosts in the order in which they are asked
   * @param blob what is read, if it is a blob
   * @param what what is tried, for messages
   */
  <T> T execute(
      List<Access> hosts, Asking asking, @Nullable Digest blob, String what, Reader<T> reader)
      throws IOException {
    Retries retries = new Retries(settings, listener);
    Cancellation cancel = new Cancellation();
    HostTurns turns = new HostTurns(avoided, hosts, blob);
    while (true) {
      Access access = turns.current();
      Request request = asking.apply(access);
      HostTurns.Failure failure;
      try {
        Answer answer = attempt(access, request, what, cancel, retries.remaining());
        try (Response response = answer.response()) {
          if (!Failures.isPassing(response.code())) {
            return reader.read(response);
          }
          Duration retryAfter = Retries.retryAfter(response);
          failure = turns.failed(Failures.ofStatus(response, what), true, retryAfter);
        }
      } catch (IOException e) {
        failure = failed(turns, e, request.url(), what, cancel);
      }
      if (failure != null) {
        waitOrThrow(failure, retries, Failures.hostOf(request.url()), cancel);
      }
    }
  }

  /** Passes the turn on after a failure; null where it is another host's turn at once. */
  HostTurns.@Nullable Failure failed(
      HostTurns turns, IOException e, HttpUrl url, String what, Cancellation cancel)
      throws IOException {
    return switch (e) {
      case PassingFailure passing -> turns.failed(passing.failure(), true, passing.retryAfter());
      case RegistryException definite -> turns.failed(definite, false, null);
      default -> {
        cancel.check();
        yield turns.failed(Failures.ofTransport(e, url, what), isPassing(e), null);
      }
    };
  }

  /** Waits for another round, or throws where there must be none. */
  static void waitOrThrow(
      HostTurns.Failure round, Retries retries, String host, Cancellation cancel)
      throws IOException {
    if (!round.passing()) {
      throw round.failure();
    }
    retries.pause(round.failure(), round.retryAfter(), host, cancel);
  }

  private static boolean isPassing(IOException e) {
    return !(e instanceof SSLHandshakeException || e instanceof SSLPeerUnverifiedException);
  }

  /** The failure to report if no retry succeeds; throws where retrying makes no sense. */
  RegistryException passingOrThrow(IOException e, HttpUrl url, String what, Cancellation cancel)
      throws IOException {
    cancel.check();
    RegistryException failure = Failures.ofTransport(e, url, what);
    if (!isPassing(e)) {
      throw failure;
    }
    return failure;
  }

  /**
   * Does a request once: authenticates where asked to, and follows redirects.
   *
   * @param callTimeout the bound for each call with its body; zero for none
   */
  Answer attempt(
      Access access, Request request, String what, Cancellation cancel, Duration callTimeout)
      throws IOException {
    HttpUrl url = request.url();
    boolean elsewhere = false;
    boolean renewed = false;
    String authorization = authorizer.known(access);
    for (int redirects = 0; ; ) {
      Request.Builder next = request.newBuilder().url(url);
      if (!elsewhere) {
        settings.headers().addTo(next);
        access.headers().addTo(next);
      }
      if (authorization != null && !elsewhere) {
        next.header("Authorization", authorization);
      }
      Response response = call(access.connection(), next.build(), cancel, callTimeout);
      boolean handedOn = false;
      try {
        if (response.code() == 401 && !elsewhere && !renewed) {
          renewed = true;
          authorization = authorizer.answer(access, response, authorization, what, cancel);
        } else if (isRedirect(request, response)) {
          if (++redirects > MAX_REDIRECTS) {
            throw new RegistryException(
                Kind.INVALID_RESPONSE,
                what + ": more than 10 redirects, the last from " + Failures.hostOf(url));
          }
          url = target(url, response, what);
          // Once left, the origin's credentials are not taken up again even if it leads back.
          elsewhere |= !Origin.of(url).equals(access.origin());
        } else {
          handedOn = true;
          return new Answer(response, elsewhere);
        }
      } finally {
        if (!handedOn) {
          response.close();
        }
      }
    }
  }

  /**
   * Does one call, no more.
   *
   * @param connection of the host that is asked, or that led to where is asked now
   */
  Response call(
      HostConnection connection, Request request, Cancellation cancel, Duration callTimeout)
      throws IOException {
    Request prepared =
        request
            .newBuilder()
            .header("User-Agent", settings.userAgent())
            // Content is addressed by the digest of what is stored: no encoding on the way.
            .header("Accept-Encoding", "identity")
            .build();
    Call call = client(connection, prepared.url()).newCall(prepared);
    if (!callTimeout.isZero()) {
      call.timeout().timeout(callTimeout.toNanos(), TimeUnit.NANOSECONDS);
    }
    cancel.check();
    cancel.attach(call);
    String host = Failures.hostOf(request.url());
    try {
      Response response = call.execute();
      listener.answered(host, response.code());
      return response;
    } catch (IOException e) {
      listener.failed(host);
      throw e;
    }
  }

  /** Forgets connections and tokens. */
  @Override
  public void close() {
    plain.connectionPool().evictAll();
    plain.dispatcher().executorService().shutdown();
  }

  private static boolean isRedirect(Request request, Response response) {
    boolean followable = request.method().equals("GET") || request.method().equals("HEAD");
    return followable
        && switch (response.code()) {
          case 301, 302, 303, 307, 308 -> true;
          default -> false;
        };
  }

  private static HttpUrl target(HttpUrl from, Response response, String what)
      throws RegistryException {
    String location = response.header("Location");
    HttpUrl to = location == null ? null : from.resolve(location);
    if (to == null) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE,
          what + ": " + Failures.hostOf(from) + " redirects without a usable Location");
    }
    if (from.isHttps() && !to.isHttps()) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE,
          what
              + ": "
              + Failures.hostOf(from)
              + " redirects from HTTPS to plain HTTP at "
              + Failures.hostOf(to)
              + ", which is refused");
    }
    return to;
  }

  /** The whole body, which must not be larger than the bound. */
  static byte[] readBounded(Response response, int maxBytes, String what) throws IOException {
    String header = response.header("Content-Length");
    InputStream in = response.body().byteStream();
    byte[] content = tooLong(header, maxBytes) ? null : in.readNBytes(maxBytes + 1);
    if (content == null || content.length > maxBytes) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE,
          what
              + " from "
              + Failures.hostOf(response.request().url())
              + " is larger than "
              + maxBytes
              + " bytes");
    }
    return content;
  }

  private static boolean tooLong(@Nullable String contentLength, int maxBytes) {
    try {
      return contentLength != null && Long.parseLong(contentLength) > maxBytes;
    } catch (NumberFormatException e) {
      return true;
    }
  }
}
