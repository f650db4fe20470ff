package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.CgroupView;
import io.morsel.bench.host.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Containers where there are cgroups of version 1, of version 2, and as this machine has them.
 * Those of version 2 have few controllers on a machine that gives them to version 1, so that no
 * limits are set here.
 */
class CgroupsIT {
  private static final String WAITS = "echo $$ > /shared/pid; while :; do sleep 0.2; done";

  private static TaskNode start(CgroupView view) {
    assumeTrue(view.isPossible(), () -> "this machine can't show " + view);
    return TaskNode.core(new TaskNode.Setting("runc", view, false));
  }

  private static JsonNode stats(TaskNode node, String id) {
    return JsonMapper.shared()
        .readTree(
            Node.morsel("stats", "--no-stream", "--json", "--address", node.socket())
                .with("CONTAINERD_NAMESPACE", node.namespace())
                .succeed())
        .valueStream()
        .filter(each -> each.path("id").asString().equals(id))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @EnumSource
  void aContainersLife(CgroupView view) {
    try (TaskNode node = start(view)) {
      node.ctr("run", "-d", "--null-io", "--config", node.spec("a", WAITS, _ -> {}), "a").succeed();
      String cgroups =
          node.ctr("tasks", "exec", "--exec-id", "e", "a", "/bin/cat", "/proc/self/cgroup")
              .succeed();
      String own = "/" + node.namespace() + "/a";
      if (view == CgroupView.V1) {
        assertThat(cgroups).contains(":memory:" + own + "\n").contains("0::/\n");
      } else if (view == CgroupView.V2) {
        assertThat(cgroups).contains("0::" + own + "\n").doesNotContain(":memory:" + own);
      }
      assertThat(node.leftovers()).anyMatch(left -> left.startsWith("/sys/fs/cgroup/"));
      // A frozen process gets no further.
      node.ctr("tasks", "pause", "a").succeed();
      assertThat(node.status("a")).contains("PAUSED");
      node.ctr("tasks", "resume", "a").succeed();
      assertThat(node.ctr("tasks", "ps", "a").succeed()).contains(Long.toString(node.pid("a")));
      assertThat(node.ctr("tasks", "metrics", "a").succeed()).contains("pids.current");
      assertThat(stats(node, "a").path("memory_bytes").isNumber()).isTrue();
      node.daemon().kill();
      node.restart();
      assertThat(node.status("a")).contains("RUNNING");
      node.ctr("tasks", "kill", "--signal", "SIGKILL", "a").succeed();
      node.awaitStatus("a", "STOPPED");
      assertThat(node.ctr("tasks", "delete", "a").run().errors()).contains("exit code 137");
      node.ctr("containers", "rm", "a").succeed();
      node.awaitNothingLeft();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aDeadShimsCgroupIsRemoved(CgroupView view) {
    try (TaskNode node = start(view)) {
      node.ctr("run", "-d", "--null-io", "--config", node.spec("a", WAITS, _ -> {}), "a").succeed();
      node.shim("a").destroyForcibly();
      node.awaitNothingLeft();
      assertThat(node.status("a")).isEmpty();
    }
  }

  /** runc has made the cgroup, and the core dies with it: nobody but the next core knows of it. */
  @ParameterizedTest
  @EnumSource
  void aCgroupOfAKilledCreationIsRemoved(CgroupView view) throws IOException {
    try (TaskNode node = start(view)) {
      Path pid = node.rootfs().resolve("shared/hook");
      Path spec =
          node.specWithHook(
              "a", "echo $$ > %1$s.new; mv %1$s.new %1$s; exec sleep 1000".formatted(pid));
      Process client = node.ctr("run", "--null-io", "--config", spec, "a").start();
      try {
        Await.until("runc waits for the hook", Node.SOON, () -> Files.exists(pid));
        assertThat(node.leftovers()).anyMatch(left -> left.startsWith("/sys/fs/cgroup/"));
        node.daemon().kill();
      } finally {
        Command.end(client);
        Command.of("kill", "-9", Files.readString(pid).strip()).succeed();
      }
      node.restart();
      node.awaitNothingLeft();
    }
  }
}
