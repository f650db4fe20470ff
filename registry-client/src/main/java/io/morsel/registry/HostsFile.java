package io.morsel.registry;

import io.morsel.registry.RegistryException.Kind;
import io.morsel.registry.RegistryHost.Capability;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.toml.TomlFactory;

/**
 * Reads a {@code hosts.toml}, as containerd's "Registry Configuration" (docs/hosts.md) has it.
 *
 * <p>Strict where containerd passes over a file that it can't use: a mirror that is left out in
 * silence is found when the registry limits the rate. Keys that only other versions of containerd
 * know are passed over with a warning, since the file is theirs as well.
 */
final class HostsFile {
  private static final int MAX_HOSTS = 64;
  private static final Set<String> HOST_KEYS =
      Set.of(
          "capabilities", "ca", "client", "skip_verify", "header", "override_path", "dial_timeout");

  private final Path file;
  private final List<String> warnings = new ArrayList<>();

  private HostsFile(Path file) {
    this.file = file;
  }

  /**
   * What a file says.
   *
   * @param hosts in the order in which they are to be asked; the last is the server
   * @param warnings what was passed over, a line each
   */
  record Content(List<RegistryHost> hosts, List<String> warnings) {
    Content {
      hosts = List.copyOf(hosts);
      warnings = List.copyOf(warnings);
    }
  }

  /**
   * Reads a file's text; relative paths are taken from the file's directory.
   *
   * @throws RegistryException of kind UNAVAILABLE that names file and key, if it is malformed or
   *     names a certificate that can't be read
   */
  static Content parse(Path file, String text) throws RegistryException {
    return new HostsFile(file).parse(text);
  }

  private Content parse(String text) throws RegistryException {
    JsonNode document;
    try (JsonParser parser = new TomlFactory().createParser(ObjectReadContext.empty(), text)) {
      document = JsonTree.read(parser);
    } catch (JacksonException e) {
      TokenStreamLocation at = e.getLocation();
      String line = at == null ? "" : "line " + at.getLineNr() + " ";
      throw malformed(line + "is no valid TOML: " + Texts.shown(e.getOriginalMessage()));
    }
    List<RegistryHost> hosts = new ArrayList<>();
    JsonNode mirrors = document.get("host");
    if (mirrors != null) {
      for (Map.Entry<String, JsonNode> mirror : table(mirrors, "host").properties()) {
        String key = "host.\"" + Texts.shown(mirror.getKey()) + "\"";
        hosts.add(host(mirror.getKey(), table(mirror.getValue(), key), key, Set.of()));
      }
    }
    if (hosts.size() >= MAX_HOSTS) {
      throw malformed("host has more than " + (MAX_HOSTS - 1) + " hosts");
    }
    JsonNode server = document.get("server");
    String address = server == null ? "" : string(server, "server");
    hosts.add(host(address, document, "", Set.of("server", "host")));
    return new Content(hosts, warnings);
  }

  /**
   * One host.
   *
   * @param address where it is; empty for the registry's own name
   * @param path the table's key, for messages; empty for the file's own keys
   * @param others keys of the table that are none of a host's
   */
  private RegistryHost host(String address, JsonNode table, String path, Set<String> others)
      throws RegistryException {
    String prefix = path.isEmpty() ? "" : path + ".";
    for (String key : table.propertyNames()) {
      if (!HOST_KEYS.contains(key) && !others.contains(key)) {
        warnings.add(file + ": " + prefix + Texts.shown(key) + " is not known and has no effect");
      }
    }
    boolean overridePath = flag(table, "override_path", prefix);
    HttpUrl root = address.isEmpty() ? null : root(address, overridePath, path);
    Set<Capability> capabilities = capabilities(table, prefix);
    HostCertificates certificates = new HostCertificates(file);
    HostConnection connection =
        new HostConnection(
            certificates.authorities(table.get("ca"), prefix + "ca"),
            certificates.keys(table.get("client"), prefix + "client"),
            flag(table, "skip_verify", prefix),
            dialTimeout(table, prefix));
    // As containerd has it: capabilities without a server have no effect.
    Set<Capability> granted = root == null ? EnumSet.allOf(Capability.class) : capabilities;
    return new RegistryHost(root, granted, connection, headers(table, prefix + "header"));
  }

  private HttpUrl root(String address, boolean overridePath, String path) throws RegistryException {
    String key = path.isEmpty() ? "server" : path;
    HttpUrl url = HttpUrl.parse(address.contains("://") ? address : "https://" + address);
    if (url == null
        || !url.username().isEmpty()
        || !url.password().isEmpty()
        || url.query() != null
        || url.fragment() != null) {
      throw malformed(
          key
              + " = \""
              + Texts.shown(address)
              + "\": expected http:// or https://, a host, and perhaps a port and a path");
    }
    HttpUrl.Builder root = url.newBuilder();
    List<String> segments = url.pathSegments();
    for (int i = segments.size() - 1; i >= 0 && segments.get(i).isEmpty(); i--) {
      root.removePathSegment(root.build().pathSize() - 1);
    }
    HttpUrl cleaned = root.build();
    String last = cleaned.pathSegments().getLast();
    if (!overridePath && !last.equals("v2")) {
      root.addPathSegment("v2");
    }
    return root.addPathSegment("").build();
  }

  private Set<Capability> capabilities(JsonNode table, String prefix) throws RegistryException {
    String key = prefix + "capabilities";
    JsonNode node = table.get("capabilities");
    Set<Capability> found = EnumSet.noneOf(Capability.class);
    if (node != null) {
      for (String name : HostCertificates.strings(file, node, key)) {
        found.add(
            switch (name.toLowerCase(Locale.ROOT)) {
              case "pull" -> Capability.PULL;
              case "resolve" -> Capability.RESOLVE;
              case "push" -> Capability.PUSH;
              case "referrers" -> Capability.REFERRERS;
              default ->
                  throw malformed(
                      key
                          + " has '"
                          + Texts.shown(name)
                          + "': valid are pull, resolve, push and referrers");
            });
      }
    }
    return found.isEmpty() ? EnumSet.allOf(Capability.class) : found;
  }

  private @Nullable Duration dialTimeout(JsonNode table, String prefix) throws RegistryException {
    JsonNode node = table.get("dial_timeout");
    if (node == null) {
      return null;
    }
    String key = prefix + "dial_timeout";
    String value = string(node, key);
    return GoDuration.parse(value)
        .filter(timeout -> timeout.isPositive() && timeout.toHours() < 1)
        .orElseThrow(
            () ->
                malformed(
                    key
                        + " = \""
                        + Texts.shown(value)
                        + "\": expected a time such as \"1s\" or \"500ms\", of less than an hour"));
  }

  private RequestHeaders headers(JsonNode table, String key) throws RegistryException {
    JsonNode node = table.get("header");
    if (node == null) {
      return RequestHeaders.NONE;
    }
    Map<String, List<String>> headers = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> header : table(node, key).properties()) {
      String name = key + "." + Texts.shown(header.getKey());
      headers.put(header.getKey(), HostCertificates.strings(file, header.getValue(), name));
    }
    try {
      return RequestHeaders.ofLists(headers);
    } catch (IllegalArgumentException e) {
      throw malformed(key + ": " + e.getMessage());
    }
  }

  private boolean flag(JsonNode table, String name, String prefix) throws RegistryException {
    JsonNode node = table.get(name);
    if (node == null) {
      return false;
    }
    if (!node.isBoolean()) {
      throw malformed(prefix + name + ": expected true or false");
    }
    return node.booleanValue();
  }

  private String string(JsonNode node, String key) throws RegistryException {
    if (!node.isString()) {
      throw malformed(key + ": expected text in quotes");
    }
    return node.stringValue();
  }

  private JsonNode table(JsonNode node, String key) throws RegistryException {
    if (!node.isObject()) {
      throw malformed(key + ": expected a table, [" + key + "] and its keys below");
    }
    return node;
  }

  private RegistryException malformed(String what) {
    return malformed(file, what);
  }

  static RegistryException malformed(Path file, String what) {
    return new RegistryException(Kind.UNAVAILABLE, "registry hosts: " + file + ": " + what);
  }

  static RegistryException unreadable(Path file, String what, IOException e) {
    return new RegistryException(
        Kind.UNAVAILABLE, "registry hosts: " + file + ": " + what + " (" + e + ")", e);
  }
}
