package io.morsel.cli.container;

import com.google.protobuf.Any;
import com.google.protobuf.UnsafeByteOperations;
import io.morsel.cli.core.Anys;
import io.morsel.cli.io.RawTerminal;
import io.morsel.cli.terminal.CommandException;
import io.morsel.containerd.api.containers.Container;
import io.morsel.runtime.oci.Identity;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The OCI process of an exec: that of the container's own specification, with what is to be other
 * (OCI runtime specification, config.md, "Process").
 */
final class ProcessSpec {
  /** How containerd names such a document in an Any. */
  private static final String TYPE_URL =
      "types.containerd.io/opencontainers/runtime-spec/1/Process";

  private ProcessSpec() {}

  /**
   * Makes it.
   *
   * @param identity who it is; null for the container's user
   * @param size the terminal's size, where it gets one and the size is known
   */
  static Any of(
      Container container,
      ExecRequest request,
      @Nullable Identity identity,
      RawTerminal.@Nullable Size size)
      throws CommandException {
    JsonNode spec = Anys.json(container.getSpec());
    if (!(spec.get("process") instanceof ObjectNode process)) {
      throw CommandException.failed(
          "container '" + container.getId() + "' has no OCI specification to take a process from");
    }
    ArrayNode arguments = process.putArray("args");
    request.command().forEach(arguments::add);
    process.put("terminal", request.terminal());
    process.remove("consoleSize");
    if (size != null) {
      process.putObject("consoleSize").put("height", size.rows()).put("width", size.columns());
    }
    if (request.directory() != null) {
      process.put("cwd", request.directory());
    }
    putEnvironment(process, request);
    if (identity != null) {
      ObjectNode user = process.putObject("user");
      user.put("uid", identity.uid());
      user.put("gid", identity.gid());
      ArrayNode gids = user.putArray("additionalGids");
      identity.additionalGids().forEach(gids::add);
    }
    return Any.newBuilder()
        .setTypeUrl(TYPE_URL)
        .setValue(UnsafeByteOperations.unsafeWrap(JsonMapper.shared().writeValueAsBytes(process)))
        .build();
  }

  /** Later variables replace earlier ones of the same name. */
  private static void putEnvironment(ObjectNode process, ExecRequest request)
      throws CommandException {
    Map<String, String> variables = new LinkedHashMap<>();
    if (process.get("env") instanceof ArrayNode before) {
      before.forEach(each -> put(variables, each.asString("")));
    }
    for (String given : request.environment()) {
      if (given.isEmpty() || given.startsWith("=")) {
        throw CommandException.usage("malformed variable '" + given + "': expected NAME[=VALUE]");
      }
      if (given.indexOf('=') > 0) {
        put(variables, given);
      } else if (System.getenv(given) != null) {
        put(variables, given + "=" + System.getenv(given));
      }
    }
    if (request.terminal()) {
      variables.putIfAbsent("TERM", "TERM=xterm");
    }
    ArrayNode environment = process.putArray("env");
    variables.values().forEach(environment::add);
  }

  private static void put(Map<String, String> variables, String variable) {
    int equals = variable.indexOf('=');
    String name = equals < 0 ? variable : variable.substring(0, equals);
    variables.put(name, variable);
  }
}
