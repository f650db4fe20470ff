package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import io.morsel.bench.image.OciLayout;
import io.morsel.bench.node.Recording;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What {@code morsel run} does wherever its containers run. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class RunTests {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  static final int DATA_BYTES = 4_000_000;
  static final String NOTHING = "[]";

  String plain = "";
  String lazy = "";

  /** Starts what containers run in. */
  abstract void start() throws IOException;

  /** Where that listens. */
  abstract Path socket();

  /** A directory for this class alone. */
  abstract Path directory();

  /** {@code ctr WORDS…} against it. */
  final Command ctr(Object... words) {
    return Command.of("ctr", "--address", socket(), List.of(words));
  }

  @BeforeAll
  final void prepare() throws IOException {
    plain = FIXTURE.reference("run:plain");
    RunImages.push(FIXTURE.work(), plain, DATA_BYTES);
    lazy = FIXTURE.convert(plain, FIXTURE.reference("run:lazy"));
    start();
    Command pull = Node.morsel("pull", "--address", socket(), "--quiet", lazy);
    Recording.ensured(Node.CHECKOUT, "pull", pull).succeed();
    // Most of what these tests cost is the start of so many runs.
    Recording.ensured(Node.CHECKOUT, "run", run("--rm", lazy, "true")).succeed();
  }

  final Command run(Object... words) {
    return Node.morsel("run", "--address", socket(), List.of(words));
  }

  final Command shell(List<?> options, String script) {
    return run("--rm", options, lazy, "sh", "-c", script);
  }

  /** What {@code ctr} has of containers, tasks, leases and active snapshots. */
  final String left() {
    return ctr("containers", "ls", "-q").succeed()
        + ctr("tasks", "ls", "-q").succeed()
        + ctr("leases", "ls", "-q").succeed()
        + ctr("snapshots", "--snapshotter", "morsel", "ls")
            .succeed()
            .lines()
            .filter(line -> line.contains("Active"))
            .toList();
  }

  final void remove(String id) {
    ctr("tasks", "rm", "--force", id).run();
    ctr("containers", "rm", id).succeed();
  }

  /** A run whose output goes to a file. */
  static Process background(Path out, Command command) {
    return Command.of("sh", "-c", "exec " + command + " > " + out + " 2>&1").start();
  }

  static void awaitText(Path file, String text) {
    Await.until("the container says '" + text + "'", Node.SOON, () -> read(file).contains(text));
  }

  static String read(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void signal(Process process, String name) {
    Command.of("kill", "-s", name, process.pid()).succeed();
  }

  @Test
  void streamsAndExitCodeAreTheContainers() throws IOException {
    Command.Result result = shell(List.of(), "echo out; echo err >&2; exit 7").run();
    assertThat(result.exitCode()).isEqualTo(7);
    assertThat(result.text()).isEqualTo("out\n");
    assertThat(result.errors()).isEqualTo("err\n");
    assertThat(run("--rm", lazy).succeed()).isEqualTo("from the image\n");

    Path input = Files.write(directory().resolve("input"), Images.noise(3, 1_000_000));
    String sum = Command.of("sha256sum", input).succeed().substring(0, 64);
    String command = shell(List.of("-i"), "'sha256sum; echo end'").toString();
    assertThat(Command.of("sh", "-c", command + " < " + input).succeed())
        .isEqualTo(sum + "  -\nend\n");
    assertThat(left()).isEqualTo(NOTHING);
  }

  @Test
  void whoWhereAndWithWhat() throws IOException {
    Path bound = Files.createDirectory(directory().resolve("bound"));
    Path variables =
        Files.writeString(directory().resolve("variables"), "# none\nFROM_FILE=f\nB=file\n");
    String out =
        shell(
                List.of(
                    "--user",
                    "alice",
                    "--env-file",
                    variables,
                    "-e",
                    "B=b",
                    "--cwd",
                    "/tmp",
                    "--hostname",
                    "box",
                    "--read-only",
                    "--cap-drop",
                    "ALL",
                    "-v",
                    bound + ":/mnt/rw",
                    "--mount",
                    "type=bind,src=" + bound + ",dst=/mnt/ro,options=rbind:ro",
                    "--mount",
                    "type=tmpfs,dst=/scratch"),
                "id; pwd; hostname; echo $FROM_IMAGE $FROM_FILE $B;"
                    + " touch /new 2>/dev/null || echo read-only;"
                    + " touch /mnt/ro/new 2>/dev/null || echo bound read-only;"
                    + " grep -E 'CapBnd|Seccomp:|NoNewPrivs' /proc/self/status | tr -d '\\t';"
                    + " grep -c ' /scratch tmpfs ' /proc/mounts; ls /sys/class/net; ip -o addr show")
            .succeed();
    assertThat(out.lines().toList())
        .startsWith(
            "uid=1000(alice) gid=1001(alice) groups=10(wheel),60(games),1001(alice)",
            "/tmp",
            "box",
            "yes f b",
            "read-only",
            "bound read-only",
            "CapBnd:0000000000000000",
            "NoNewPrivs:1",
            "Seccomp:2",
            "1",
            "lo")
        .anyMatch(line -> line.contains("127.0.0.1/8"));
  }

  @Test
  void memoryIsLimited() {
    Command.Result result =
        run(
                "--rm",
                "--memory",
                "16m",
                lazy,
                "dd",
                "if=/dev/zero",
                "of=/dev/null",
                "bs=64M",
                "count=1")
            .run();
    assertThat(result.exitCode()).isEqualTo(137);
  }

  @Test
  void aTerminalHasTheSizeOfOurs() {
    String command = shell(List.of("-it"), "stty size; echo $TERM; tty; exit 3").toString();
    String script = directory().resolve("tty.sh").toString();
    try {
      Files.writeString(
          Path.of(script),
          "stty rows 33 cols 77\n"
              + command.replace("sh -c ", "sh -c '")
              + "'\necho code $?\nstty -a | grep -o '.echo '\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    assertThat(
            Command.of("script", "-qec", "sh " + script, "/dev/null")
                .run()
                .text()
                // How script shows that it has no input.
                .replace("^@", "")
                .lines()
                .toList())
        .containsSubsequence("33 77", "xterm", "/dev/pts/0", "code 3")
        .doesNotContain("-echo ");
    assertThat(run("--rm", "-t", lazy, "tty").succeed().strip()).isEqualTo("/dev/pts/0");
    Command.Result none = run("--rm", "-it", lazy, "tty").run();
    assertThat(none.exitCode()).isEqualTo(2);
    assertThat(none.errors()).contains("--tty needs a terminal");
    assertThat(left()).isEqualTo(NOTHING);
  }

  @Test
  void signalsReachTheContainer() throws Exception {
    Path out = directory().resolve("signals-" + UUID.randomUUID());
    Path script =
        Files.writeString(
            directory().resolve("trap.sh"),
            """
            for s in HUP INT USR1 USR2; do trap "echo got $s" $s; done
            trap 'exit 5' TERM
            echo ready
            while :; do sleep 0.05; done
            """);
    Process process =
        background(out, run("--rm", "-v", script + ":/trap.sh", lazy, "sh", "/trap.sh"));
    try {
      awaitText(out, "ready");
      for (String name : List.of("HUP", "INT", "USR1", "USR2")) {
        signal(process, name);
        awaitText(out, "got " + name);
      }
      signal(process, "TERM");
      assertThat(process.waitFor()).isEqualTo(5);
    } finally {
      Command.end(process);
    }
    assertThat(left()).isEqualTo(NOTHING);
  }

  /** Runs an imported image, which no registry has, by what {@code ctr images ls} calls it. */
  private void assertImported(Path layout, String name, Object... options) {
    Path archive = directory().resolve(UUID.randomUUID() + ".tar");
    Command.of("tar", "-C", layout, "-cf", archive, ".").succeed();
    ctr("images", "import", "--no-unpack", List.of(options), archive).succeed();
    for (String snapshotter : List.of("overlayfs", "morsel")) {
      assertThat(
              run("--rm", "--pull", "never", "--snapshotter", snapshotter, name, "echo", "runs")
                  .succeed())
          .as("%s with %s", name, snapshotter)
          .isEqualTo("runs\n");
    }
    ctr("images", "rm", "--sync", name).succeed();
  }

  @Test
  void anImportedIndexLeadsToTheImage() throws IOException {
    Path layout = directory().resolve("layout");
    Command.of(
            "skopeo",
            "copy",
            "-q",
            "--src-tls-verify=false",
            "docker://" + plain,
            "oci:" + layout + ":1")
        .succeed();
    Path top = layout.resolve("index.json");
    // An index whose manifest is said to be for no platform,
    String index = Files.readString(top);
    assertThat(index).doesNotContain("\"platform\"");
    assertImported(layout, "local/unnamed:1", "--index-name", "local/unnamed:1");
    // and the same below another one.
    byte[] inner = Files.readAllBytes(top);
    String digest = OciLayout.sha256(inner);
    Files.write(layout.resolve("blobs/sha256").resolve(digest), inner);
    Files.writeString(
        top,
        """
        {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[\
        {"mediaType":"application/vnd.oci.image.index.v1+json","digest":"sha256:%s","size":%d}]}"""
            .formatted(digest, inner.length));
    assertImported(layout, "local/nested:1", "--index-name", "local/nested:1");
    assertThat(left()).isEqualTo(NOTHING);
  }

  @Test
  void theEnvironmentNamesSocketAndNamespaceAsForCtr() {
    Command run = Node.morsel("run", "--rm", "--pull", "never", lazy, "echo", "runs");
    assertThat(run.with("CONTAINERD_ADDRESS", socket()).succeed()).isEqualTo("runs\n");
    Command.Result elsewhere =
        run.with("CONTAINERD_ADDRESS", socket()).with("CONTAINERD_NAMESPACE", "nobodys").run();
    assertThat(elsewhere.exitCode()).isEqualTo(1);
    assertThat(elsewhere.errors()).contains("is not there; pull it");
    // What the command line says goes before it.
    assertThat(
            Node.morsel(
                    "run",
                    "--rm",
                    "--address",
                    socket(),
                    "--namespace",
                    "default",
                    lazy,
                    "echo",
                    "runs")
                .with("CONTAINERD_ADDRESS", "/nowhere.sock")
                .with("CONTAINERD_NAMESPACE", "nobodys")
                .succeed())
        .isEqualTo("runs\n");
  }

  @Test
  void aDetachedContainerGoesOn() throws IOException {
    Path pidFile = directory().resolve("pid");
    assertThat(
            run(
                    "-d",
                    "--name",
                    "stays",
                    "--label",
                    "of.user=u",
                    "--pid-file",
                    pidFile,
                    lazy,
                    "sh",
                    "-c",
                    "echo started; sleep 1000")
                .succeed())
        .isEqualTo("stays\n");
    try {
      JsonNode container =
          JsonMapper.shared().readTree(ctr("containers", "info", "stays").succeed());
      JsonNode labels = container.path("Labels");
      assertThat(labels.path("of.image").asString()).isEqualTo("label");
      assertThat(labels.path("of.user").asString()).isEqualTo("u");
      assertThat(labels.path("io.containerd.image.config.stop-signal").asString())
          .isEqualTo("SIGUSR1");
      assertThat(labels.path("io.morsel.network").asString()).isEqualTo("none");
      awaitText(Path.of(labels.path("io.morsel.log").asString()), "started");
      assertThat(Path.of("/proc", Files.readString(pidFile))).exists();
      assertThat(ctr("tasks", "ls").succeed()).contains("stays").contains("RUNNING");
      Command.Result second = run("--name", "stays", lazy).run();
      assertThat(second.exitCode()).isEqualTo(1);
      assertThat(second.errors()).contains("there is a container 'stays' already");
    } finally {
      remove("stays");
      Files.deleteIfExists(Path.of("/var/lib/morsel/logs/default/stays.log"));
    }
  }

  @Test
  void whatHasEndedIsListedWithItsExitCode() {
    assertThat(run("--name", "ended", lazy, "sh", "-c", "exit 3").run().exitCode()).isEqualTo(3);
    try {
      assertThat(ctr("tasks", "ls").succeed()).doesNotContain("ended");
      assertThat(Node.morsel("ps", "-a", "--address", socket()).succeed())
          .containsPattern("ended .*Exited \\(3\\) \\d+ seconds? ago");
    } finally {
      remove("ended");
    }
  }

  private Command attach(Object... words) {
    return Node.morsel("attach", "--address", socket(), List.of(words));
  }

  /** {@code morsel attach ID} on a terminal. */
  private Process attachOnTerminal(String id) throws IOException {
    return new ProcessBuilder("setsid", "script", "-qec", attach(id).toString(), "/dev/null")
        .redirectErrorStream(true)
        .start();
  }

  private static void type(Process process, String keys) throws IOException {
    process.getOutputStream().write(keys.getBytes(StandardCharsets.US_ASCII));
    process.getOutputStream().flush();
  }

  private static void awaitShown(Process process, String text) throws IOException {
    StringBuilder shown = new StringBuilder();
    while (shown.indexOf(text) < 0) {
      int next = process.getInputStream().read();
      assertThat(next).as("'%s' comes after: %s", text, shown).isNotNegative();
      shown.append((char) next);
    }
  }

  @Test
  void aTerminalIsLeftAndJoinedAgain() throws Exception {
    run("-d", "-it", "--name", "box", lazy, "sh").succeed();
    try {
      Process first = attachOnTerminal("box");
      try {
        // The prompt has waited in the FIFO.
        awaitShown(first, "#");
        type(first, "echo got-$((1+1))\r");
        awaitShown(first, "got-2");
        type(first, "\u0010\u0011");
        assertThat(first.waitFor()).isZero();
      } finally {
        Command.end(first);
      }
      assertThat(ctr("tasks", "ls").succeed()).containsPattern("box +\\d+ +RUNNING");
      Command.Result noTerminal = attach("box").run();
      assertThat(noTerminal.exitCode()).isEqualTo(1);
      assertThat(noTerminal.errors()).contains("'box': it has a terminal", "--no-stdin");
      Process second = attachOnTerminal("box");
      try {
        type(second, "exit 4\r");
        assertThat(second.waitFor()).isEqualTo(4);
      } finally {
        Command.end(second);
      }
    } finally {
      remove("box");
    }
    assertThat(left()).isEqualTo(NOTHING);
  }

  @Test
  void whatCtrHasStartedIsJoinedThroughItsFifos() throws Exception {
    // What is said before ctr ends, ctr itself prints.
    String script = "trap 'echo ended; exit 6' TERM; while :; do echo ready; sleep 0.05; done";
    ctr("run", "-d", "--snapshotter", "morsel", lazy, "theirs", "sh", "-c", script).succeed();
    try {
      Path out = directory().resolve("attached");
      Process attached = background(out, attach("theirs"));
      try {
        awaitText(out, "ready");
        signal(attached, "TERM");
        assertThat(attached.waitFor()).isEqualTo(6);
      } finally {
        Command.end(attached);
      }
      assertThat(read(out)).startsWith("ready\n").endsWith("\nended\n");
      Command.Result again = attach("theirs").run();
      assertThat(again.exitCode()).isEqualTo(1);
      assertThat(again.errors()).contains("container 'theirs' is not running");
    } finally {
      remove("theirs");
    }
  }

  /** FIFOs of a container below a directory in which each container's have one of their own. */
  private static List<Path> fifos(String parent, String id) throws IOException {
    try (Stream<Path> all = Files.walk(Path.of(parent))) {
      return all.filter(path -> path.getFileName().toString().startsWith(id + "-std")).toList();
    }
  }

  @Test
  void aRemovedContainerLeavesNoFifos() throws IOException {
    String id = "fifos-" + UUID.randomUUID();
    Command remove = Node.morsel("rm", "--force", "--address", socket(), id);
    run("-d", "-it", "--name", id, lazy, "sh").succeed();
    List<Path> ours = fifos("/run/morsel/fifo", id);
    remove.succeed();
    assertThat(ours).hasSize(2);
    assertThat(ours.getFirst().getParent()).doesNotExist();

    // One that has ended by itself, and one of another client.
    run("-d", "-t", "--name", id, lazy, "true").succeed();
    ours = fifos("/run/morsel/fifo", id);
    Await.until("it ends", Node.SOON, () -> ctr("tasks", "ls").succeed().contains("STOPPED"));
    remove.succeed();
    assertThat(ours).hasSize(1);
    assertThat(ours.getFirst().getParent()).doesNotExist();

    ctr("run", "-d", "--snapshotter", "morsel", lazy, id, "sleep", "1000").succeed();
    List<Path> theirs = fifos("/run/containerd/fifo", id);
    remove.succeed();
    assertThat(theirs).isNotEmpty();
    assertThat(theirs.getFirst().getParent()).doesNotExist();
    assertThat(left()).isEqualTo(NOTHING);
  }

  @Test
  void whatWritesToAFileIsNotJoined() throws IOException {
    run("-d", "--name", "logged", lazy, "sleep", "1000").succeed();
    try {
      Command.Result result = attach("logged").run();
      assertThat(result.exitCode()).isEqualTo(1);
      assertThat(result.errors()).contains("file:///", "'morsel logs -f logged' shows it");
    } finally {
      remove("logged");
      Files.deleteIfExists(Path.of("/var/lib/morsel/logs/default/logged.log"));
    }
  }

  @Test
  void whatFailsLeavesNothingAndSaysWhy() {
    List<String> said = new ArrayList<>();
    for (List<String> words :
        List.of(
            List.of(lazy, "nonesuch"),
            List.of("--user", "bob", lazy),
            List.of("--cap-add", "FLY", lazy),
            List.of("-v", "/nowhere:/mnt", lazy),
            List.of("--pull", "never", FIXTURE.reference("none:1")),
            List.of(FIXTURE.reference("none:1")),
            List.of("--snapshotter", "none", lazy),
            List.of("--runtime", "io.containerd.none.v1", lazy))) {
      Command.Result result = run("--name", "fails", words).run();
      assertThat(result.exitCode()).as("%s", words).isEqualTo(1);
      assertThat(result.text()).isEmpty();
      assertThat(result.errors()).startsWith("morsel: run: ").doesNotContain("Exception");
      said.add(result.errors());
      assertThat(left()).as("%s", words).isEqualTo(NOTHING);
    }
    assertThat(said.get(0)).contains("can't start container 'fails'", "\"nonesuch\": executable");
    assertThat(said.get(1)).contains("no user 'bob'");
    assertThat(said.get(2)).contains("no capability 'FLY'");
    assertThat(said.get(3)).contains("/nowhere");
    assertThat(said.get(4)).contains("is not there; pull it");
    assertThat(said.get(5)).contains("none");
    assertThat(said.get(6)).contains("none");
    assertThat(said.get(7)).contains("none");
  }
}
