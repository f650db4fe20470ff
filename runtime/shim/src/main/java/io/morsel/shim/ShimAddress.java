package io.morsel.shim;

import java.nio.file.Path;
import java.util.Locale;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * How to reach a shim: what its {@code start} prints.
 *
 * @param version of the task service, 2 or 3
 * @param protocol that it is served over
 * @param address as the shim spells it, such as {@code unix:///run/containerd/s/…}
 */
record ShimAddress(int version, Protocol protocol, String address) {
  /** What a shim speaks on its socket. */
  enum Protocol {
    TTRPC,
    GRPC
  }

  private static final int NEWEST_VERSION = 3;
  private static final String UNIX = "unix://";
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /**
   * Reads either form of a shim's reply: JSON, since containerd 1.7, or the bare address, which
   * means version 2 over ttrpc.
   */
  static ShimAddress parse(String reply) throws ShimException {
    String text = reply.strip();
    if (!text.startsWith("{")) {
      if (text.isEmpty() || text.lines().count() > 1) {
        throw new ShimException("a shim's reply is no address: '" + shortened(text) + "'");
      }
      return new ShimAddress(2, Protocol.TTRPC, text);
    }
    try {
      JsonNode json = JSON.readTree(text);
      int version = json.path("version").asInt(0);
      String address = json.path("address").asString("");
      if (version < 2 || version > NEWEST_VERSION || address.isEmpty()) {
        throw new ShimException(
            "a shim's reply is of a version that is not supported: '" + shortened(text) + "'");
      }
      return new ShimAddress(version, protocol(json.path("protocol").asString("")), address);
    } catch (JacksonException e) {
      throw new ShimException("a shim's reply is malformed: '" + shortened(text) + "'", e);
    }
  }

  private static Protocol protocol(String name) throws ShimException {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "ttrpc", "" -> Protocol.TTRPC;
      case "grpc" -> Protocol.GRPC;
      default -> throw new ShimException("a shim speaks '" + name + "', which is not supported");
    };
  }

  private static String shortened(String text) {
    return text.length() <= 200 ? text : text.substring(0, 200) + "…";
  }

  /** The form that containerd 2 keeps in {@code bootstrap.json}. */
  String toJson() {
    return JSON.writeValueAsString(
        JSON.createObjectNode()
            .put("version", version)
            .put("address", address)
            .put("protocol", protocol.name().toLowerCase(Locale.ROOT)));
  }

  /** The Unix socket's path. */
  Path socket() throws ShimException {
    if (!address.startsWith(UNIX)) {
      throw new ShimException(
          "the shim listens on " + address + ", but only unix:// addresses are supported");
    }
    return Path.of(address.substring(UNIX.length()));
  }
}
