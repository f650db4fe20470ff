package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.host.Http;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.host.Uninterrupted;
import io.morsel.bench.node.Core;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** {@code morsel run} against a core that stays, and no containerd. */
class CoreRunIT extends RunTests {
  private @Nullable Path directory;
  private @Nullable Core core;
  private String metrics = "";

  @Override
  void start() throws IOException {
    directory = Files.createTempDirectory(Path.of("/tmp"), "morsel-it-");
    metrics = "127.0.0.1:" + Http.freePort();
    core = Core.start(Node.CHECKOUT, directory, "[metrics]\naddress = \"%s\"\n".formatted(metrics));
  }

  @AfterAll
  void stop() {
    if (directory != null) {
      Path used = directory;
      Uninterrupted.run(
          () -> {
            if (core != null) {
              core.close();
            }
          },
          () -> Mounts.detachBelow(used),
          () -> Directories.delete(used));
    }
  }

  @Override
  Path socket() {
    return Objects.requireNonNull(core).socket();
  }

  @Override
  Path directory() {
    return Objects.requireNonNull(directory);
  }

  @Test
  void theCoreMakesTheContainerInOneCall() {
    double runs = calls("morsel.services.runs.v1.Runs", "Create");
    double specifications = calls("containerd.services.containers.v1.Containers", "Create");
    assertThat(shell(List.of("--user", "alice"), "id -un").run().exitCode()).isZero();
    assertThat(calls("morsel.services.runs.v1.Runs", "Create")).isEqualTo(runs + 1);
    // By the core itself.
    assertThat(calls("containerd.services.containers.v1.Containers", "Create"))
        .isEqualTo(specifications + 1);
    // What it can't do is told, or done, as everywhere.
    Command.Result nobody = run("--rm", "--user", "nobody-of-the-name", lazy, "true").run();
    assertThat(nobody.exitCode()).isEqualTo(1);
    assertThat(nobody.errors()).contains("can't create container", "nobody-of-the-name");
    assertThat(left()).isEqualTo(NOTHING);
    assertThat(calls("morsel.services.runs.v1.Runs", "Create")).isEqualTo(runs + 1);
  }

  /** How many calls of a method have succeeded. */
  private double calls(String service, String method) {
    String start =
        "morsel_core_calls_total{code=\"OK\",method=\"%s\",service=\"%s\"} "
            .formatted(method, service);
    return Http.get("http://" + metrics + "/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(start))
        .mapToDouble(line -> Double.parseDouble(line.substring(start.length())))
        .sum();
  }
}
