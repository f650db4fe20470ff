package io.morsel.shim;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a core that was killed leaves of a container that was never whole. */
@Timeout(60)
final class LeftoversTest {
  @TempDir private Path directory;

  private Bundle bundle(String id) throws ShimException {
    return Bundle.create(
        directory.resolve("state"),
        directory.resolve("root"),
        "ns",
        id,
        "{\"linux\":{\"cgroupsPath\":\"/ns/a\"}}".getBytes(StandardCharsets.UTF_8));
  }

  private static Process sleep(Path program, Path directory) throws Exception {
    return new ProcessBuilder(program.toString(), "1000").directory(directory.toFile()).start();
  }

  @Test
  void onlyTheBundlesOwnProgramIsEnded() throws Exception {
    Path real = Path.of("/bin/sleep").toRealPath();
    Path program = Files.copy(real, directory.resolve("sleep"));
    Bundle a = bundle("a");
    Bundle b = bundle("b");
    List<Process> others = List.of(sleep(program, b.path()), sleep(real, a.path()));
    Process left = sleep(program, a.path());
    try {
      // Before its exec, a new process is this one's.
      while (!Files.isSameFile(Path.of("/proc/" + left.pid() + "/exe"), program)) {
        Thread.onSpinWait();
      }
      Leftovers.kill(a, program);
      assertThat(left.waitFor()).isEqualTo(137);
      assertThat(others).allMatch(Process::isAlive);
    } finally {
      left.destroyForcibly();
      others.forEach(Process::destroyForcibly);
    }
  }

  @Test
  void cgroupsAreBelowTheHierarchies() throws Exception {
    String mountinfo =
        """
        30 23 0:26 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755
        31 30 0:27 / /sys/fs/cgroup/pids rw,nosuid shared:10 - cgroup cgroup rw,pids
        32 30 0:28 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw
        """;
    List<Path> hierarchies = Mounts.ofCgroups(mountinfo);
    assertThat(hierarchies)
        .containsExactly(Path.of("/sys/fs/cgroup/pids"), Path.of("/sys/fs/cgroup/unified"));
    assertThat(ContainerCgroup.below("/ns/a", hierarchies))
        .containsExactly(
            Path.of("/sys/fs/cgroup/pids/ns/a"), Path.of("/sys/fs/cgroup/unified/ns/a"));
    for (String other : List.of("", "a", "/", "/../../etc", "/a/..", "machine.slice:ctr:a")) {
      assertThat(ContainerCgroup.below(other, hierarchies)).as(other).isEmpty();
    }
  }

  @Test
  void whatIsInUseIsLeftAlone() throws Exception {
    Path used = Files.createDirectories(directory.resolve("used/by-others"));
    Path empty = Files.createDirectory(directory.resolve("empty"));
    Path none = directory.resolve("none");
    new ContainerCgroup(List.of(used.getParent(), none, empty)).removeEmpty();
    assertThat(used).exists();
    assertThat(empty).doesNotExist();
  }
}
