package io.morsel.runtime.transfer;

import com.google.protobuf.Any;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.transfertypes.AuthRequest;
import io.morsel.containerd.api.transfertypes.AuthResponse;
import io.morsel.registry.Credential;
import io.morsel.registry.Credentials;
import io.morsel.registry.ImageReference;
import io.morsel.registry.RegistryException;
import io.morsel.registry.RegistryException.Kind;
import io.morsel.runtime.grpc.TypeUrls;
import io.morsel.runtime.streaming.MessageStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Credentials that the client of a transfer is asked for, over a stream of its own, each time that
 * a registry wants some. Safe for use by many threads.
 */
final class AuthStream implements Credentials {
  private static final String BEARER = "bearer ";
  private static final String BASIC = "basic ";

  private final MessageStream stream;
  private final ImageReference reference;

  /** So that each question gets its own answer. */
  private final ReentrantLock asking = new ReentrantLock();

  AuthStream(MessageStream stream, ImageReference reference) {
    this.stream = stream;
    this.reference = reference;
  }

  @Override
  public Credential find(String registry) throws IOException {
    String host = registry.equals(reference.registry()) ? reference.endpoint() : registry;
    AuthRequest request =
        AuthRequest.newBuilder().setHost(host).setReference(reference.toString()).build();
    asking.lock();
    try {
      stream.send(TypeUrls.pack(request));
      Any answer = stream.receive();
      if (answer == null) {
        throw noCredentials(host, "the client closed its stream of credentials");
      }
      return credential(host, TypeUrls.unpack(answer, AuthResponse.parser()));
    } catch (ContainerdException e) {
      throw noCredentials(host, String.valueOf(e.getMessage()));
    } finally {
      asking.unlock();
    }
  }

  private static Credential credential(String host, AuthResponse answer) throws IOException {
    String secret = answer.getSecret();
    return switch (answer.getAuthType()) {
      case NONE, UNRECOGNIZED -> new Credential.Anonymous();
      case CREDENTIALS -> new Credential.UserPassword(answer.getUsername(), secret);
      case REFRESH ->
          secret.isEmpty() ? new Credential.Anonymous() : new Credential.IdentityToken(secret);
      case HEADER -> ofHeader(host, secret);
    };
  }

  /** What a whole Authorization header says (RFC 6750, RFC 7617). */
  private static Credential ofHeader(String host, String header) throws IOException {
    String lower = header.toLowerCase(Locale.ROOT);
    if (lower.startsWith(BEARER)) {
      return new Credential.RegistryToken(header.substring(BEARER.length()).strip());
    }
    if (lower.startsWith(BASIC)) {
      try {
        String pair =
            new String(
                Base64.getDecoder().decode(header.substring(BASIC.length()).strip()),
                StandardCharsets.UTF_8);
        int colon = pair.indexOf(':');
        if (colon >= 0) {
          return new Credential.UserPassword(pair.substring(0, colon), pair.substring(colon + 1));
        }
      } catch (IllegalArgumentException e) {
        throw noCredentials(host, "the client's header is no base64");
      }
    }
    throw noCredentials(host, "the client's header is neither of Bearer nor of Basic");
  }

  private static RegistryException noCredentials(String host, String why) {
    return new RegistryException(Kind.UNAUTHORIZED, "no credentials for " + host + ": " + why);
  }
}
