package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Containers that are started again, and what is known of those that have ended. */
class RestartIT {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  private static final int INTERVAL_MILLIS = 200;
  private static final String STATUS = "containerd.io/restart.status=running";

  /** Says that it runs. */
  private static final String RUNS = "echo run >> /shared/%1$s; ";

  private static final String FOREVER = "while :; do sleep 0.1; done";

  private static String image = "";
  private static TaskNode core;

  @BeforeAll
  static void start() {
    image = FIXTURE.reference("restart:1");
    RunImages.push(FIXTURE.work(), image, 1_000);
    core =
        TaskNode.core(
            TaskNode.Setting.DEFAULT.with(
                "[core]\nrestart_interval_millis = %d\n".formatted(INTERVAL_MILLIS)));
    succeeds("pull", "--quiet", image);
  }

  @AfterEach
  void removeContainers() {
    for (String id : succeeds("ps", "-aq").lines().toList()) {
      succeeds("rm", "-f", id);
    }
    core.awaitNothingLeft();
  }

  @AfterAll
  static void stop() {
    if (core != null) {
      core.close();
    }
  }

  private static Command morsel(Object... words) {
    return Node.morsel(List.of(words))
        .with("CONTAINERD_ADDRESS", core.socket())
        .with("CONTAINERD_NAMESPACE", core.namespace());
  }

  private static String succeeds(Object... words) {
    return morsel(words).succeed();
  }

  /**
   * {@code morsel run -d --restart POLICY} of a container that shares a directory with the test.
   */
  private static void run(String id, String policy, String script, Object... options) {
    succeeds(
        "run",
        "-d",
        "--name",
        id,
        "--restart",
        policy,
        "-v",
        core.rootfs().resolve("shared") + ":/shared",
        List.of(options),
        image,
        "sh",
        "-c",
        script);
  }

  private static long runs(String id) {
    Path file = core.rootfs().resolve("shared").resolve(id);
    try {
      return Files.exists(file) ? Files.readAllLines(file).size() : 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void awaitRuns(String id, int count) {
    Await.until(id + " has run " + count + " times", Node.SOON, () -> runs(id) >= count);
  }

  private static JsonNode listed(String id) {
    for (JsonNode each : JsonMapper.shared().readTree(succeeds("ps", "-a", "--json"))) {
      if (each.path("id").asString().equals(id)) {
        return each;
      }
    }
    throw new AssertionError("no container " + id);
  }

  private static String label(String id, String name) {
    return listed(id).path("labels").path("containerd.io/restart." + name).asString("");
  }

  private static void awaitStatus(String id, String status) {
    Await.until(
        id + " is " + status, Node.SOON, () -> listed(id).path("status").asString().equals(status));
  }

  /**
   * Waits until the monitor has looked at all containers and has done what there was to do: one
   * that is made now is started by it, and by nobody else.
   */
  private static void awaitMonitor() {
    for (String id : List.of("probe-1", "probe-2")) {
      core.ctr(
              "containers",
              "create",
              "--label",
              STATUS,
              "--rootfs",
              "ROOTFS",
              id,
              "/bin/sleep",
              "1000")
          .succeed();
      core.awaitStatus(id, "RUNNING");
      succeeds("rm", "-f", id);
    }
  }

  @Test
  void aContainerThatEndsIsStartedAgain() {
    run("again", "always", RUNS.formatted("again") + "echo said; sleep 0.1");
    awaitRuns("again", 3);
    assertThat(Integer.parseInt(label("again", "count"))).isGreaterThanOrEqualTo(2);
    assertThat(succeeds("logs", "again").lines().count()).isGreaterThanOrEqualTo(2);
    assertThat(succeeds("logs", "again").lines()).containsOnly("said");
    assertThat(core.ctr("plugins", "ls", "-d", "id==restart").succeed())
        .contains("io.containerd.internal.v1", "unless-stopped");
  }

  @Test
  void onFailureGivesUp() {
    run("fails", "on-failure:2", RUNS.formatted("fails") + "exit 9");
    run("succeeds", "on-failure", RUNS.formatted("succeeds") + "exit 0");
    awaitRuns("fails", 3);
    awaitStatus("fails", "exited");
    awaitMonitor();
    assertThat(runs("fails")).isEqualTo(3);
    assertThat(runs("succeeds")).isEqualTo(1);
    assertThat(label("fails", "count")).isEqualTo("2");
    assertThat(listed("fails").path("exit_code").asInt()).isEqualTo(9);
    // It counts also when nobody but the core knows any more.
    core.ctr("tasks", "delete", "succeeds").succeed();
    awaitMonitor();
    assertThat(runs("succeeds")).isEqualTo(1);
    core.ctr("containers", "label", "fails", "containerd.io/restart.policy=on-failure:3").succeed();
    awaitRuns("fails", 4);
  }

  @Test
  void whatWasStoppedStaysSo() {
    for (String policy : List.of("always", "unless-stopped", "on-failure")) {
      run(policy, policy, RUNS.formatted(policy) + "trap 'exit 3' USR1; " + FOREVER);
      awaitRuns(policy, 1);
    }
    succeeds("stop", "always", "unless-stopped");
    succeeds("kill", "on-failure");
    awaitStatus("on-failure", "exited");
    awaitMonitor();
    for (String policy : List.of("always", "unless-stopped", "on-failure")) {
      assertThat(runs(policy)).isEqualTo(1);
      assertThat(label(policy, "explicitly-stopped")).isEqualTo("true");
    }
    assertThat(listed("always").path("exit_code").asInt()).isEqualTo(3);
    // A signal that asks for something else does not count.
    run("reloads", "always", RUNS.formatted("reloads") + "trap 'exit 3' HUP; " + FOREVER);
    awaitRuns("reloads", 1);
    succeeds("kill", "-s", "HUP", "reloads");
    awaitRuns("reloads", 2);
  }

  @Test
  void itGoesOnOverTheCoresRestart() {
    run("ends", "always", RUNS.formatted("ends") + "until [ -e /shared/end ]; do sleep 0.1; done");
    run("lost", "unless-stopped", RUNS.formatted("lost") + FOREVER);
    run("stopped", "always", RUNS.formatted("stopped") + FOREVER);
    awaitRuns("ends", 1);
    awaitRuns("lost", 1);
    awaitRuns("stopped", 1);
    succeeds("stop", "-t", "0", "stopped");
    ProcessHandle lost = core.shim("lost");
    ProcessHandle ending = ProcessHandle.of(core.pid("ends")).orElseThrow();
    core.daemon().kill();
    lost.destroyForcibly();
    Path end = core.rootfs().resolve("shared/end");
    try {
      Files.createFile(end);
      Await.until("it has ended", Node.SOON, () -> !ending.isAlive() && !lost.isAlive());
      Files.delete(end);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    core.restart();
    awaitRuns("ends", 2);
    awaitRuns("lost", 2);
    awaitMonitor();
    assertThat(runs("stopped")).isEqualTo(1);
    assertThat(listed("stopped").path("status").asString()).isEqualTo("exited");
  }

  /** What containerd's own clients set, and what they find. */
  @Test
  void labelsAreContainerds() {
    Path log = core.directory().resolve("label.log");
    core.runDetached(
        "labelled",
        RUNS.formatted("labelled") + "echo out; echo err >&2; " + FOREVER,
        "--label",
        "containerd.io/restart.loguri=file://" + log);
    core.runDetached("plain", RUNS.formatted("plain"));
    awaitRuns("labelled", 1);
    core.ctr("containers", "label", "labelled", STATUS).succeed();
    core.ctr("tasks", "kill", "-s", "KILL", "labelled").succeed();
    awaitRuns("labelled", 2);
    Await.until(
        "its output is kept",
        Node.SOON,
        () -> RunTests.read(log).lines().sorted().toList().equals(List.of("err", "out")));
    assertThat(label("labelled", "count")).isEqualTo("1");
    core.ctr("containers", "label", "labelled", "containerd.io/restart.status=stopped").succeed();
    Await.until("it is ended", Node.SOON, () -> core.status("labelled").isEmpty());
    awaitMonitor();
    assertThat(runs("labelled")).isEqualTo(2);
    assertThat(runs("plain")).isEqualTo(1);
    assertThat(listed("labelled").path("exit_code").asInt()).isEqualTo(137);
  }

  @Test
  void howAContainerEndedIsKnownAlsoWithoutItsTask() throws IOException {
    assertThat(morsel("run", "--name", "ended", image, "sh", "-c", "exit 3").run().exitCode())
        .isEqualTo(3);
    assertThat(core.status("ended")).isEmpty();
    assertThat(succeeds("ps", "-a")).containsPattern("ended .*Exited \\(3\\) \\d+ seconds? ago");
    assertThat(succeeds("ps", "-aq", "-f", "status=exited")).isEqualTo("ended\n");
    JsonNode inspected = JsonMapper.shared().readTree(succeeds("inspect", "container", "ended"));
    assertThat(inspected.path("status").asString()).isEqualTo("exited");
    assertThat(inspected.path("exit_code").asInt()).isEqualTo(3);
    assertThat(inspected.path("exited").asString()).startsWith("20");

    // With its shim, while no core runs.
    core.runDetached("killed", "exit 5");
    core.awaitStatus("killed", "STOPPED");
    core.runDetached("lost", FOREVER);
    List<ProcessHandle> shims = List.of(core.shim("killed"), core.shim("lost"));
    core.daemon().kill();
    shims.forEach(ProcessHandle::destroyForcibly);
    Await.until(
        "the shims are dead", Node.SOON, () -> shims.stream().noneMatch(ProcessHandle::isAlive));
    core.restart();
    assertThat(core.status("killed")).isEmpty();
    assertThat(succeeds("ps", "-a"))
        .containsPattern("ended .*Exited \\(3\\)")
        .containsPattern("killed .*Exited \\(5\\) ")
        .containsPattern("lost .*Exited \\(137\\) ");
    // It runs again, and is none that has ended.
    core.ctr("tasks", "start", "-d", "lost").succeed();
    assertThat(listed("lost").path("status").asString()).isEqualTo("running");
    assertThat(listed("lost").has("exit_code")).isFalse();
  }

  /** containerd 1.6 knows no policies, and starts everything again every 10 s. */
  @Test
  void containerdDoesWhatItCan() {
    try (TaskNode containerd = TaskNode.containerd()) {
      Command unknown = onContainerd(containerd, "--restart", "unless-stopped", image);
      assertThat(unknown.run().errors())
          .contains("does not know the restart policy 'unless-stopped', only no, always");
      onContainerd(containerd, "--restart", "always", "--name", "c", image, "sh", "-c", FOREVER)
          .succeed();
      containerd.ctr("tasks", "kill", "-s", "KILL", "c").succeed();
      containerd.awaitStatus("c", "STOPPED");
      containerd.awaitStatus("c", "RUNNING");
      List.of("stop", "rm")
          .forEach(
              command ->
                  Node.morsel(command, "c")
                      .with("CONTAINERD_ADDRESS", containerd.socket())
                      .with("CONTAINERD_NAMESPACE", containerd.namespace())
                      .succeed());
    }
  }

  private static Command onContainerd(TaskNode containerd, Object... words) {
    return Node.morsel("run", "-d", "--snapshotter", "overlayfs", List.of(words))
        .with("CONTAINERD_ADDRESS", containerd.socket())
        .with("CONTAINERD_NAMESPACE", containerd.namespace());
  }
}
