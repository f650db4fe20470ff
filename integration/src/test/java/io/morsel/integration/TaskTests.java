package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import io.morsel.integration.TaskNode.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Containers on a Morsel core, run by Debian's ctr, shim and an OCI runtime: what ctr says is what
 * it says against containerd, and nothing is left behind.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class TaskTests {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  private static final String FOREVER = "while :; do sleep 1; done";

  /**
   * Has a process live on for a moment after what it says: Debian's shim and ctr lose the last
   * words of one that ends at once. On a busy machine every fifth run of {@code seq 40000} was cut
   * short, by containerd as by a core.
   */
  private static final String LINGER = "; sleep 1";

  /** What a core may hold more after many containers than after three: its caches, not theirs. */
  private static final long KEPT_BYTES = 2 << 20;

  private final TaskNode.Setting setting;
  private TaskNode containerd;
  private TaskNode core;

  /** The tests with this OCI runtime. */
  TaskTests(TaskNode.Setting setting) {
    this.setting = setting;
  }

  final TaskNode core() {
    return core;
  }

  /** Skips all of them where the machine can't run it. */
  abstract void assumePossible();

  @BeforeAll
  final void start() {
    assumePossible();
    containerd = TaskNode.containerd(setting);
    core = TaskNode.core(setting);
  }

  @AfterAll
  final void stop() {
    if (core == null || containerd == null) {
      return;
    }
    try (TaskNode _ = containerd;
        TaskNode _ = core) {
      assertThat(core).isNotNull();
    }
  }

  @AfterEach
  void nothingIsLeft() {
    for (String task : core.ctr("tasks", "ls", "-q").succeed().lines().toList()) {
      core.ctr("tasks", "rm", "-f", task).succeed();
    }
    for (TaskNode node : List.of(core, containerd)) {
      for (String task : node.ctr("tasks", "ls", "-q").succeed().lines().toList()) {
        node.ctr("tasks", "rm", "-f", task).succeed();
      }
      for (String container : node.ctr("containers", "ls", "-q").succeed().lines().toList()) {
        node.ctr("containers", "rm", container).succeed();
      }
    }
    core.awaitNothingLeft();
  }

  /** Runs one command on both nodes, and compares. */
  private Outcome same(Object... words) {
    Outcome expected = containerd.outcome(words);
    Outcome actual = core.outcome(words);
    assertThat(actual).as("ctr %s", List.of(words)).isEqualTo(expected);
    return actual;
  }

  private Outcome succeeds(Object... words) {
    Outcome outcome = same(words);
    assertThat(outcome.exitCode()).as("ctr %s: %s", List.of(words), outcome.errors()).isZero();
    return outcome;
  }

  private Outcome fails(Object... words) {
    Outcome outcome = same(words);
    assertThat(outcome.exitCode()).as("ctr %s: %s", List.of(words), outcome.out()).isNotZero();
    return outcome;
  }

  private static Object[] run(String id, String script, Object... options) {
    return new Object[] {
      "run", List.of(options), "--rootfs", "ROOTFS", id, "/bin/sh", "-c", script
    };
  }

  private void awaitStatus(String id, String status) {
    core.awaitStatus(id, status);
    containerd.awaitStatus(id, status);
  }

  @Test
  void containersRunAndTellHowTheyEnded() {
    assertThat(same(run("a", "echo out; echo err >&2" + LINGER + "; exit 5", "--rm")))
        .isEqualTo(new Outcome(5, "out", "err"));
    String shim = "/usr/bin/containerd-shim-runc-v2";
    assertThat(succeeds(run("a", "echo by path" + LINGER, "--rm", "--runtime", shim)).out())
        .isEqualTo("by path");
    succeeds(run("a", "echo nothing", "--rm", "--null-io"));
    succeeds(run("a", "cat /proc/self/oom_score_adj", "--rm", "--memory-limit", "100000000"));
  }

  @Test
  void whatCanNotStartSaysWhyAndLeavesNothing() {
    fails("run", "--rm", "--rootfs", "ROOTFS", "a", "/bin/none");
    fails("containers", "info", "a");
    fails(run("b", "true", "--rm", "--runtime", "io.containerd.none.v1"));
    fails(run("b", "true", "--rm", "--runc-binary", "/bin/none"));
    fails("tasks", "start", "none");
    fails("tasks", "ps", "none");
    fails("tasks", "kill", "none");
    fails("tasks", "exec", "--exec-id", "e", "none", "/bin/true");
  }

  /** A negative score needs CAP_SYS_RESOURCE, which not every machine's root has. */
  @Test
  void aPermissionThatIsMissingIsNamed() throws IOException {
    for (TaskNode node : List.of(core, containerd)) {
      String spec =
          node.ctr("oci", "spec")
              .succeed()
              .replace(
                  "\"process\": {",
                  "\"process\": {\"oomScoreAdj\": -999, \"args\": [\"/bin/true\"],")
              .replace("\"path\": \"rootfs\"", "\"path\": \"" + node.rootfs() + "\"");
      assertThat(spec).contains("oomScoreAdj", "rootfs");
      Files.writeString(node.directory().resolve("spec"), spec);
    }
    Outcome outcome = same("run", "--rm", "--null-io", "--config", "DIR/spec", "a");
    if (outcome.exitCode() != 0) {
      assertThat(outcome.errors())
          .contains("OCI runtime create failed")
          .doesNotContain("Exception");
    }
  }

  @Test
  void aTasksLife() throws IOException {
    succeeds(run("a", "echo started > /shared/a; " + FOREVER, "-d"));
    fails(run("a", "true", "-d"));
    succeeds("tasks", "ls");
    succeeds("tasks", "ps", "a");
    assertThat(
            succeeds(
                    List.of("tasks", "exec", "--exec-id", "e", "a"),
                    List.of("/bin/sh", "-c", "echo hello" + LINGER))
                .out())
        .isEqualTo("hello");
    assertThat(same("tasks", "exec", "--exec-id", "e", "a", "/bin/sh", "-c", "exit 3").exitCode())
        .isEqualTo(3);
    fails("tasks", "exec", "--exec-id", "e", "a", "/bin/none");
    fails("tasks", "exec", "--exec-id", "not!good", "a", "/bin/true");
    assertThat(core.ctr("tasks", "metrics", "a").succeed()).contains("memory.usage_in_bytes");
    assertThat(containerd.ctr("tasks", "metrics", "a").succeed()).contains("memory.usage_in_bytes");
    succeeds("tasks", "pause", "a");
    succeeds("tasks", "ls");
    fails("tasks", "pause", "a");
    succeeds("tasks", "resume", "a");
    succeeds("tasks", "ls");
    fails("tasks", "delete", "a");
    fails("containers", "rm", "a");
    fails("tasks", "start", "a");
    succeeds("tasks", "kill", "--signal", "SIGKILL", "a");
    awaitStatus("a", "STOPPED");
    succeeds("tasks", "ls");
    fails("tasks", "exec", "--exec-id", "e", "a", "/bin/true");
    fails("tasks", "kill", "a");
    assertThat(core.ctr("tasks", "delete", "a").run().errors()).contains("exit code 137");
    containerd.ctr("tasks", "delete", "a").succeed();
    fails("tasks", "delete", "a");
    fails("tasks", "ps", "a");
    succeeds("tasks", "start", "-d", "a");
    succeeds("tasks", "delete", "-f", "a");
    succeeds("containers", "rm", "a");
    assertThat(core.rootfs().resolve("shared/a")).hasContent("started");
  }

  @Test
  void aTasksOtherProcesses() throws IOException {
    succeeds(run("a", FOREVER, "-d"));
    String inside = "echo $(pwd) $(busybox id -u):$(busybox id -g)" + LINGER;
    assertThat(
            succeeds(
                    List.of("tasks", "exec", "--exec-id", "e", "--cwd", "/tmp", "--user", "7"),
                    List.of("a", "/bin/sh", "-c", inside))
                .out())
        .isEqualTo("/tmp 7:0");
    succeeds("tasks", "exec", "-d", "--exec-id", "f", "a", "/bin/sleep", "1000");
    fails("tasks", "exec", "--exec-id", "f", "a", "/bin/true");
    fails("tasks", "rm", "--exec-id", "f", "a");
    fails("tasks", "kill", "--exec-id", "none", "a");
    fails("tasks", "rm", "--exec-id", "none", "a");
    succeeds("tasks", "kill", "--exec-id", "f", "--signal", "SIGKILL", "a");
    for (TaskNode node : List.of(core, containerd)) {
      Await.until(
          "it has ended, and can be removed",
          Node.SOON,
          () -> node.ctr("tasks", "rm", "--exec-id", "f", "a").run().exitCode() == 137);
    }
    fails("tasks", "rm", "--exec-id", "f", "a");
    String log = "file://DIR/exec";
    succeeds("tasks", "exec", "--exec-id", "g", "--log-uri", log, "a", "/bin/echo", "logged");
    assertThat(core.directory().resolve("exec")).hasContent("logged");
    fails("tasks", "exec", "--exec-id", "h", "--log-uri", "binary://DIR/none", "a", "/bin/true");
    fails("tasks", "exec", "--exec-id", "", "a", "/bin/true");
    fails("tasks", "resume", "a");
    // To a task that is frozen everything else is refused, and a signal waits.
    succeeds("tasks", "pause", "a");
    fails("tasks", "exec", "--exec-id", "i", "a", "/bin/true");
    succeeds("tasks", "kill", "--signal", "SIGKILL", "a");
    for (TaskNode node : List.of(core, containerd)) {
      // Some runtimes wake it up themselves then.
      node.ctr("tasks", "resume", "a").run();
    }
    awaitStatus("a", "STOPPED");
    fails("tasks", "pause", "a");
    fails("tasks", "checkpoint", "a");
    fails("tasks", "metrics", "none");
    assertThat(succeeds("tasks", "delete", "a").errors()).contains("non-zero exit code");
  }

  @Test
  void aTaskIsAttachedTo() throws Exception {
    String script = "until [ -e /shared/go ]; do echo here; sleep 0.1; done; echo said; exit 4";
    for (TaskNode node : List.of(core, containerd)) {
      node.runDetached("a", script);
      Process attached = node.ctr("tasks", "attach", "a").start();
      try (Transcript transcript = Transcript.of(attached)) {
        transcript.await("here");
        Files.createFile(node.rootfs().resolve("shared/go"));
        transcript.await("said");
        assertThat(attached.waitFor()).isEqualTo(4);
      } finally {
        Command.end(attached);
        Files.deleteIfExists(node.rootfs().resolve("shared/go"));
      }
    }
  }

  @Test
  void aCheckpointThatIsNotPossibleSaysWhy() {
    core.runDetached("a", FOREVER);
    Outcome outcome = core.outcome("tasks", "checkpoint", "a");
    assertThat(outcome.exitCode()).isNotZero();
    assertThat(outcome.errors()).containsIgnoringCase("criu").doesNotContain("Exception");
    assertThat(core.status("a")).contains("RUNNING");
    assertThat(core.ctr("content", "ls", "-q").succeed()).isEmpty();
  }

  @Test
  void outputGoesToFilesAndPrograms() throws Exception {
    succeeds(run("a", "echo to a file", "--rm", "--log-uri", "file://DIR/out"));
    assertThat(core.directory().resolve("out")).hasContent("to a file");
    for (TaskNode node : List.of(core, containerd)) {
      Path program = node.directory().resolve("logger");
      Files.writeString(
          program,
          """
          #!/bin/sh
          # The shim ends it by this signal, whether it has read everything or not.
          trap '' TERM
          exec 5>&-
          cat <&3 > %1$s/logged.tmp
          echo "$CONTAINER_ID" >> %1$s/logged.tmp
          mv %1$s/logged.tmp %1$s/logged
          """
              .formatted(node.directory()));
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    }
    succeeds(run("b", "echo to a program", "--rm", "--log-uri", "binary://DIR/logger"));
    for (TaskNode node : List.of(core, containerd)) {
      Path logged = node.directory().resolve("logged");
      Await.until("the program has written", Node.SOON, () -> Files.exists(logged));
      assertThat(logged).hasContent("to a program\nb\n");
    }
    fails(run("c", "true", "--rm", "--log-uri", "binary://DIR/none"));
  }

  @Test
  void aTerminalIsUsedAndChangesItsSize() throws Exception {
    Path device = core.directory().resolve("device");
    String ctr =
        core.ctr(
                "run",
                "--rm",
                "-t",
                "--rootfs",
                "ROOTFS",
                "tty",
                "/bin/sh",
                "-c",
                "'stty -echo; echo ready; read line; echo got $line;"
                    + " while :; do stty size; sleep 0.1; done'")
            .toString();
    Process process =
        new ProcessBuilder(
                "script",
                "-qec",
                "stty rows 33 cols 77; tty > " + device + "; exec " + ctr,
                "/dev/null")
            .redirectErrorStream(true)
            .start();
    try (Transcript transcript = Transcript.of(process)) {
      transcript.await("ready");
      process.getOutputStream().write("hello\r".getBytes(java.nio.charset.StandardCharsets.UTF_8));
      process.getOutputStream().flush();
      transcript.await("got hello");
      transcript.await("33 77");
      Command.of("stty", "-F", Files.readString(device).strip(), "rows", "40", "cols", "100")
          .succeed();
      transcript.await("40 100");
      core.ctr("tasks", "kill", "--signal", "SIGKILL", "tty").succeed();
      assertThat(process.waitFor()).isEqualTo(137);
    } finally {
      Command.end(process);
    }
  }

  @Test
  void eventsAreTheSame() {
    List<String> expected = eventsOf(containerd);
    List<String> actual = eventsOf(core);
    assertThat(actual.stream().sorted().toList())
        .isEqualTo(expected.stream().sorted().toList())
        .hasSizeGreaterThan(12);
    assertThat(
            actual.stream()
                .filter(line -> line.contains("\"b\"") && line.contains("/tasks/"))
                .map(line -> line.replaceAll(".*(/tasks/[a-z]+) .*", "$1")))
        .containsExactly("/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete");
  }

  private static List<String> eventsOf(TaskNode node) {
    try (EventLog log = EventLog.of(node)) {
      node.runDetached("a", FOREVER);
      node.ctr("tasks", "exec", "--exec-id", "e", "a", "/bin/sh", "-c", "exit 3").run();
      node.ctr("tasks", "pause", "a").succeed();
      node.ctr("tasks", "resume", "a").succeed();
      node.ctr("tasks", "kill", "--signal", "SIGKILL", "a").succeed();
      node.awaitStatus("a", "STOPPED");
      node.ctr("tasks", "delete", "a").run();
      node.ctr("containers", "rm", "a").succeed();
      node.ctr(run("b", "exit 6", "--rm")).run();
      log.await(line -> line.contains("/containers/delete {\"id\":\"b\"}"));
      return log.lines().stream().map(node::normalized).toList();
    }
  }

  @Test
  void fiftyAtOnce() throws Exception {
    List<Future<Integer>> running;
    try (ExecutorService executor = Executors.newFixedThreadPool(50)) {
      running =
          IntStream.range(0, 50)
              .mapToObj(i -> executor.submit(() -> core.ctr(run("c" + i, "exit " + i, "--rm"))))
              .map(command -> executor.submit(() -> command.get().run().exitCode()))
              .toList();
    }
    for (int i = 0; i < running.size(); i++) {
      assertThat(running.get(i).get()).isEqualTo(i);
    }
  }

  @Test
  void oneAfterAnotherLeavesNothing() {
    int length = Integer.getInteger("morsel.sequence", 20);
    for (int i = 0; i < 3; i++) {
      once(i);
    }
    // First, since whom it is asked of opens a socket for that.
    long bytes = core.liveBytes();
    List<String> files = core.openFiles();
    List<String> threads = core.threads();
    for (int i = 0; i < length; i++) {
      once(i);
    }
    Await.until(
        "no files are left open",
        Node.SOON,
        () -> core.openFiles().size() <= files.size(),
        () -> core.openFiles() + " instead of " + files);
    // The virtual machine has some that come and go.
    Await.until(
        "no threads are left",
        Node.SOON,
        () -> core.threads().size() <= threads.size() + 4,
        () -> core.threads() + " instead of " + threads);
    assertThat(core.liveBytes()).isLessThan(bytes + KEPT_BYTES);
  }

  private void once(int i) {
    // Short ones, and many: whether the last words come through is the other tests' affair.
    Outcome outcome = core.outcome(run("s" + i, "echo hello", "--rm"));
    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.errors()).isEmpty();
    assertThat(outcome.out()).isIn("hello", "");
    core.awaitNothingLeft();
  }

  @Test
  void aDeadShimsTaskIsCleanedUpAndToldOfOnce() {
    try (EventLog log = EventLog.of(core)) {
      core.runDetached("a", FOREVER);
      ProcessHandle task = ProcessHandle.of(core.pid("a")).orElseThrow();
      core.shim("a").destroyForcibly();
      log.await(line -> line.contains("/tasks/delete"));
      Await.until("its process has ended", Node.SOON, () -> !task.isAlive());
      assertThat(log.lines())
          .filteredOn(line -> line.contains("/tasks/exit"))
          .singleElement()
          .asString()
          .contains("\"exit_status\":137");
      assertThat(core.status("a")).isEmpty();
      assertThat(core.leftovers()).isEmpty();
      core.ctr("tasks", "start", "-d", "a").succeed();
      core.awaitStatus("a", "RUNNING");
    }
  }

  @Test
  void aLazyImageRuns() {
    String image = FIXTURE.reference("busybox:1");
    Images.pushWithData(FIXTURE.work(), image, 1_000);
    String lazy = FIXTURE.convert(image, FIXTURE.reference("busybox:lazy"));
    Command.of(
            "ctr-remote",
            "--address",
            core.daemon().socket(),
            "--namespace",
            core.namespace(),
            "images",
            "rpull",
            "--plain-http",
            "--snapshotter",
            "morsel",
            lazy)
        .succeed();
    assertThat(
            core.ctr(
                    "run",
                    "--rm",
                    "--snapshotter",
                    "morsel",
                    lazy,
                    "lazy",
                    "/bin/sh",
                    "-c",
                    "stat -c %s /data/file-0")
                .succeed()
                .strip())
        .isEqualTo("1000");
    core.ctr("images", "rm", "--sync", lazy).succeed();
  }
}
