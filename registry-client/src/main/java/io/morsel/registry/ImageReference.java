package io.morsel.registry;

import java.util.Locale;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/**
 * The name of an image in a registry, with all that Docker's short forms leave out filled in.
 *
 * <p>{@code python} is {@code docker.io/library/python:latest}; {@code localhost:5000/a/b@sha256:…}
 * has no tag. The grammar is that of the distribution project's reference package.
 *
 * @param registry the registry's name as users write it: host, or host:port; {@code docker.io} for
 *     Docker Hub
 * @param repository the image's path within the registry, such as {@code library/python}
 * @param tag the tag, or null if the reference has a digest only
 * @param digest the digest of the manifest or index, or null if the reference has a tag only; where
 *     both are there the digest decides
 */
public record ImageReference(
    String registry, String repository, @Nullable String tag, @Nullable Digest digest) {
  /** Docker Hub's name in references; its API has another host. */
  static final String DOCKER_HUB = "docker.io";

  private static final String DOCKER_HUB_OLD = "index.docker.io";

  /** Where Docker Hub's API is. */
  static final String DOCKER_HUB_HOST = "registry-1.docker.io";

  private static final int MAX_NAME_CHARS = 255;
  private static final int MAX_TAG_CHARS = 128;
  private static final int MAX_REFERENCE_CHARS = 1024;

  /**
   * Checks every part.
   *
   * @throws IllegalArgumentException if a part is malformed, or tag and digest are both missing
   */
  public ImageReference {
    if (registry.length() + 1 + repository.length() > MAX_NAME_CHARS) {
      throw new IllegalArgumentException("the name is longer than 255 characters");
    }
    checkRegistry(registry);
    for (String component : repository.split("/", -1)) {
      checkComponent(component);
    }
    if (isHexIdentifier(repository)) {
      throw new IllegalArgumentException(
          "the repository is 64 hexadecimal digits, which is an image identifier and no name");
    }
    if (tag != null) {
      checkTag(tag);
    } else if (digest == null) {
      throw new IllegalArgumentException("neither tag nor digest");
    }
  }

  /**
   * Reads a reference as users write it.
   *
   * @throws IllegalArgumentException if it is malformed; the message says where
   */
  public static ImageReference parse(String text) {
    try {
      return parseParts(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "malformed image reference '"
              + Texts.shown(text)
              + "': "
              + e.getMessage()
              + "; expected [HOST[:PORT]/]NAME[:TAG][@DIGEST]",
          e);
    }
  }

  private static ImageReference parseParts(String text) {
    if (text.isEmpty()) {
      throw new IllegalArgumentException("it is empty");
    }
    if (text.length() > MAX_REFERENCE_CHARS) {
      throw new IllegalArgumentException("it is longer than 1024 characters");
    }
    if (text.contains("://")) {
      throw new IllegalArgumentException("a reference is no URL and has no scheme");
    }
    String rest = text;
    Digest digest = null;
    int at = rest.indexOf('@');
    if (at >= 0) {
      digest = Digest.parse(rest.substring(at + 1));
      rest = rest.substring(0, at);
    }
    String tag = null;
    int colon = rest.lastIndexOf(':');
    if (colon > rest.lastIndexOf('/')) {
      tag = rest.substring(colon + 1);
      rest = rest.substring(0, colon);
      checkTag(tag);
    }
    String registry = DOCKER_HUB;
    String repository = rest;
    int slash = rest.indexOf('/');
    if (slash >= 0 && isRegistry(rest.substring(0, slash))) {
      registry = rest.substring(0, slash);
      repository = rest.substring(slash + 1);
    }
    if (registry.equals(DOCKER_HUB_OLD)) {
      registry = DOCKER_HUB;
    }
    if (registry.equals(DOCKER_HUB) && repository.indexOf('/') < 0) {
      if (isHexIdentifier(repository)) {
        throw new IllegalArgumentException(
            "64 hexadecimal digits are an image identifier and no name");
      }
      repository = "library/" + repository;
    }
    if (tag == null && digest == null) {
      tag = "latest";
    }
    return new ImageReference(registry, repository, tag, digest);
  }

  /** The host, or host:port, that answers the registry's API. */
  public String endpoint() {
    return registry.equals(DOCKER_HUB) ? DOCKER_HUB_HOST : registry;
  }

  /** What names the manifest in the API: the digest if there is one, else the tag. */
  public String manifestName() {
    return digest != null ? digest.toString() : String.valueOf(tag);
  }

  /** The same image by this digest alone. */
  public ImageReference withDigest(Digest newDigest) {
    return new ImageReference(registry, repository, null, newDigest);
  }

  /** The same repository with this tag alone. */
  public ImageReference withTag(String newTag) {
    return new ImageReference(registry, repository, newTag, null);
  }

  /** Registry and repository, without tag and digest. */
  public String name() {
    return registry + "/" + repository;
  }

  /** The full spelling, as containerd names images. */
  @Override
  public String toString() {
    return name() + (tag == null ? "" : ":" + tag) + (digest == null ? "" : "@" + digest);
  }

  /** Docker's rule for which first component is a host: it could not be a Docker Hub user. */
  private static boolean isRegistry(String component) {
    return component.equals("localhost")
        || component.indexOf('.') >= 0
        || component.indexOf(':') >= 0
        || !component.toLowerCase(Locale.ROOT).equals(component);
  }

  private static void checkRegistry(String registry) {
    int hostEnd;
    if (registry.startsWith("[")) {
      hostEnd = registry.indexOf(']') + 1;
      if (hostEnd < 4 || !isIpv6(registry, 1, hostEnd - 1)) {
        throw new IllegalArgumentException("the host is no IPv6 address in brackets");
      }
    } else {
      int colon = registry.indexOf(':');
      hostEnd = colon < 0 ? registry.length() : colon;
      for (String label : registry.substring(0, hostEnd).split("\\.", -1)) {
        checkHostLabel(label);
      }
    }
    if (hostEnd < registry.length()) {
      checkPort(registry.substring(hostEnd));
    }
    // The last word on addresses has whoever connects to them. Of a plain name it is known, and to
    // ask takes a small command as long as many a call.
    if (!isPlainName(registry) && HttpUrl.parse("http://" + registry + "/") == null) {
      throw new IllegalArgumentException("the host is malformed");
    }
  }

  /** A host of few small letters and digits that ends with a letter, and a port that is not 0. */
  private static boolean isPlainName(String registry) {
    int colon = registry.indexOf(':');
    String host = colon < 0 ? registry : registry.substring(0, colon);
    boolean plain = host.length() <= 63 && (colon < 0 || registry.charAt(colon + 1) != '0');
    for (int i = 0; plain && i < host.length(); i++) {
      char c = host.charAt(i);
      plain = Texts.isLowerAlphanumeric(c) || c == '.';
    }
    return plain && !Texts.isDigit(host.charAt(host.length() - 1));
  }

  private static boolean isIpv6(String text, int start, int end) {
    for (int i = start; i < end; i++) {
      char c = text.charAt(i);
      if (!(Texts.isHexDigit(c) || (c >= 'A' && c <= 'F') || c == ':')) {
        return false;
      }
    }
    return text.substring(start, end).indexOf(':') >= 0;
  }

  private static void checkHostLabel(String label) {
    boolean good = !label.isEmpty() && !label.startsWith("-") && !label.endsWith("-");
    for (int i = 0; good && i < label.length(); i++) {
      good = Texts.isAlphanumeric(label.charAt(i)) || label.charAt(i) == '-';
    }
    if (!good) {
      throw new IllegalArgumentException("the host is malformed");
    }
  }

  private static void checkPort(String colonAndPort) {
    int digits = colonAndPort.length() - 1;
    boolean good = colonAndPort.charAt(0) == ':' && digits >= 1 && digits <= 5;
    for (int i = 1; good && i <= digits; i++) {
      good = Texts.isDigit(colonAndPort.charAt(i));
    }
    if (!good || Integer.parseInt(colonAndPort.substring(1)) > 65535) {
      throw new IllegalArgumentException("the port is no number up to 65535");
    }
  }

  /** Letters and digits, in runs that '.', '_', '__' or any number of '-' separate. */
  private static void checkComponent(String component) {
    if (component.isEmpty()) {
      throw new IllegalArgumentException("the name, or a component of it, is empty");
    }
    int i = 0;
    while (true) {
      int runStart = i;
      while (i < component.length() && Texts.isLowerAlphanumeric(component.charAt(i))) {
        i++;
      }
      if (i == runStart) {
        throw badComponent(component, i);
      }
      if (i == component.length()) {
        return;
      }
      char separator = component.charAt(i++);
      if (separator == '_') {
        i += i < component.length() && component.charAt(i) == '_' ? 1 : 0;
      } else if (separator == '-') {
        while (i < component.length() && component.charAt(i) == '-') {
          i++;
        }
      } else if (separator != '.') {
        throw badComponent(component, i - 1);
      }
    }
  }

  private static IllegalArgumentException badComponent(String component, int index) {
    if (index < component.length()
        && component.charAt(index) >= 'A'
        && component.charAt(index) <= 'Z') {
      return new IllegalArgumentException("the repository has upper-case letters");
    }
    return new IllegalArgumentException(
        "the repository component '" + Texts.shown(component) + "' is malformed");
  }

  private static void checkTag(String tag) {
    boolean good = !tag.isEmpty() && tag.length() <= MAX_TAG_CHARS;
    for (int i = 0; good && i < tag.length(); i++) {
      char c = tag.charAt(i);
      good = Texts.isAlphanumeric(c) || c == '_' || (i > 0 && (c == '.' || c == '-'));
    }
    if (!good) {
      throw new IllegalArgumentException(
          "the tag '" + Texts.shown(tag) + "' is malformed (letters, digits, '_', '.', '-')");
    }
  }

  private static boolean isHexIdentifier(String name) {
    return name.length() == 64 && name.chars().allMatch(c -> Texts.isHexDigit((char) c));
  }
}
