package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code morsel run} against containerd with Morsel as its snapshotter. */
class RunIT extends RunTests {
  private @Nullable Node node;

  @Override
  void start() {
    node = Node.start(Node.Options.DEFAULT);
  }

  @AfterAll
  void stop() {
    if (node != null) {
      node.close();
    }
  }

  private Node node() {
    return Objects.requireNonNull(node);
  }

  @Override
  Path socket() {
    return node().containerdSocket();
  }

  @Override
  Path directory() {
    return node().directory();
  }

  private JsonNode spec(String id) {
    String json = ctr("containers", "info", "--spec", id).succeed();
    ObjectNode spec = (ObjectNode) JsonMapper.shared().readTree(json);
    ((ObjectNode) spec.path("linux")).put("cgroupsPath", "");
    return spec;
  }

  private void assertSameSpec(List<String> ctr, List<String> ours) {
    ctr(
            "run",
            "--detach",
            "--null-io",
            "--snapshotter",
            "morsel",
            ctr,
            lazy,
            "theirs",
            "sleep",
            "1000")
        .succeed();
    try {
      run("--detach", "--name", "ours", ours, lazy, "sleep", "1000").succeed();
      try {
        assertThat(spec("ours").toPrettyString()).isEqualTo(spec("theirs").toPrettyString());
      } finally {
        remove("ours");
      }
    } finally {
      remove("theirs");
    }
  }

  @Test
  void theSpecificationIsThatOfCtr() {
    assertSameSpec(List.of("--seccomp"), List.of());
    assertSameSpec(
        List.of(
            "--seccomp",
            "--net-host",
            "--env",
            "A=1",
            "--env",
            "FROM_IMAGE=no",
            "--cwd",
            "/tmp",
            "--read-only",
            "--memory-limit",
            "50000000",
            "--cpus",
            "0.5",
            "--cap-add",
            "CAP_SYS_ADMIN",
            "--cap-drop",
            "CAP_CHOWN",
            "--mount",
            "type=bind,src=/tmp,dst=/mnt,options=rbind:ro"),
        List.of(
            "--net-host",
            "-e",
            "A=1",
            "-e",
            "FROM_IMAGE=no",
            "-w",
            "/tmp",
            "--read-only",
            "--memory",
            "50000000",
            "--cpus",
            "0.5",
            "--cap-add",
            "sys_admin",
            "--cap-drop",
            "CHOWN",
            "-v",
            "/tmp:/mnt:ro"));
    assertSameSpec(List.of("--privileged"), List.of("--privileged"));
  }

  @Test
  void theSystemCallsAreThoseOfTheProfile() throws IOException {
    Path profile =
        Files.writeString(
            directory().resolve("profile.json"),
            """
            {"defaultAction": "SCMP_ACT_ALLOW",
             "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}
            """);
    assertThat(shell(List.of("--seccomp", profile), "mkdir /tmp/x || echo refused").run().text())
        .isEqualTo("refused\n");
    assertThat(
            shell(List.of("--seccomp", "unconfined"), "grep Seccomp: /proc/self/status").succeed())
        .isEqualTo("Seccomp:\t0\n");
  }

  @Test
  void theThirdRequestToEndIsNoRequest() throws Exception {
    Path out = directory().resolve("impatient-" + UUID.randomUUID());
    // The first process of a container gets no signal that it does not handle.
    Process process =
        background(out, run("--rm", lazy, "sh", "-c", "'echo ready; exec sleep 1000'"));
    try {
      awaitText(out, "ready");
      for (int i = 0; i < 3; i++) {
        signal(process, "TERM");
      }
      Await.until(
          "the run has ended",
          Node.SOON,
          () -> {
            if (process.isAlive()) {
              // Signals that come at the same time may be one.
              var _ = Command.of("kill", "-s", "TERM", process.pid()).run();
            }
            return !process.isAlive();
          });
      assertThat(process.exitValue()).isEqualTo(137);
    } finally {
      Command.end(process);
    }
    assertThat(left()).isEqualTo(NOTHING);
  }

  @Test
  void aSignalBeforeTheContainerRunsEndsTheCommand() throws Exception {
    Path out = directory().resolve("early-" + UUID.randomUUID());
    // Nobody answers there: the pull waits.
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Process process =
          background(out, run("--rm", "127.0.0.1:" + silent.getLocalPort() + "/app:1"));
      try {
        silent.accept().getInputStream().read();
        signal(process, "TERM");
        assertThat(process.waitFor()).isEqualTo(128 + 15);
      } finally {
        Command.end(process);
      }
    }
    assertThat(left()).isEqualTo(NOTHING);
  }

  @Test
  void outputThatNobodyReadsEndsTheContainer() {
    String command = run("--rm", lazy, "yes").toString();
    assertThat(Command.of("sh", "-c", command + " | head -n 1").succeed()).isEqualTo("y\n");
    Await.until("nothing is left", Node.SOON, () -> left().equals(NOTHING));
  }

  @Test
  void withoutRmTheContainerStaysWithoutItsTask() {
    assertThat(run("--name", "kept", lazy, "true").run().exitCode()).isZero();
    assertThat(ctr("containers", "ls", "-q").succeed()).contains("kept");
    assertThat(ctr("tasks", "ls", "-q").succeed()).doesNotContain("kept");
    remove("kept");
    assertThat(left()).isEqualTo(NOTHING);
  }

  @Test
  void whatIsMissingIsPulledLazilyWhereItCanBe() {
    String other = FIXTURE.convert(plain, FIXTURE.reference("run:other"));
    long before = FIXTURE.registry().traffic().receivedBytes();
    Command.Result result = run("--rm", "--namespace", "other", other, "echo", "here").run();
    assertThat(result.exitCode()).isZero();
    assertThat(result.text()).isEqualTo("here\n");
    assertThat(result.errors()).doesNotContain("in full");
    assertThat(FIXTURE.registry().traffic().receivedBytes() - before).isLessThan(DATA_BYTES);
    assertThat(node().lazyMounts()).isNotEmpty();

    Command.Result full = run("--rm", "--namespace", "full", plain, "echo", "here").run();
    assertThat(full.text()).isEqualTo("here\n");
    assertThat(full.errors().lines().filter(line -> line.contains("pulled in full"))).hasSize(2);
  }

  @Test
  void anImageThatIsThereIsUnpackedForAnotherSnapshotter() {
    ctr("-n", "here", "images", "pull", "--plain-http", "--snapshotter", "overlayfs", plain)
        .succeed();
    assertThat(
            run(
                    "--rm",
                    "--namespace",
                    "here",
                    "--pull",
                    "never",
                    "--snapshotter",
                    "native",
                    plain,
                    "echo",
                    "unpacked")
                .succeed())
        .isEqualTo("unpacked\n");
  }
}
