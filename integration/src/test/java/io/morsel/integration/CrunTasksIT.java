package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.morsel.bench.host.CgroupView;
import io.morsel.bench.host.Command;
import org.junit.jupiter.api.Test;

/**
 * The tests of tasks with Debian's crun: nothing in a core knows runc. crun refuses hybrid
 * hierarchies, and of version 2 it needs CAP_SYS_RESOURCE, so that it gets to see version 1 alone.
 */
class CrunTasksIT extends TaskTests {
  CrunTasksIT() {
    super(new TaskNode.Setting("crun", CgroupView.V1, true));
  }

  @Override
  void assumePossible() {
    assumeTrue(CgroupView.V1.isPossible(), "this machine has no hierarchies of version 1");
  }

  @Test
  void itIsCrunThatAnswers() {
    Command.Result result = core().ctr("run", "--rm", "--rootfs", "ROOTFS", "a", "/bin/none").run();
    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.errors())
        .contains("OCI runtime create failed", "executable file `/bin/none` not found");
  }
}
