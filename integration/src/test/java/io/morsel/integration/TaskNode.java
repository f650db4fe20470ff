package io.morsel.integration;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.CgroupView;
import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.host.Uninterrupted;
import io.morsel.bench.node.Containerd;
import io.morsel.bench.node.Core;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A core or a containerd that runs containers, in a namespace that nobody else on the machine has:
 * runc's state and cgroups go by it.
 */
final class TaskNode implements AutoCloseable {
  private static final List<String> PROGRAMS =
      List.of("sh", "ls", "sleep", "cat", "echo", "stty", "kill", "true", "seq", "stat");

  private final Setting setting;
  private final Path directory;
  private final String namespace;
  private @Nullable Containerd containerd;
  private @Nullable Core core;

  /**
   * What containers are run with.
   *
   * @param runtime the OCI runtime that the runc shim runs
   * @param cgroups what the daemon and the runtime see of the machine's cgroups
   * @param warmUp whether a core warms up, as it does where nobody says otherwise
   * @param configuration further lines of a core's configuration: tables
   */
  record Setting(String runtime, CgroupView cgroups, boolean warmUp, String configuration) {
    static final Setting DEFAULT = new Setting("runc", CgroupView.MACHINE, false);

    Setting(String runtime, CgroupView cgroups, boolean warmUp) {
      this(runtime, cgroups, warmUp, "");
    }

    Setting withWarmUp() {
      return new Setting(runtime, cgroups, true, configuration);
    }

    Setting with(String lines) {
      return new Setting(runtime, cgroups, warmUp, lines);
    }

    private String coreConfiguration() {
      return (warmUp ? "" : Cores.NO_WARM_UP) + configuration;
    }
  }

  private TaskNode(Setting setting) {
    this.setting = setting;
    this.directory = Directories.temporary(Path.of("/tmp"), "morsel-it-");
    this.namespace =
        "it" + Long.toString(ThreadLocalRandom.current().nextLong(1L << 40), Character.MAX_RADIX);
  }

  static TaskNode core() {
    return core(Setting.DEFAULT);
  }

  static TaskNode core(Setting setting) {
    TaskNode node = new TaskNode(setting);
    node.prepare(node::restart);
    return node;
  }

  static TaskNode containerd() {
    return containerd(Setting.DEFAULT);
  }

  static TaskNode containerd(Setting setting) {
    TaskNode node = new TaskNode(setting);
    node.prepare(
        () ->
            node.containerd = Containerd.start(node.directory, Map.of(), false, setting.cgroups()));
    return node;
  }

  private void prepare(Runnable daemon) {
    boolean done = false;
    try {
      fillRootfs();
      daemon.run();
      done = true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      if (!done) {
        close();
      }
    }
  }

  private void fillRootfs() throws IOException {
    for (String name : List.of("bin", "proc", "sys", "dev", "etc", "tmp", "shared")) {
      Files.createDirectories(rootfs().resolve(name));
    }
    Path bin = rootfs().resolve("bin");
    Files.copy(Path.of("/bin/busybox"), bin.resolve("busybox"));
    for (String program : PROGRAMS) {
      Files.createSymbolicLink(bin.resolve(program), Path.of("busybox"));
    }
  }

  /** A root filesystem with busybox, which containers share. */
  Path rootfs() {
    return directory.resolve("rootfs");
  }

  Path directory() {
    return directory;
  }

  String namespace() {
    return namespace;
  }

  Core daemon() {
    return Objects.requireNonNull(core);
  }

  /** Starts the core again, after it was ended, on what it left. */
  void restart() {
    core = Core.start(Node.CHECKOUT, directory, setting.coreConfiguration(), setting.cgroups());
  }

  Path socket() {
    return core != null ? core.socket() : Objects.requireNonNull(containerd).socket();
  }

  /**
   * {@code ctr WORDS…} in the node's namespace, with its OCI runtime; {@code ROOTFS} stands for
   * {@link #rootfs}.
   */
  Command ctr(Object... words) {
    List<String> all = new ArrayList<>(substituted(words));
    // ctr takes it for a runtime's name only, and not for a path.
    if (all.getFirst().equals("run")
        && !setting.runtime().equals(Setting.DEFAULT.runtime())
        && !all.contains("--runtime")) {
      all.addAll(1, List.of("--runc-binary", setting.runtime()));
    }
    return Command.of("ctr", "-a", socket(), "-n", namespace, all);
  }

  private List<String> substituted(Object... words) {
    return Arrays.stream(words)
        .flatMap(word -> word instanceof List<?> several ? several.stream() : Stream.of(word))
        .map(
            word ->
                word.toString()
                    .replace("ROOTFS", rootfs().toString())
                    .replace("DIR", directory.toString()))
        .toList();
  }

  /** {@code ctr run -d OPTIONS… ROOTFS ID /bin/sh -c SCRIPT}. */
  void runDetached(String id, String script, Object... options) {
    ctr("run", "-d", List.of(options), "--rootfs", "ROOTFS", id, "/bin/sh", "-c", script).succeed();
  }

  /**
   * Writes an OCI specification, for {@code ctr run --config}: a shell on {@link #rootfs}, in a
   * cgroup of the node's.
   *
   * @param changes what else it shall say
   */
  Path spec(String id, String script, Consumer<ObjectNode> changes) {
    ObjectNode spec = (ObjectNode) JsonMapper.shared().readTree(ctr("oci", "spec").succeed());
    ((ObjectNode) spec.path("root")).put("path", rootfs().toString());
    ((ObjectNode) spec.path("linux")).put("cgroupsPath", "/" + namespace + "/" + id);
    ((ObjectNode) spec.path("process")).putArray("args").add("/bin/sh").add("-c").add(script);
    changes.accept(spec);
    try {
      return Files.writeString(directory.resolve("spec-" + id), spec.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The same for a container whose creation runc does not end by itself.
   *
   * @param hook what runc's child runs once the container's cgroup is there, and waits for
   */
  Path specWithHook(String id, String hook) {
    return spec(
        id,
        "true",
        changes ->
            changes
                .putObject("hooks")
                .putArray("createRuntime")
                .addObject()
                .put("path", "/bin/sh")
                .putArray("args")
                .add("sh")
                .add("-c")
                .add(hook));
  }

  /** The status of a task as {@code ctr tasks ls} has it; empty where there is none. */
  Optional<String> status(String id) {
    return ctr("tasks", "ls")
        .succeed()
        .lines()
        .map(line -> line.strip().split("\\s+", -1))
        .filter(fields -> fields[0].equals(id))
        .map(fields -> fields[2])
        .findFirst();
  }

  void awaitStatus(String id, String status) {
    Await.until(
        "task " + id + " is " + status,
        Node.SOON,
        () -> status(id).map(now -> now.equals(status)).orElse(false));
  }

  /** The process id of a task. */
  long pid(String id) {
    return ctr("tasks", "ls")
        .succeed()
        .lines()
        .map(line -> line.strip().split("\\s+", -1))
        .filter(fields -> fields[0].equals(id))
        .map(fields -> Long.parseLong(fields[1]))
        .findFirst()
        .orElseThrow();
  }

  /** Shims of the namespace that run. */
  List<ProcessHandle> shims() {
    return ProcessHandle.allProcesses()
        .filter(
            process -> {
              String line = commandLine(process.pid());
              return line.contains("containerd-shim") && line.contains(" " + namespace + " ");
            })
        .toList();
  }

  /** The shim of one container. */
  ProcessHandle shim(String id) {
    return shims().stream()
        .filter(process -> commandLine(process.pid()).contains("-id " + id + " "))
        .findFirst()
        .orElseThrow();
  }

  private static String commandLine(long pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/cmdline")).replace('\0', ' ');
    } catch (IOException e) {
      // It has ended meanwhile.
      return "";
    }
  }

  /** Bundles, runc's state, cgroups, shims and mounts that containers have left. */
  List<String> leftovers() {
    Stream<String> files =
        Stream.of(
                directory.resolve("state/io.containerd.runtime.v2.task").resolve(namespace),
                directory.resolve("core/io.containerd.runtime.v2.task").resolve(namespace),
                runcState())
            .flatMap(parent -> children(parent).stream());
    Stream<String> cgroups = cgroups().stream().flatMap(parent -> directories(parent).stream());
    Stream<String> shims = shims().stream().map(shim -> commandLine(shim.pid()));
    return Stream.of(files, cgroups, shims, mounts()).flatMap(each -> each).toList();
  }

  private Stream<String> mounts() {
    try {
      return Files.readAllLines(Path.of("/proc/self/mountinfo")).stream()
          .filter(line -> line.contains(directory + "/state/"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path runcState() {
    return Path.of("/run/containerd/runc").resolve(namespace);
  }

  private List<Path> cgroups() {
    return Stream.concat(
            Stream.of(Path.of("/sys/fs/cgroup")),
            directories(Path.of("/sys/fs/cgroup")).stream().map(Path::of))
        .map(hierarchy -> hierarchy.resolve(namespace))
        .filter(Files::isDirectory)
        .toList();
  }

  private static List<String> children(Path parent) {
    if (!Files.isDirectory(parent)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(parent)) {
      return all.map(Path::toString).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> directories(Path parent) {
    return children(parent).stream().filter(child -> Files.isDirectory(Path.of(child))).toList();
  }

  /**
   * Waits until there are no {@link #leftovers}. A shim that has told the core that it ends may do
   * so after the core has answered its client, as with containerd.
   */
  void awaitNothingLeft() {
    Await.until(
        "nothing is left of containers", Node.SOON, () -> leftovers().isEmpty(), this::leftovers);
  }

  /**
   * What the core has open, a line for each file descriptor, but for its own classes: the virtual
   * machine opens a jar file when it first needs one.
   */
  List<String> openFiles() {
    return children(Path.of("/proc/" + daemon().pid() + "/fd")).stream()
        .map(TaskNode::target)
        .filter(target -> !target.isEmpty() && !target.endsWith(".jar"))
        .sorted()
        .toList();
  }

  private static String target(String link) {
    try {
      return Files.readSymbolicLink(Path.of(link)).toString();
    } catch (IOException e) {
      // It has been closed meanwhile.
      return "";
    }
  }

  /** The names of the core's threads, of which the kernel keeps 15 bytes. */
  List<String> threads() {
    return children(Path.of("/proc/" + daemon().pid() + "/task")).stream()
        .map(
            thread -> {
              try {
                return Files.readString(Path.of(thread, "comm")).strip();
              } catch (IOException e) {
                // It has ended meanwhile.
                return "";
              }
            })
        .filter(name -> !name.isEmpty())
        .sorted()
        .toList();
  }

  /** How many bytes of the core's heap are in use after a collection. */
  long liveBytes() {
    String total =
        Command.of(
                Path.of(System.getProperty("java.home"), "bin/jcmd"),
                daemon().pid(),
                "GC.class_histogram")
            .succeed()
            .lines()
            .filter(line -> line.startsWith("Total"))
            .findFirst()
            .orElseThrow();
    return Long.parseLong(total.strip().split("\\s+", -1)[2]);
  }

  /** Everything that containers are or have left, gone; then the daemon and the directory. */
  @Override
  public void close() {
    Uninterrupted.run(
        this::removeContainers,
        () -> {
          if (core != null) {
            core.close();
          }
        },
        () -> {
          if (containerd != null) {
            containerd.close();
          }
        },
        () -> shims().forEach(ProcessHandle::destroyForcibly),
        this::removeRuncState,
        () -> Mounts.detachBelow(directory),
        () -> Directories.delete(directory));
  }

  private void removeContainers() {
    if (core == null && containerd == null) {
      return;
    }
    for (String task : ctr("tasks", "ls", "-q").run().text().lines().toList()) {
      ctr("tasks", "rm", "-f", task).run();
    }
    for (String container : ctr("containers", "ls", "-q").run().text().lines().toList()) {
      ctr("containers", "rm", container).run();
    }
  }

  private void removeRuncState() {
    for (String id : children(runcState())) {
      Command.of(
              setting.runtime(), "--root", runcState(), "delete", "-f", Path.of(id).getFileName())
          .run();
    }
    if (Files.isDirectory(runcState())) {
      Command.of("rmdir", runcState()).run();
    }
    for (Path cgroup : cgroups()) {
      Command.of("rmdir", cgroup).run();
    }
  }

  /** One command's outcome, without what differs from run to run and from node to node. */
  record Outcome(int exitCode, String out, String errors) {}

  /** Runs {@code ctr WORDS…}. */
  Outcome outcome(Object... words) {
    Command.Result result = ctr(words).run();
    return new Outcome(result.exitCode(), normalized(result.text()), normalized(result.errors()));
  }

  /** The text without paths, names, numbers and times that differ from node to node. */
  String normalized(String text) {
    return text.lines()
        .map(
            line ->
                line.replace(directory.toString(), "DIR")
                    .replace(namespace, "NS")
                    .replaceAll("\\d{4}-\\d\\d-\\d\\d[T ][0-9:.]+ ?(Z|\\+0000 UTC)?", "TIME")
                    .replaceAll("\"exited_at\":\\{[^}]*\\}", "EXITED")
                    .replaceAll("/fifo/\\d+/", "/fifo/N/")
                    .replaceAll("\\b\\d{2,}\\b", "N")
                    .replaceAll("\\s+", " ")
                    .strip())
        .collect(Collectors.joining("\n"));
  }
}
