package io.morsel.runtime.oci;

import io.morsel.runtime.oci.ContainerOptions.Network;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Makes specifications. A pure function: everything that it knows is given to it.
 *
 * <p>For the same container it says what {@code ctr run} of containerd 1.6 would, with one
 * addition: the default seccomp profile, which there has to be asked for.
 */
public final class ContainerSpec {
  private static final String VERSION = "1.0.2-dev";
  private static final String DEFAULT_PATH =
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  private static final int OPEN_FILES = 1024;
  private static final int CPU_SHARES = 1024;
  private static final long CPU_PERIOD_MICROS = 100_000;

  /** The device files that every container has: major and minor; -1 for all minors. */
  private static final int[][] DEVICES = {
    {1, 3}, {1, 8}, {1, 7}, {5, 0}, {1, 5}, {1, 9}, {5, 1}, {136, -1}, {5, 2}
  };

  private static final List<String> MASKED =
      List.of(
          "/proc/acpi",
          "/proc/asound",
          "/proc/kcore",
          "/proc/keys",
          "/proc/latency_stats",
          "/proc/timer_list",
          "/proc/timer_stats",
          "/proc/sched_debug",
          "/sys/firmware",
          "/proc/scsi");

  private static final List<String> READ_ONLY =
      List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

  private static final List<SpecMount> MOUNTS =
      List.of(
          new SpecMount("/proc", "proc", "proc", List.of("nosuid", "noexec", "nodev")),
          new SpecMount(
              "/dev",
              "tmpfs",
              "tmpfs",
              List.of("nosuid", "strictatime", "mode=755", "size=65536k")),
          new SpecMount(
              "/dev/pts",
              "devpts",
              "devpts",
              List.of("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5")),
          new SpecMount(
              "/dev/shm",
              "tmpfs",
              "shm",
              List.of("nosuid", "noexec", "nodev", "mode=1777", "size=65536k")),
          new SpecMount("/dev/mqueue", "mqueue", "mqueue", List.of("nosuid", "noexec", "nodev")),
          new SpecMount("/sys", "sysfs", "sysfs", List.of("nosuid", "noexec", "nodev", "ro")),
          new SpecMount(
              "/run",
              "tmpfs",
              "tmpfs",
              List.of("nosuid", "strictatime", "mode=755", "size=65536k")));

  private final String namespace;
  private final String id;
  private final ImageSettings image;
  private final ContainerOptions options;
  private final Identity identity;
  private final Host host;

  /**
   * For one container.
   *
   * @param namespace containerd's namespace
   * @param id the container
   * @param identity who its process is
   */
  public ContainerSpec(
      String namespace,
      String id,
      ImageSettings image,
      ContainerOptions options,
      Identity identity,
      Host host) {
    this.namespace = namespace;
    this.id = id;
    this.image = image;
    this.options = options;
    this.identity = identity;
    this.host = host;
  }

  /**
   * The specification.
   *
   * @throws SpecException if there is nothing to run, or a capability is none
   */
  public ObjectNode toJson() throws SpecException {
    ObjectNode spec = JsonMapper.shared().createObjectNode();
    spec.put("ociVersion", VERSION);
    List<String> capabilities = capabilities();
    process(spec.putObject("process"), capabilities);
    ObjectNode root = spec.putObject("root").put("path", "rootfs");
    if (options.isolation().readOnly()) {
      root.put("readonly", true);
    }
    options.isolation().hostname().ifPresent(name -> spec.put("hostname", name));
    mounts(spec.putArray("mounts"));
    if (!options.annotations().isEmpty()) {
      ObjectNode annotations = spec.putObject("annotations");
      options.annotations().forEach(annotations::put);
    }
    linux(spec.putObject("linux"), capabilities);
    return spec;
  }

  // --- the process -------------------------------------------------------------------------------

  private void process(ObjectNode process, List<String> capabilities) throws SpecException {
    ContainerOptions.ProcessOptions wanted = options.process();
    if (wanted.terminal()) {
      process.put("terminal", true);
    }
    ObjectNode user = process.putObject("user");
    user.put("uid", identity.uid()).put("gid", identity.gid());
    ArrayNode groups = user.putArray("additionalGids");
    identity.additionalGids().forEach(groups::add);
    strings(process, "args", arguments());
    strings(process, "env", environment());
    String imageDirectory = image.workingDir().isEmpty() ? "/" : image.workingDir();
    process.put("cwd", wanted.workingDir().orElse(imageDirectory));
    ObjectNode sets = process.putObject("capabilities");
    for (String set : List.of("bounding", "effective", "permitted")) {
      strings(sets, set, capabilities);
    }
    process
        .putArray("rlimits")
        .addObject()
        .put("type", "RLIMIT_NOFILE")
        .put("hard", OPEN_FILES)
        .put("soft", OPEN_FILES);
    process.put("noNewPrivileges", true);
  }

  private List<String> arguments() throws SpecException {
    ContainerOptions.ProcessOptions wanted = options.process();
    List<String> arguments = new ArrayList<>(wanted.entrypoint().orElse(image.entrypoint()));
    if (!wanted.arguments().isEmpty()) {
      arguments.addAll(wanted.arguments());
    } else if (wanted.entrypoint().isEmpty()) {
      arguments.addAll(image.cmd());
    }
    if (arguments.isEmpty()) {
      throw new SpecException("the image names no command to run; give one after the image");
    }
    return arguments;
  }

  private List<String> environment() {
    Map<String, String> env = new LinkedHashMap<>();
    // Of variables that come twice the last value holds, at the first one's place.
    (image.env().isEmpty() ? List.of(DEFAULT_PATH) : image.env()).forEach(each -> set(env, each));
    if (options.process().terminal()) {
      set(env, "TERM=xterm");
    }
    options.process().env().forEach(each -> set(env, each));
    if (options.network() instanceof Network.Host) {
      set(env, "HOSTNAME=" + options.isolation().hostname().orElse(host.hostname()));
    }
    return List.copyOf(env.values());
  }

  private static void set(Map<String, String> env, String assignment) {
    int equals = assignment.indexOf('=');
    if (equals < 0) {
      var _ = env.remove(assignment);
    } else {
      env.put(assignment.substring(0, equals), assignment);
    }
  }

  private List<String> capabilities() throws SpecException {
    ContainerOptions.Isolation isolation = options.isolation();
    return Capabilities.changed(
        isolation.privileged() ? host.capabilities() : Capabilities.DEFAULT,
        isolation.addCapabilities(),
        isolation.dropCapabilities(),
        host.capabilities());
  }

  // --- what it sees ------------------------------------------------------------------------------

  private void mounts(ArrayNode mounts) {
    List<SpecMount> all = new ArrayList<>();
    for (SpecMount mount : MOUNTS) {
      boolean writable = options.isolation().privileged() && mount.type().equals("sysfs");
      all.add(
          writable
              ? new SpecMount(
                  mount.destination(),
                  mount.type(),
                  mount.source(),
                  mount.options().stream().map(each -> each.equals("ro") ? "rw" : each).toList())
              : mount);
    }
    all.addAll(options.mounts());
    if (options.network() instanceof Network.Host) {
      all.add(SpecMount.bind("/etc/hosts", "/etc/hosts", true));
      all.add(SpecMount.bind("/etc/resolv.conf", "/etc/resolv.conf", true));
    } else if (options.network() instanceof Network.Joined joined) {
      all.add(SpecMount.bind(joined.resolvConf(), "/etc/resolv.conf", true));
    }
    for (SpecMount mount : all) {
      ObjectNode node = mounts.addObject();
      node.put("destination", mount.destination());
      node.put("type", mount.type());
      node.put("source", mount.source());
      strings(node, "options", mount.options());
    }
  }

  private void linux(ObjectNode linux, List<String> capabilities) {
    ContainerOptions.Isolation isolation = options.isolation();
    resources(linux.putObject("resources"));
    linux.put("cgroupsPath", "/" + namespace + "/" + id);
    ArrayNode namespaces = linux.putArray("namespaces");
    for (String type : List.of("pid", "ipc", "uts", "mount")) {
      namespaces.addObject().put("type", type);
    }
    if (options.network() instanceof Network.Joined joined) {
      namespaces.addObject().put("type", "network").put("path", joined.path());
    } else if (options.network() instanceof Network.None) {
      namespaces.addObject().put("type", "network");
    }
    if (isolation.privileged()) {
      devices(linux.putArray("devices"));
    } else {
      strings(linux, "maskedPaths", MASKED);
      strings(linux, "readonlyPaths", READ_ONLY);
    }
    Seccomp byDefault = isolation.privileged() ? new Seccomp.Unconfined() : new Seccomp.Default();
    Optional.ofNullable(
            isolation.seccomp().orElse(byDefault).profile(host.architecture(), capabilities))
        .ifPresent(profile -> linux.set("seccomp", profile));
  }

  private void devices(ArrayNode devices) {
    for (Host.Device device : host.devices()) {
      devices
          .addObject()
          .put("path", device.path())
          .put("type", device.type())
          .put("major", device.major())
          .put("minor", device.minor())
          .put("fileMode", device.mode())
          .put("uid", device.uid())
          .put("gid", device.gid());
    }
  }

  private void resources(ObjectNode resources) {
    ArrayNode devices = resources.putArray("devices");
    if (options.isolation().privileged()) {
      devices.addObject().put("allow", true).put("access", "rwm");
    } else {
      devices.addObject().put("allow", false).put("access", "rwm");
      for (int[] device : DEVICES) {
        ObjectNode rule = devices.addObject();
        rule.put("allow", true).put("type", "c").put("major", device[0]);
        if (device[1] >= 0) {
          rule.put("minor", device[1]);
        }
        rule.put("access", "rwm");
      }
    }
    ContainerOptions.Limits limits = options.limits();
    if (limits.memoryBytes() > 0) {
      resources.putObject("memory").put("limit", limits.memoryBytes());
    }
    ObjectNode cpu = resources.putObject("cpu").put("shares", CPU_SHARES);
    if (limits.cpus() > 0) {
      cpu.put("quota", Math.round(limits.cpus() * CPU_PERIOD_MICROS));
      cpu.put("period", CPU_PERIOD_MICROS);
    }
  }

  private static void strings(ObjectNode node, String name, List<String> values) {
    ArrayNode array = node.putArray(name);
    values.forEach(array::add);
  }
}
