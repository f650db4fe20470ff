package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Containers that share one shim, as those of a pod do: {@code containerd-shim-runc-v2 start}
 * answers with the address of the shim that serves the group named by an annotation.
 */
class CorePodIT {
  private static final String GROUP = "io.containerd.runc.v2.group";
  private static final String FOREVER = "trap 'exit 4' TERM; while :; do sleep 0.1; done";

  private TaskNode node;

  @BeforeEach
  void start() {
    node = TaskNode.core();
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private void run(String id, String script, String annotation, String group) {
    var spec =
        node.spec(id, script, changes -> changes.withObject("/annotations").put(annotation, group));
    node.ctr("run", "-d", "--null-io", "--config", spec, id).succeed();
  }

  private void runPod(String... ids) {
    for (String id : ids) {
      run(id, FOREVER, GROUP, "pod");
    }
    assertThat(node.shims()).hasSize(1);
  }

  private List<String> tasks() {
    return node.ctr("tasks", "ls", "-q").succeed().lines().sorted().toList();
  }

  private String exec(String id) {
    return node.ctr("tasks", "exec", "--exec-id", "e", id, "/bin/echo", id).succeed().strip();
  }

  private void end(String id) {
    node.ctr("tasks", "kill", "--signal", "SIGTERM", id).succeed();
    node.awaitStatus(id, "STOPPED");
    assertThat(node.ctr("tasks", "delete", id).run().errors()).contains("exit code 4");
  }

  /** The first is the one whose bundle the shim works in. */
  @ParameterizedTest
  @ValueSource(strings = {"a", "b"})
  void oneEndsAndTheOtherGoesOn(String first) {
    String second = first.equals("a") ? "b" : "a";
    try (EventLog log = EventLog.of(node)) {
      runPod("a", "b");
      end(first);
      assertThat(tasks()).containsExactly(second);
      assertThat(exec(second)).isEqualTo(second);
      run("c", FOREVER, GROUP, "pod");
      assertThat(node.shims()).hasSize(1);
      end(second);
      assertThat(exec("c")).isEqualTo("c");
      end("c");
      node.awaitNothingLeft();
      log.await(line -> line.contains("/tasks/delete {\"container_id\":\"c\""));
      assertThat(log.lines())
          .filteredOn(line -> line.contains("/tasks/exit") && !line.contains("\"id\":\"e\""))
          .hasSize(3)
          .allMatch(line -> line.contains("\"exit_status\":4"));
    }
  }

  @Test
  void theCoreFindsAllAgain() {
    runPod("a", "b");
    node.daemon().kill();
    node.restart();
    assertThat(tasks()).containsExactly("a", "b");
    assertThat(node.shims()).hasSize(1);
    assertThat(exec("a")).isEqualTo("a");
    end("a");
    assertThat(exec("b")).isEqualTo("b");
    node.daemon().kill();
    node.restart();
    assertThat(tasks()).containsExactly("b");
    end("b");
    node.awaitNothingLeft();
  }

  @Test
  void allOfADeadShimAreCleanedUpAndToldOfOnce() {
    try (EventLog log = EventLog.of(node)) {
      runPod("a", "b");
      node.shims().getFirst().destroyForcibly();
      Await.until("both are gone", Node.SOON, () -> tasks().isEmpty(), this::tasks);
      node.awaitNothingLeft();
      for (String id : List.of("a", "b")) {
        log.await(line -> line.contains("/tasks/delete {\"container_id\":\"" + id + "\""));
        assertThat(log.lines())
            .filteredOn(
                line -> line.contains("/tasks/exit") && line.contains("\"id\":\"" + id + "\""))
            .singleElement()
            .asString()
            .contains("\"exit_status\":137");
      }
      node.ctr("containers", "rm", "a", "b").succeed();
      runPod("a", "b");
    }
  }

  @Test
  void aShimThatDiesWithItsPodWhileNoCoreRunsIsCleanedUpAfter() {
    runPod("a", "b");
    ProcessHandle shim = node.shims().getFirst();
    node.daemon().kill();
    shim.destroyForcibly();
    Await.until("the shim is dead", Node.SOON, () -> !shim.isAlive());
    node.restart();
    assertThat(tasks()).isEmpty();
    node.awaitNothingLeft();
  }

  /** Members that can't start, or that were half made, take nobody with them. */
  @Test
  void oneThatCanNotStartHarmsNoOther() {
    runPod("a");
    var spec =
        node.spec(
            "bad",
            "true",
            changes -> {
              changes.withObject("/annotations").put(GROUP, "pod");
              changes.withObject("/process").putArray("args").add("/bin/none");
            });
    assertThat(node.ctr("run", "-d", "--null-io", "--config", spec, "bad").run().exitCode())
        .isNotZero();
    assertThat(tasks()).containsExactly("a");
    assertThat(exec("a")).isEqualTo("a");
    end("a");
    node.awaitNothingLeft();
  }

  @Test
  void sandboxesGroupAsKubernetesHasThem() {
    run("sandbox", FOREVER, "io.kubernetes.cri.sandbox-id", "sandbox");
    run("member", FOREVER, "io.kubernetes.cri.sandbox-id", "sandbox");
    run("other", FOREVER, "io.kubernetes.cri.sandbox-id", "other");
    assertThat(node.shims()).hasSize(2);
    for (String id : List.of("member", "sandbox", "other")) {
      end(id);
    }
    node.awaitNothingLeft();
  }
}
