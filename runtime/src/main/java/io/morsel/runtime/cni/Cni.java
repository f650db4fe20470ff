package io.morsel.runtime.cni;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.NullNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Puts containers into networks and takes them out again.
 *
 * <p>What {@link #attach} is about to do is written down before it does it, so that {@link #detach}
 * undoes it also after a crash, and after a restart of the machine, and needs no more than the
 * container's name. Safe for use by many threads and processes, as long as one container is used by
 * one at a time.
 */
public final class Cni {
  private static final Logger log = LoggerFactory.getLogger(Cni.class);
  private static final String LOOPBACK_INTERFACE = "lo";
  private static final String INTERFACE = "eth0";
  private static final Path RESOLV_CONF = Path.of("/etc/resolv.conf");

  /** The list of real servers where resolv.conf(5) names systemd-resolved on loopback. */
  private static final Path RESOLVED_CONF = Path.of("/run/systemd/resolve/resolv.conf");

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,127}");

  private final CniSettings settings;
  private final Plugins plugins;

  /** With these settings. */
  public Cni(CniSettings settings) {
    this.settings = settings;
    this.plugins = new Plugins(settings.plugins(), settings.limit());
  }

  /** With the usual settings. */
  public static Cni standard() {
    return new Cni(CniSettings.standard(System.getenv()));
  }

  /**
   * Makes a network namespace for a container and puts it into the machine's network: the first one
   * that is configured, or the built-in bridge.
   *
   * @param namespace containerd's namespace
   * @param id the container
   * @param ports the machine's ports that shall lead into it
   * @throws CniException if that can't be done; nothing is left of it then
   */
  public Attachment attach(String namespace, String id, List<PortMapping> ports)
      throws IOException, InterruptedException {
    NetworkList network = NetworkList.first(settings.configurations()).orElse(NetworkList.BUILT_IN);
    if (!ports.isEmpty() && !network.mapsPorts()) {
      throw new CniException(
          "network '"
              + network.name()
              + "' publishes no ports: none of its plugins has the capability portMappings; add"
              + " the plugin portmap to its configuration in "
              + settings.configurations());
    }
    // What a container of this name may have left behind.
    detach(namespace, id);
    Path netns = namespaceFile(namespace, id);
    Attachment attachment = new Attachment(netns, network, ports, NullNode.getInstance());
    write(namespace, id, attachment);
    boolean attached = false;
    try {
      NetworkNamespace.create(netns);
      var _ = add(namespace, id, attachment, NetworkList.LOOPBACK, LOOPBACK_INTERFACE);
      Attachment complete =
          attachment.withResult(add(namespace, id, attachment, network, INTERFACE));
      write(namespace, id, complete);
      writeResolvConf(resolvConfFile(namespace, id), complete.nameservers());
      attached = true;
      return complete;
    } finally {
      if (!attached) {
        detachQuietly(namespace, id);
      }
    }
  }

  /**
   * Takes a container out of its network and deletes its network namespace; a no-op for a container
   * that is in none. Its processes must have ended.
   *
   * @throws CniException if a plugin fails; the rest has been done, and the next call tries again
   */
  public void detach(String namespace, String id) throws IOException, InterruptedException {
    Optional<Attachment> known = find(namespace, id);
    if (known.isEmpty()) {
      return;
    }
    Attachment attachment = known.get();
    @Nullable CniException failure = null;
    for (ObjectNode plugin : attachment.network().plugins().reversed()) {
      try {
        var _ = run("DEL", namespace, id, attachment, plugin, attachment.result());
      } catch (CniException e) {
        failure = failure == null ? e : failure;
      }
    }
    NetworkNamespace.delete(attachment.netns());
    if (failure != null) {
      throw failure;
    }
    Files.deleteIfExists(resolvConfFile(namespace, id));
    Files.deleteIfExists(file(namespace, id));
  }

  /** The network that a container is in, if it is in one. */
  public Optional<Attachment> find(String namespace, String id) throws IOException {
    Path file = file(namespace, id);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Attachment.parse(file.toString(), Files.readString(file)));
    } catch (IllegalArgumentException | JacksonException e) {
      throw new CniException(
          "what is known of the network of container '"
              + id
              + "' can't be read: "
              + e.getMessage()
              + "; remove "
              + file
              + " when no interface of it is left",
          e);
    }
  }

  /**
   * Where a container's network namespace is, once it has been made.
   *
   * @throws CniException if the name is none
   */
  public Path namespaceFile(String namespace, String id) throws CniException {
    return settings.namespaces().resolve("morsel-" + key(namespace, id));
  }

  /**
   * Where the file is that says how names are looked up in a container's network, resolv.conf(5),
   * once the container is in one.
   *
   * @throws CniException if the name is none
   */
  public Path resolvConfFile(String namespace, String id) throws CniException {
    var _ = key(namespace, id);
    return settings.attachments().resolve(namespace).resolve(id + ".resolv.conf");
  }

  // --- plugins -----------------------------------------------------------------------------------

  private JsonNode add(
      String namespace, String id, Attachment attachment, NetworkList network, String interfaceName)
      throws IOException, InterruptedException {
    Attachment within =
        new Attachment(attachment.netns(), network, attachment.ports(), NullNode.getInstance());
    JsonNode previous = NullNode.getInstance();
    for (ObjectNode plugin : network.plugins()) {
      previous = run("ADD", namespace, id, within, plugin, previous, interfaceName);
      if (interfaceName.equals(INTERFACE)) {
        // Should this process end now, what is undone is what was done.
        write(namespace, id, attachment.withResult(previous));
      }
    }
    return previous;
  }

  private JsonNode run(
      String command,
      String namespace,
      String id,
      Attachment attachment,
      ObjectNode plugin,
      JsonNode previous)
      throws CniException, InterruptedException {
    return run(command, namespace, id, attachment, plugin, previous, INTERFACE);
  }

  private JsonNode run(
      String command,
      String namespace,
      String id,
      Attachment attachment,
      ObjectNode plugin,
      JsonNode previous,
      String interfaceName)
      throws CniException, InterruptedException {
    ObjectNode config = plugin.deepCopy();
    config.put("name", attachment.network().name());
    config.put("cniVersion", attachment.network().cniVersion());
    if (previous.isObject()) {
      config.set("prevResult", previous);
    }
    if (NetworkList.mapsPorts(plugin) && !attachment.ports().isEmpty()) {
      portMappings(config.putObject("runtimeConfig").putArray("portMappings"), attachment.ports());
    }
    String netns = Files.exists(attachment.netns()) ? attachment.netns().toString() : "";
    return plugins.run(
        command,
        config,
        Map.of(
            "CNI_CONTAINERID",
            key(namespace, id),
            "CNI_NETNS",
            netns,
            "CNI_IFNAME",
            interfaceName,
            "CNI_ARGS",
            "IgnoreUnknown=1"));
  }

  private static void portMappings(ArrayNode mappings, List<PortMapping> ports) {
    for (PortMapping port : ports) {
      ObjectNode mapping = mappings.addObject();
      mapping.put("hostPort", port.hostPort());
      mapping.put("containerPort", port.containerPort());
      mapping.put("protocol", port.protocol());
      if (!port.hostAddress().isEmpty()) {
        mapping.put("hostIP", port.hostAddress());
      }
    }
  }

  // --- what is known -----------------------------------------------------------------------------

  private void write(String namespace, String id, Attachment attachment) throws IOException {
    Path file = file(namespace, id);
    Files.createDirectories(file.getParent());
    Path part = Files.writeString(file.resolveSibling(id + ".part"), attachment.toJson());
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /** The servers that the network names, else the machine's own. */
  private static void writeResolvConf(Path file, List<String> nameservers) throws IOException {
    if (!nameservers.isEmpty()) {
      Files.write(file, nameservers.stream().map(server -> "nameserver " + server).toList());
      return;
    }
    List<String> lines = Files.exists(RESOLV_CONF) ? Files.readAllLines(RESOLV_CONF) : List.of();
    boolean onlyLoopback =
        lines.stream()
            .filter(line -> line.startsWith("nameserver"))
            .allMatch(line -> line.contains(" 127."));
    if (onlyLoopback && Files.exists(RESOLVED_CONF)) {
      lines = Files.readAllLines(RESOLVED_CONF);
    }
    Files.write(file, lines);
  }

  private Path file(String namespace, String id) throws CniException {
    var _ = key(namespace, id);
    return settings.attachments().resolve(namespace).resolve(id + ".json");
  }

  /** Names the container for plugins and files. */
  private static String key(String namespace, String id) throws CniException {
    if (!NAME.matcher(namespace).matches() || !NAME.matcher(id).matches()) {
      throw new CniException(
          "'" + namespace + "' or '" + id + "' is no name of a namespace or container");
    }
    return namespace + "-" + id;
  }

  /** After a failure, which is the one to tell. */
  private void detachQuietly(String namespace, String id) throws InterruptedException {
    boolean interrupted = Thread.interrupted();
    try {
      detach(namespace, id);
    } catch (IOException e) {
      log.warn("the network of container '{}' can't be taken down: {}", id, e.getMessage());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
