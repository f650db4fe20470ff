package io.morsel.runtime.cni;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.NullNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A container in a network.
 *
 * @param netns the file of its network namespace
 * @param network the network's configuration as it was then
 * @param ports the ports that lead into it
 * @param result what the plugins answered; null's node where they have not yet
 */
public record Attachment(
    Path netns, NetworkList network, List<PortMapping> ports, JsonNode result) {
  /** Copies the ports. */
  public Attachment {
    ports = List.copyOf(ports);
  }

  /** The network's name. */
  public String networkName() {
    return network.name();
  }

  /** The container's addresses, without the lengths of their prefixes. */
  public List<String> addresses() {
    List<String> addresses = new ArrayList<>();
    for (JsonNode ip : result.path("ips")) {
      String address = ip.path("address").asString("");
      int slash = address.indexOf('/');
      addresses.add(slash < 0 ? address : address.substring(0, slash));
    }
    return addresses;
  }

  /** The servers that look up names in this network; none where the plugins name none. */
  List<String> nameservers() {
    List<String> servers = new ArrayList<>();
    for (JsonNode server : result.path("dns").path("nameservers")) {
      servers.add(server.asString(""));
    }
    return servers;
  }

  Attachment withResult(JsonNode answered) {
    return new Attachment(netns, network, ports, answered);
  }

  /** What {@link #parse} reads. */
  String toJson() {
    ObjectNode document = JsonMapper.shared().createObjectNode();
    document.put("netns", netns.toString());
    document.set("network", network.toJson());
    ArrayNode list = document.putArray("ports");
    ports.forEach(port -> list.add(port.toString()));
    document.set("result", result);
    return document.toPrettyString();
  }

  /**
   * Reads what {@link #toJson} wrote.
   *
   * @throws IllegalArgumentException if it is malformed
   */
  static Attachment parse(String origin, String text) {
    JsonNode document = JsonMapper.shared().readTree(text);
    List<PortMapping> ports = new ArrayList<>();
    for (JsonNode port : document.path("ports")) {
      ports.add(PortMapping.parse(port.asString("")));
    }
    JsonNode result = document.path("result");
    return new Attachment(
        Path.of(document.path("netns").asString("")),
        NetworkList.parse(origin, document.path("network").toString()),
        ports,
        result.isObject() ? result : NullNode.getInstance());
  }
}
