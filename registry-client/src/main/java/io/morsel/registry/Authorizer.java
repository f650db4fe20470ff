package io.morsel.registry;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import io.morsel.registry.RegistryException.Kind;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import okhttp3.FormBody;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Authorization headers: meets a registry's challenge, and keeps what it accepted until it expires
 * (distribution project, "Token authentication specification"). Safe for use by many threads.
 */
final class Authorizer {
  private static final int MAX_TOKEN_ANSWER_BYTES = 1 << 20;
  private static final int MAX_TOKEN_CHARS = 64 << 10;
  private static final int MAX_HEADERS = 10_000;
  private static final Duration BASIC_LIFETIME = Duration.ofMinutes(10);
  private static final String CLIENT_ID = "morsel";

  /** Tokens are for one registry and certain scopes; Basic credentials have no scopes. */
  private record Key(String registry, Origin origin, List<String> scopes) {}

  private record Header(String value, Duration lifetime) {
    @Override
    public String toString() {
      return "Header[hidden]";
    }
  }

  private final Http http;
  private final Credentials credentials;
  private final Duration timeout;
  private final Cache<Key, Header> headers =
      Caffeine.newBuilder()
          .maximumSize(MAX_HEADERS)
          .expireAfter(Expiry.creating((Key key, Header header) -> header.lifetime()))
          .build();

  /** So that many requests that fail at once fetch one token. */
  private final ReentrantLock[] locks =
      Stream.generate(ReentrantLock::new).limit(64).toArray(ReentrantLock[]::new);

  Authorizer(Http http, Credentials credentials, RegistrySettings settings) {
    this.http = http;
    this.credentials = credentials;
    this.timeout = settings.timeouts().operation();
  }

  /** What the registry accepted before, or null. */
  @Nullable String known(Access access) {
    Header header = headers.getIfPresent(key(access));
    if (header == null) {
      header = headers.getIfPresent(basicKey(access));
    }
    return header == null ? null : header.value();
  }

  /**
   * Meets the challenge of an answer with status 401.
   *
   * @param refused the header that was refused, or null if none was sent
   * @return the header to try next
   * @throws RegistryException if the challenge cannot be met
   */
  String answer(
      Access access, Response response, @Nullable String refused, String what, Cancellation cancel)
      throws IOException {
    List<Challenge> challenges = Challenge.parseAll(response.headers("WWW-Authenticate"));
    ReentrantLock lock = locks[Math.floorMod(key(access).hashCode(), locks.length)];
    try {
      lock.lockInterruptibly();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
    try {
      String renewed = known(access);
      if (renewed != null && !renewed.equals(refused)) {
        return renewed;
      }
      headers.invalidate(key(access));
      headers.invalidate(basicKey(access));
      return fresh(access, challenges, refused, what, cancel);
    } finally {
      lock.unlock();
    }
  }

  private String fresh(
      Access access,
      List<Challenge> challenges,
      @Nullable String refused,
      String what,
      Cancellation cancel)
      throws IOException {
    Credential credential = credentials.find(access.registry());
    Challenge bearer = Challenge.find(challenges, "bearer");
    if (bearer != null) {
      Header header = bearer(access, bearer, credential, what, cancel);
      headers.put(key(access), header);
      return header.value();
    }
    if (Challenge.find(challenges, "basic") == null) {
      throw unauthorized(access, what, "it asks for authentication, but neither Bearer nor Basic");
    }
    if (!(credential instanceof Credential.UserPassword user)) {
      throw unauthorized(
          access, what, "it needs a user name and password; log in to it (docker login)");
    }
    String value = basic(user);
    if (value.equals(refused)) {
      throw unauthorized(access, what, "the user name and password are not accepted");
    }
    headers.put(basicKey(access), new Header(value, BASIC_LIFETIME));
    return value;
  }

  private Header bearer(
      Access access, Challenge challenge, Credential credential, String what, Cancellation cancel)
      throws IOException {
    if (credential instanceof Credential.RegistryToken token) {
      return new Header("Bearer " + checked(token.token(), access, what), BASIC_LIFETIME);
    }
    Request request = tokenRequest(access, challenge, credential, what);
    try (Response response = http.call(access.connection(), request, cancel, timeout)) {
      if (Failures.isPassing(response.code())) {
        Duration retryAfter = Retries.retryAfter(response);
        throw new PassingFailure(Failures.ofStatus(response, what), retryAfter);
      }
      if (response.code() == 400 || response.code() == 401) {
        throw unauthorized(
            access,
            what,
            "the token service "
                + Failures.hostOf(request.url())
                + " answered with status "
                + response.code()
                + "; log in again (docker login)");
      }
      if (response.code() != 200) {
        throw Failures.ofStatus(response, what);
      }
      return token(access, response, what);
    }
  }

  private static Request tokenRequest(
      Access access, Challenge challenge, Credential credential, String what)
      throws RegistryException {
    String realm = challenge.parameters().getOrDefault("realm", "");
    HttpUrl url = HttpUrl.parse(realm);
    if (url == null) {
      throw unauthorized(access, what, "its token service has no usable address");
    }
    if (access.base().isHttps() && !url.isHttps()) {
      throw unauthorized(
          access,
          what,
          "its token service "
              + Failures.hostOf(url)
              + " has no TLS, so that credentials are not sent there");
    }
    Set<String> scopes = new LinkedHashSet<>(access.scopes());
    String asked = challenge.parameters().getOrDefault("scope", "");
    Arrays.stream(asked.split(" ")).filter(s -> !s.isEmpty()).limit(16).forEach(scopes::add);
    String service = challenge.parameters().getOrDefault("service", "");
    if (credential instanceof Credential.IdentityToken identity) {
      FormBody form =
          new FormBody.Builder(StandardCharsets.UTF_8)
              .add("grant_type", "refresh_token")
              .add("service", service)
              .add("client_id", CLIENT_ID)
              .add("scope", String.join(" ", scopes))
              .add("refresh_token", identity.token())
              .build();
      return new Request.Builder().url(url).post(form).build();
    }
    HttpUrl.Builder query = url.newBuilder();
    if (!service.isEmpty()) {
      query.addQueryParameter("service", service);
    }
    scopes.forEach(scope -> query.addQueryParameter("scope", scope));
    Request.Builder request = new Request.Builder();
    if (credential instanceof Credential.UserPassword user) {
      request.header("Authorization", basic(user));
    }
    return request.url(query.build()).build();
  }

  private static Header token(Access access, Response response, String what) throws IOException {
    String answer = "the token service's answer";
    ObjectNode document =
        Json.parseObject(Http.readBounded(response, MAX_TOKEN_ANSWER_BYTES, answer), answer);
    String token = Json.text(document, "token", answer);
    if (token == null || token.isEmpty()) {
      token = Json.text(document, "access_token", answer);
    }
    if (token == null || token.isEmpty()) {
      throw unauthorized(access, what, "its token service gave no token");
    }
    JsonNode expires = document.path("expires_in");
    long seconds = expires.isIntegralNumber() && expires.canConvertToInt() ? expires.asInt() : 60;
    seconds = Math.clamp(seconds, 60, 86_400);
    // A tenth early, so that it does not expire between our decision and the registry's.
    return new Header(
        "Bearer " + checked(token, access, what), Duration.ofMillis(seconds * 1000 * 9 / 10));
  }

  private static String checked(String token, Access access, String what) throws RegistryException {
    if (token.length() > MAX_TOKEN_CHARS || !token.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
      throw unauthorized(access, what, "the token is too long, or has characters no token has");
    }
    return token;
  }

  private static String basic(Credential.UserPassword user) {
    return okhttp3.Credentials.basic(user.username(), user.password(), StandardCharsets.UTF_8);
  }

  private static RegistryException unauthorized(Access access, String what, String why) {
    return new RegistryException(
        Kind.UNAUTHORIZED, what + ": not authenticated at " + access.registry() + ": " + why);
  }

  private static Key key(Access access) {
    return new Key(access.registry(), access.origin(), access.scopes());
  }

  private static Key basicKey(Access access) {
    return new Key(access.registry(), access.origin(), List.of());
  }
}
