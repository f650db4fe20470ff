package io.morsel.runtime.oci;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Which system calls a container may make. */
public sealed interface Seccomp {
  /** What containerd allows by default, depending on the container's capabilities. */
  record Default() implements Seccomp {}

  /** All of them. */
  record Unconfined() implements Seccomp {}

  /**
   * What a file says.
   *
   * @param profile as the OCI runtime specification has it (config-linux.md, section "Seccomp")
   */
  record Profile(ObjectNode profile) implements Seccomp {}

  /** The profile for a container; null for none. */
  default @Nullable ObjectNode profile(String architecture, List<String> capabilities) {
    if (this instanceof Profile(ObjectNode given)) {
      return given.deepCopy();
    }
    return this instanceof Default ? DefaultProfile.of(architecture, capabilities) : null;
  }

  /** containerd's default profile, from the table beside this class. */
  final class DefaultProfile {
    private static final String ADMIN = "CAP_SYS_ADMIN";

    /** {@code clone} with any flag that makes a namespace. */
    private static final long NAMESPACE_FLAGS = 0x7e020000L;

    private static final int ENOSYS = 38;

    private DefaultProfile() {}

    private static JsonNode table() {
      try (InputStream in =
          Objects.requireNonNull(Seccomp.class.getResourceAsStream("seccomp-default.json"))) {
        return JsonMapper.shared().readTree(in);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    static ObjectNode of(String architecture, List<String> capabilities) {
      JsonNode table = table();
      JsonNode machine = table.path("architectures").path(architecture);
      ObjectNode profile = JsonMapper.shared().createObjectNode();
      profile.put("defaultAction", "SCMP_ACT_ERRNO");
      ArrayNode architectures = profile.putArray("architectures");
      machine.path("names").forEach(architectures::add);
      ArrayNode rules = profile.putArray("syscalls");
      allow(rules, table.path("always"));
      for (JsonNode personality : table.path("personalities")) {
        argument(rule(rules, "personality"), 0, personality.longValue(), "SCMP_CMP_EQ");
      }
      // Since Linux 4.8 a tracer can't get around the filter any more.
      allow(rules, table.path("kernel48"));
      if (machine.has("syscalls")) {
        allow(rules, machine.path("syscalls"));
      }
      JsonNode byCapability = table.path("byCapability");
      for (String capability : capabilities) {
        if (byCapability.has(capability)) {
          allow(rules, byCapability.path(capability));
        }
      }
      if (!capabilities.contains(ADMIN)) {
        argument(
            rule(rules, "clone"),
            machine.path("cloneFlagsArgument").asInt(0),
            NAMESPACE_FLAGS,
            "SCMP_CMP_MASKED_EQ");
        // Its flags are in memory, where no filter sees them: libraries then use clone.
        rule(rules, "clone3").put("action", "SCMP_ACT_ERRNO").put("errnoRet", ENOSYS);
      }
      return profile;
    }

    private static ObjectNode rule(ArrayNode rules, String name) {
      ObjectNode rule = rules.addObject();
      rule.putArray("names").add(name);
      rule.put("action", "SCMP_ACT_ALLOW");
      return rule;
    }

    private static void allow(ArrayNode rules, JsonNode names) {
      ObjectNode rule = rules.addObject();
      ArrayNode list = rule.putArray("names");
      names.forEach(list::add);
      rule.put("action", "SCMP_ACT_ALLOW");
    }

    private static void argument(ObjectNode rule, int index, long value, String comparison) {
      rule.putArray("args")
          .addObject()
          .put("index", index)
          .put("value", value)
          .put("op", comparison);
    }
  }
}
