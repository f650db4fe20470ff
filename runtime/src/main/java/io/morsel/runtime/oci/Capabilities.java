package io.morsel.runtime.oci;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Names of capabilities(7). */
final class Capabilities {
  /** What containerd gives a container. */
  static final List<String> DEFAULT =
      List.of(
          "CAP_CHOWN",
          "CAP_DAC_OVERRIDE",
          "CAP_FSETID",
          "CAP_FOWNER",
          "CAP_MKNOD",
          "CAP_NET_RAW",
          "CAP_SETGID",
          "CAP_SETUID",
          "CAP_SETFCAP",
          "CAP_SETPCAP",
          "CAP_NET_BIND_SERVICE",
          "CAP_SYS_CHROOT",
          "CAP_KILL",
          "CAP_AUDIT_WRITE");

  /** By number, as the kernel counts them. */
  private static final List<String> ALL =
      List.of(
          "CAP_CHOWN",
          "CAP_DAC_OVERRIDE",
          "CAP_DAC_READ_SEARCH",
          "CAP_FOWNER",
          "CAP_FSETID",
          "CAP_KILL",
          "CAP_SETGID",
          "CAP_SETUID",
          "CAP_SETPCAP",
          "CAP_LINUX_IMMUTABLE",
          "CAP_NET_BIND_SERVICE",
          "CAP_NET_BROADCAST",
          "CAP_NET_ADMIN",
          "CAP_NET_RAW",
          "CAP_IPC_LOCK",
          "CAP_IPC_OWNER",
          "CAP_SYS_MODULE",
          "CAP_SYS_RAWIO",
          "CAP_SYS_CHROOT",
          "CAP_SYS_PTRACE",
          "CAP_SYS_PACCT",
          "CAP_SYS_ADMIN",
          "CAP_SYS_BOOT",
          "CAP_SYS_NICE",
          "CAP_SYS_RESOURCE",
          "CAP_SYS_TIME",
          "CAP_SYS_TTY_CONFIG",
          "CAP_MKNOD",
          "CAP_LEASE",
          "CAP_AUDIT_WRITE",
          "CAP_AUDIT_CONTROL",
          "CAP_SETFCAP",
          "CAP_MAC_OVERRIDE",
          "CAP_MAC_ADMIN",
          "CAP_SYSLOG",
          "CAP_WAKE_ALARM",
          "CAP_BLOCK_SUSPEND",
          "CAP_AUDIT_READ",
          "CAP_PERFMON",
          "CAP_BPF",
          "CAP_CHECKPOINT_RESTORE");

  private static final String EVERY = "ALL";

  private Capabilities() {}

  /** Those whose bits are set. */
  static List<String> ofMask(long mask) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < ALL.size(); i++) {
      if ((mask >> i & 1) != 0) {
        names.add(ALL.get(i));
      }
    }
    return names;
  }

  /**
   * What a container gets.
   *
   * @param base what it would get otherwise
   * @param available what {@code ALL} means
   * @throws SpecException if a name is none
   */
  static List<String> changed(
      List<String> base, List<String> add, List<String> drop, List<String> available)
      throws SpecException {
    Set<String> result = new LinkedHashSet<>(base);
    Set<String> dropped = new LinkedHashSet<>();
    for (String text : drop) {
      String name = normalized(text);
      if (name.equals(EVERY)) {
        result.clear();
      } else {
        dropped.add(name);
      }
    }
    for (String text : add) {
      String name = normalized(text);
      result.addAll(name.equals(EVERY) ? available : List.of(name));
    }
    result.removeAll(dropped);
    return List.copyOf(result);
  }

  private static String normalized(String text) throws SpecException {
    String name = text.toUpperCase(Locale.ROOT);
    if (name.equals(EVERY)) {
      return name;
    }
    String full = name.startsWith("CAP_") ? name : "CAP_" + name;
    if (!ALL.contains(full)) {
      throw new SpecException(
          "there is no capability '"
              + text
              + "'; capabilities(7) has the names, such as NET_ADMIN");
    }
    return full;
  }
}
