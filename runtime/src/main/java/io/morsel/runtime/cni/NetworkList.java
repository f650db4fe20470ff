package io.morsel.runtime.cni;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A network's configuration: the plugins that are run one after the other (CNI specification,
 * section 1).
 *
 * @param name the network
 * @param cniVersion the version of the specification that plugins are spoken to in
 * @param plugins their configurations, in order
 */
record NetworkList(String name, String cniVersion, List<ObjectNode> plugins) {
  private static final int MAX_BYTES = 1 << 20;
  private static final Pattern TYPE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,127}");

  /** The loopback interface of every namespace. */
  static final NetworkList LOOPBACK =
      parse(
          "loopback",
          """
          {"cniVersion": "0.3.1", "name": "morsel-loopback", "plugins": [{"type": "loopback"}]}
          """);

  /** What is used where the machine has no configuration. */
  static final NetworkList BUILT_IN =
      parse(
          "the built-in network",
          """
          {
            "cniVersion": "1.0.0",
            "name": "morsel",
            "plugins": [
              {
                "type": "bridge",
                "bridge": "morsel0",
                "isGateway": true,
                "ipMasq": true,
                "hairpinMode": true,
                "ipam": {
                  "type": "host-local",
                  "ranges": [[{"subnet": "10.87.0.0/16"}]],
                  "routes": [{"dst": "0.0.0.0/0"}]
                }
              },
              {"type": "portmap", "capabilities": {"portMappings": true}, "snat": true},
              {"type": "firewall"}
            ]
          }
          """);

  NetworkList {
    plugins = List.copyOf(plugins);
  }

  /**
   * The configuration whose file's name comes first in a directory; nothing where there is none.
   */
  static Optional<NetworkList> first(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return Optional.empty();
    }
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(directory, "*.{conflist,conf,json}")) {
      entries.forEach(files::add);
    }
    files.sort(Comparator.naturalOrder());
    if (files.isEmpty()) {
      return Optional.empty();
    }
    Path file = files.getFirst();
    if (Files.size(file) > MAX_BYTES) {
      throw new CniException(file + " is larger than " + MAX_BYTES + " bytes");
    }
    try {
      return Optional.of(parse(file.toString(), Files.readString(file)));
    } catch (IllegalArgumentException e) {
      throw new CniException("can't use the network " + e.getMessage(), e);
    }
  }

  /**
   * Reads a list of plugins, or a single one.
   *
   * @param origin where it comes from, for messages
   * @throws IllegalArgumentException if it is malformed
   */
  static NetworkList parse(String origin, String text) {
    JsonNode document;
    try {
      document = JsonMapper.shared().readTree(text);
    } catch (JacksonException e) {
      throw new IllegalArgumentException(origin + ": no JSON: " + e.getOriginalMessage(), e);
    }
    String name = document.path("name").asString("");
    List<ObjectNode> plugins = new ArrayList<>();
    for (JsonNode plugin : document.has("plugins") ? document.path("plugins") : List.of(document)) {
      // The type becomes a file's name.
      if (!(plugin instanceof ObjectNode object)
          || !TYPE.matcher(plugin.path("type").asString("")).matches()) {
        throw new IllegalArgumentException(origin + ": a plugin's type is missing or malformed");
      }
      plugins.add(object);
    }
    if (!TYPE.matcher(name).matches() || plugins.isEmpty()) {
      throw new IllegalArgumentException(
          origin + ": it has no name, a malformed one, or no plugins");
    }
    return new NetworkList(name, document.path("cniVersion").asString("0.1.0"), plugins);
  }

  /** Whether one of the plugins leads ports of the machine into containers. */
  boolean mapsPorts() {
    return plugins.stream().anyMatch(NetworkList::mapsPorts);
  }

  /** Whether this plugin does. */
  static boolean mapsPorts(ObjectNode plugin) {
    return plugin.path("capabilities").path("portMappings").asBoolean(false);
  }

  /** The document that {@link #parse} reads. */
  ObjectNode toJson() {
    ObjectNode document = JsonMapper.shared().createObjectNode();
    document.put("cniVersion", cniVersion).put("name", name);
    document.putArray("plugins").addAll(plugins);
    return document;
  }
}
