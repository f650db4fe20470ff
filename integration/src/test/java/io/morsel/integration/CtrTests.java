package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.node.Containerd;
import io.morsel.bench.node.Core;
import io.morsel.bench.node.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Runs Debian's ctr against a containerd and against a Morsel core, and compares what it says. */
abstract class CtrTests {
  Path directory;
  Containerd containerd;
  Core core;

  @BeforeEach
  final void start() throws IOException {
    directory = Files.createTempDirectory(Path.of("/tmp"), "morsel-it-");
    containerd = Containerd.start(directory, Map.of(), false);
    core = Cores.start(directory);
  }

  @AfterEach
  final void stop() {
    try (Containerd _ = containerd;
        Core _ = core) {
      assertThat(directory).isDirectory();
    } finally {
      Directories.delete(directory);
    }
  }

  /** One command's outcome, without what differs from run to run. */
  record Outcome(int exitCode, String out, String errors) {
    static Outcome of(Command command) {
      Command.Result result = command.run();
      return new Outcome(result.exitCode(), normalized(result.text()), normalized(result.errors()));
    }

    private static String normalized(String text) {
      return text.lines()
          // Progress is drawn as often as it happens to be.
          .filter(line -> !line.contains("\u001b[") && !line.startsWith("elapsed"))
          // Or its drawing is cut short in the middle of a question.
          .filter(line -> !line.contains("context canceled"))
          .map(
              line ->
                  line.replaceAll("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+(Z|[+-]\\d\\d:\\d\\d)", "TIME")
                      .replaceAll("\\d+(\\.\\d+)?(ms|µs|s)\\b", "DURATION")
                      .replaceAll("(Less than a second|\\d+ seconds?|About \\w+ \\w+)", "AGE")
                      .replaceAll("/tmp/[\\w./-]*/snapshots/\\d+", "SNAPSHOT")
                      .strip())
          // Go prints maps in any order.
          .map(
              line ->
                  Arrays.stream(line.split("[,\\s]+", -1))
                      .sorted()
                      .collect(Collectors.joining(" ")))
          .collect(Collectors.joining("\n"));
    }
  }

  /** Stands in words and outcomes for what names something of each side's own. */
  static final String SIDE = "SIDE";

  static final String CONTAINERD = "side-a";
  static final String CORE = "side-b";

  private static Outcome outcome(Engine engine, String side, Object... words) {
    List<Object> all = new ArrayList<>(List.of("--namespace", "t"));
    for (Object word : words) {
      all.add(word.toString().replace(SIDE, side));
    }
    Outcome outcome = Outcome.of(engine.ctr(all.toArray()));
    return new Outcome(
        outcome.exitCode(),
        outcome.out().replace(side, SIDE),
        outcome.errors().replace(side, SIDE));
  }

  /** Runs one command in the namespace {@code t} on both sides, and compares. */
  final Outcome same(Object... words) {
    Outcome expected = outcome(containerd, CONTAINERD, words);
    Outcome actual = outcome(core, CORE, words);
    assertThat(actual).as("ctr %s", List.of(words)).isEqualTo(expected);
    return actual;
  }

  final void succeeds(Object... words) {
    Outcome outcome = same(words);
    assertThat(outcome.exitCode()).as("ctr %s: %s", List.of(words), outcome.errors()).isZero();
  }

  final void fails(Object... words) {
    assertThat(same(words).exitCode()).as("ctr %s", List.of(words)).isNotZero();
  }

  /** As {@link #same}, with a file as standard input. */
  final Outcome sameFrom(Path input, String words) {
    Outcome[] outcomes = new Outcome[2];
    int i = 0;
    for (Path socket : List.of(containerd.socket(), core.socket())) {
      outcomes[i++] =
          Outcome.of(
              Command.of("sh", "-c", "ctr --address " + socket + " -n t " + words + " < " + input));
    }
    assertThat(outcomes[1]).as("ctr %s", words).isEqualTo(outcomes[0]);
    return outcomes[1];
  }
}
