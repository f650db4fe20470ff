package io.morsel.registry;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Credentials that {@code docker login} and its like have kept: {@code auths}, {@code credHelpers}
 * and {@code credsStore} of Docker's {@code config.json}. The file is read at every call, so that a
 * new login counts at once.
 */
public final class DockerConfigCredentials implements Credentials {
  /** What Docker calls Docker Hub in its configuration. */
  private static final String DOCKER_HUB_KEY = "https://index.docker.io/v1/";

  private static final int MAX_FILE_BYTES = 1 << 20;

  private final Path file;
  private final CredentialHelper helper;

  /** Credentials from this file; a missing file has none. */
  public DockerConfigCredentials(Path file) {
    this(file, new CredentialHelper());
  }

  DockerConfigCredentials(Path file, CredentialHelper helper) {
    this.file = file;
    this.helper = helper;
  }

  /** Credentials from {@code $DOCKER_CONFIG/config.json}, or {@code ~/.docker/config.json}. */
  public static DockerConfigCredentials fromEnvironment() {
    String directory = System.getenv("DOCKER_CONFIG");
    Path path =
        directory != null && !directory.isEmpty()
            ? Path.of(directory)
            : Path.of(System.getProperty("user.home", "/root"), ".docker");
    return new DockerConfigCredentials(path.resolve("config.json"));
  }

  @Override
  public Credential find(String registry) throws IOException {
    ObjectNode config = read();
    if (config == null) {
      return new Credential.Anonymous();
    }
    JsonNode helpers = config.path("credHelpers");
    for (String key : keys(registry)) {
      String name = helpers.path(key).asString("");
      if (!name.isEmpty()) {
        return helper.get(name, key);
      }
    }
    String store = config.path("credsStore").asString("");
    if (!store.isEmpty()) {
      for (String key : keys(registry)) {
        Credential credential = helper.get(store, key);
        if (!(credential instanceof Credential.Anonymous)) {
          return credential;
        }
      }
    }
    return fromAuths(config.path("auths"), registry);
  }

  private @Nullable ObjectNode read() throws IOException {
    byte[] content;
    try (InputStream in = Files.newInputStream(file)) {
      content = in.readNBytes(MAX_FILE_BYTES + 1);
    } catch (NoSuchFileException e) {
      return null;
    }
    if (content.length > MAX_FILE_BYTES) {
      throw new IOException("cannot read credentials from " + file + ": larger than 1 MiB");
    }
    try {
      return Json.parseObject(content, file.toString());
    } catch (RegistryException e) {
      // Without the cause, whose message may quote the file.
      throw new IOException("cannot read credentials from " + file + ": it is no valid JSON");
    }
  }

  private Credential fromAuths(JsonNode auths, String registry) throws IOException {
    List<String> wanted = keys(registry);
    for (String key : wanted) {
      JsonNode entry = auths.get(key);
      if (entry != null && entry.isObject()) {
        return credential(entry, registry);
      }
    }
    // Old logins are kept under whole addresses, such as https://HOST/v1/.
    for (Map.Entry<String, JsonNode> entry : auths.properties()) {
      if (entry.getValue().isObject() && wanted.contains(hostOf(entry.getKey()))) {
        return credential(entry.getValue(), registry);
      }
    }
    return new Credential.Anonymous();
  }

  private Credential credential(JsonNode entry, String registry) throws IOException {
    String identityToken = entry.path("identitytoken").asString("");
    if (!identityToken.isEmpty()) {
      return new Credential.IdentityToken(identityToken);
    }
    String registryToken = entry.path("registrytoken").asString("");
    if (!registryToken.isEmpty()) {
      return new Credential.RegistryToken(registryToken);
    }
    String username = entry.path("username").asString("");
    String password = entry.path("password").asString("");
    String auth = entry.path("auth").asString("");
    if (!auth.isEmpty()) {
      String decoded;
      try {
        decoded = new String(Base64.getDecoder().decode(auth.strip()), StandardCharsets.UTF_8);
      } catch (IllegalArgumentException e) {
        throw badAuth(registry);
      }
      int colon = decoded.indexOf(':');
      if (colon <= 0) {
        throw badAuth(registry);
      }
      username = decoded.substring(0, colon);
      password = decoded.substring(colon + 1).replace("\0", "");
    }
    return username.isEmpty()
        ? new Credential.Anonymous()
        : new Credential.UserPassword(username, password);
  }

  private IOException badAuth(String registry) {
    return new IOException(
        "cannot read credentials from "
            + file
            + ": 'auth' of "
            + registry
            + " is no base64 of USER:PASSWORD; log in again (docker login)");
  }

  /** The names under which a registry may be kept, the usual one first. */
  private static List<String> keys(String registry) {
    return registry.equals(ImageReference.DOCKER_HUB)
        ? List.of(DOCKER_HUB_KEY, "docker.io", "index.docker.io", "registry-1.docker.io")
        : List.of(registry);
  }

  private static String hostOf(String key) {
    int scheme = key.indexOf("://");
    String rest = scheme < 0 ? key : key.substring(scheme + 3);
    int slash = rest.indexOf('/');
    return slash < 0 ? rest : rest.substring(0, slash);
  }
}
