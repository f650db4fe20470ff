package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Containers outlive the core: nothing of theirs is lost, and every exit is told once. */
class CoreRestartIT {
  private static final String WRITE = "while :; do echo x >> /shared/%s; sleep 0.1; done";
  private static final String UNTIL = "until [ -e /shared/%s ]; do sleep 0.1; done; ";

  private TaskNode node;

  /** How a core ends. */
  enum End {
    KILLED {
      @Override
      void apply(TaskNode node) {
        node.daemon().kill();
      }
    },
    STOPPED {
      @Override
      void apply(TaskNode node) {
        node.daemon().close();
      }
    };

    abstract void apply(TaskNode node);
  }

  @BeforeEach
  void start() {
    // Some of its ends are in the middle of that.
    node = TaskNode.core(TaskNode.Setting.DEFAULT.withWarmUp());
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private Path shared(String name) {
    return node.rootfs().resolve("shared").resolve(name);
  }

  private long written(String name) {
    try {
      return Files.exists(shared(name)) ? Files.size(shared(name)) : 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void awaitWriting(String name) {
    long before = written(name);
    Await.until(name + " is written to", Node.SOON, () -> written(name) > before);
  }

  private void tell(String name) throws IOException {
    Files.createFile(shared(name));
  }

  private static long exits(EventLog log, String id, int status) {
    return log.lines().stream()
        .filter(line -> line.contains("/tasks/exit") && line.contains("\"id\":\"" + id + "\""))
        .filter(line -> line.contains("\"exit_status\":" + status))
        .count();
  }

  @ParameterizedTest
  @EnumSource
  void containersGoOn(End end) throws Exception {
    try (EventLog log = EventLog.of(node)) {
      node.runDetached("writes", WRITE.formatted("writes"));
      node.runDetached("before", UNTIL.formatted("end-before") + "exit 7", "--null-io");
      node.runDetached("meanwhile", UNTIL.formatted("end-meanwhile") + "exit 8", "--null-io");
      node.runDetached("after", UNTIL.formatted("end-after") + "exit 9", "--null-io");
      String exec = "echo up > /shared/exec; " + UNTIL.formatted("end-exec") + "exit 6";
      node.ctr("tasks", "exec", "-d", "--exec-id", "e", "writes", "/bin/sh", "-c", exec).succeed();
      Await.until("the exec runs", Node.SOON, () -> written("exec") > 0);
      tell("end-before");
      node.awaitStatus("before", "STOPPED");
      log.await(line -> line.contains("/tasks/exit"));
      List<Long> pids = List.of(node.pid("writes"), node.pid("after"));
      ProcessHandle ending = ProcessHandle.of(node.pid("meanwhile")).orElseThrow();
      Process waiting = node.ctr("tasks", "attach", "after").start();
      try {
        end.apply(node);
      } finally {
        Command.end(waiting);
      }
      awaitWriting("writes");
      tell("end-meanwhile");
      tell("end-exec");
      Await.until("one has ended", Node.SOON, () -> !ending.isAlive());
      node.restart();
      assertThat(node.status("writes")).contains("RUNNING");
      assertThat(node.status("before")).contains("STOPPED");
      assertThat(node.status("meanwhile")).contains("STOPPED");
      assertThat(node.status("after")).contains("RUNNING");
      assertThat(List.of(node.pid("writes"), node.pid("after"))).isEqualTo(pids);
      awaitWriting("writes");
      assertThat(
              node.ctr("tasks", "exec", "--exec-id", "f", "writes", "/bin/echo", "again").succeed())
          .isEqualTo("again\n");
      log.await(line -> line.contains("\"id\":\"meanwhile\"") && line.contains("/tasks/exit"));
      log.await(line -> line.contains("\"id\":\"e\"") && line.contains("/tasks/exit"));
      tell("end-after");
      node.awaitStatus("after", "STOPPED");
      assertThat(node.ctr("tasks", "delete", "before").run().errors()).contains("exit code 7");
      assertThat(node.ctr("tasks", "delete", "meanwhile").run().errors()).contains("exit code 8");
      assertThat(node.ctr("tasks", "delete", "after").run().errors()).contains("exit code 9");
      node.ctr("tasks", "delete", "-f", "writes").succeed();
      log.await(line -> line.contains("/tasks/delete {\"container_id\":\"writes\""));
      assertThat(exits(log, "before", 7)).isEqualTo(1);
      assertThat(exits(log, "meanwhile", 8)).isEqualTo(1);
      assertThat(exits(log, "after", 9)).isEqualTo(1);
      assertThat(exits(log, "e", 6)).isEqualTo(1);
      assertThat(exits(log, "writes", 137)).isEqualTo(1);
      assertThat(log.lines()).filteredOn(line -> line.contains("/tasks/exit")).hasSize(6);
      node.awaitNothingLeft();
      assertThat(node.ctr("containers", "ls", "-q").succeed().lines()).hasSize(4);
    }
  }

  @Test
  void aShimThatDiesMeanwhileIsCleanedUpAfter() {
    try (EventLog log = EventLog.of(node)) {
      node.runDetached("a", WRITE.formatted("a"));
      awaitWriting("a");
      ProcessHandle task = ProcessHandle.of(node.pid("a")).orElseThrow();
      ProcessHandle shim = node.shim("a");
      node.daemon().kill();
      shim.destroyForcibly();
      Await.until("the shim is dead", Node.SOON, () -> !shim.isAlive());
      node.restart();
      assertThat(node.status("a")).isEmpty();
      assertThat(node.leftovers()).isEmpty();
      Await.until("its process has ended", Node.SOON, () -> !task.isAlive());
      log.await(line -> line.contains("/tasks/delete"));
      assertThat(exits(log, "a", 137)).isEqualTo(1);
      node.ctr("tasks", "start", "-d", "a").succeed();
      awaitWriting("a");
    }
  }

  @Test
  void killedWhileItWorksItLeavesNothingHalfDone() throws Exception {
    Process busy =
        Command.of(
                "sh",
                "-c",
                "i=0; while [ -e "
                    + node.rootfs()
                    + " ]; do i=$((i+1)); "
                    + node.ctr("run", "--rm", "--null-io", "--rootfs", "ROOTFS", "r$i", "/bin/true")
                    + " > /dev/null 2>&1; done")
            .start();
    try {
      for (int round = 0; round < 2; round++) {
        Await.until("it is busy", Node.SOON, () -> !node.shims().isEmpty());
        node.daemon().kill();
        node.restart();
      }
    } finally {
      Command.end(busy);
    }
    // Those that were under way: whole, and so to be deleted.
    for (String task : node.ctr("tasks", "ls", "-q").succeed().lines().toList()) {
      node.ctr("tasks", "delete", "-f", task).succeed();
    }
    node.awaitNothingLeft();
  }

  /** runc has made the container's cgroup and has not yet written down that there is one. */
  @Test
  void killedWhileRuncCreatesItLeavesNothing() {
    Path spec = node.specWithHook("a", "echo $$ > " + shared("pid") + "; exec sleep 1000");
    Process client = node.ctr("run", "--null-io", "--config", spec, "a").start();
    try {
      Await.until("runc waits for the hook", Node.SOON, () -> written("pid") > 0);
      assertThat(node.leftovers()).anyMatch(left -> left.startsWith("/sys/fs/cgroup/"));
      node.daemon().kill();
    } finally {
      Command.end(client);
      Command.of("sh", "-c", "kill -9 $(cat " + shared("pid") + ")").succeed();
    }
    node.restart();
    assertThat(node.ctr("tasks", "ls", "-q").succeed()).isEmpty();
    node.awaitNothingLeft();
    node.ctr("containers", "rm", "a").succeed();
    node.runDetached("a", WRITE.formatted("a"));
    awaitWriting("a");
  }

  /**
   * The core ends at any moment of a task's creation; the next one finds it whole or not at all.
   */
  @Test
  void killedWhileItCreatesItLeavesNothing() throws Exception {
    long seed = Long.getLong("morsel.seed", System.nanoTime());
    Random random = new Random(seed);
    for (int round = 0; round < Integer.getInteger("morsel.kills", 8); round++) {
      List<Process> clients = new ArrayList<>();
      try {
        for (int i = 0; i < 3; i++) {
          String id = "r" + round + "-" + i;
          clients.add(node.ctr("run", "--null-io", "--rootfs", "ROOTFS", id, "/bin/true").start());
        }
        Await.until("a bundle is made", Node.SOON, () -> !node.leftovers().isEmpty());
        // Not for anything to happen: it is the moment that is drawn.
        Thread.sleep(random.nextInt(250));
        node.daemon().kill();
      } finally {
        clients.forEach(Command::end);
      }
      node.restart();
      List<String> tasks = node.ctr("tasks", "ls", "-q").succeed().lines().toList();
      for (String task : tasks) {
        node.ctr("tasks", "delete", "-f", task).run();
      }
      Await.until(
          "nothing is left of round " + round + " of seed " + seed + ", which left " + tasks,
          Node.SOON,
          () -> node.leftovers().isEmpty(),
          node::leftovers);
    }
  }
}
