package io.morsel.runtime.cni;

import java.util.Locale;
import java.util.Set;

/**
 * A port of the machine that leads into a container (CNI conventions, {@code portMappings}).
 *
 * @param hostAddress the machine's address that listens; empty for all
 * @param hostPort the machine's port
 * @param containerPort the container's port
 * @param protocol {@code tcp}, {@code udp} or {@code sctp}
 */
public record PortMapping(String hostAddress, int hostPort, int containerPort, String protocol) {
  private static final Set<String> PROTOCOLS = Set.of("tcp", "udp", "sctp");
  private static final int MAX_PORT = 65_535;

  /**
   * Reads {@code [ADDRESS:]PORT:PORT[/PROTOCOL]}, as Docker has it; an IPv6 address stands in
   * brackets.
   *
   * @throws IllegalArgumentException if it is malformed
   */
  public static PortMapping parse(String text) {
    int slash = text.lastIndexOf('/');
    String protocol = slash < 0 ? "tcp" : text.substring(slash + 1).toLowerCase(Locale.ROOT);
    String ports = slash < 0 ? text : text.substring(0, slash);
    int last = ports.lastIndexOf(':');
    if (last < 0 || !PROTOCOLS.contains(protocol)) {
      throw malformed(text);
    }
    String host = ports.substring(0, last);
    int first = host.lastIndexOf(':');
    String address = first < 0 ? "" : host.substring(0, first);
    if (address.startsWith("[") && address.endsWith("]")) {
      address = address.substring(1, address.length() - 1);
    } else if (address.contains(":") || (first >= 0 && address.isEmpty())) {
      throw malformed(text);
    }
    return new PortMapping(
        address,
        port(host.substring(first + 1), text),
        port(ports.substring(last + 1), text),
        protocol);
  }

  private static int port(String digits, String text) {
    if (digits.isEmpty() || digits.length() > 5 || !digits.chars().allMatch(Character::isDigit)) {
      throw malformed(text);
    }
    int port = Integer.parseInt(digits);
    if (port < 1 || port > MAX_PORT) {
      throw malformed(text);
    }
    return port;
  }

  private static IllegalArgumentException malformed(String text) {
    return new IllegalArgumentException(
        "malformed port '"
            + text
            + "': expected [ADDRESS:]PORT:CONTAINER_PORT[/tcp|udp|sctp], such as 8080:80");
  }

  /** The spelling that {@link #parse} reads. */
  @Override
  public String toString() {
    String address =
        hostAddress.isEmpty()
            ? ""
            : (hostAddress.contains(":") ? "[" + hostAddress + "]" : hostAddress) + ":";
    return address + hostPort + ":" + containerPort + "/" + protocol;
  }
}
