package io.morsel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.cli.terminal.LogLevel;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** A line that is understood without picocli means what it means with it. */
final class RunLineTest {
  /** What picocli makes of a line. */
  private record Parsed(RunCommand command, @Nullable LogLevel logLevel, CommandLine line) {}

  private static Parsed parse(String... arguments) {
    MorselCommand morsel = new MorselCommand();
    CommandLine picocli =
        new CommandLine(morsel)
            .addSubcommand("run", RunCommand.class)
            .setCaseInsensitiveEnumValuesAllowed(true);
    CommandLine run = Objects.requireNonNull(picocli.getSubcommands().get("run"));
    run.setStopAtPositional(true);
    picocli.parseArgs(arguments);
    return new Parsed(run.getCommand(), morsel.logLevel, run);
  }

  private static void assertSame(String... arguments) {
    Parsed parsed = parse(arguments);
    RunLine line = RunLine.read(System.getenv("CONTAINERD_NAMESPACE"), arguments).orElseThrow();
    assertThat(line.command())
        .as("%s", List.of(arguments))
        .usingRecursiveComparison()
        .ignoringFields("spec", "parent")
        .isEqualTo(parsed.command());
    assertThat(line.logLevel()).isEqualTo(parsed.logLevel());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "run app:1",
        "run --rm localhost:5000/app:1 /bin/true",
        "run -a /run/c.sock --rm --snapshotter overlayfs --pull never x.test/a:1 sh -c true",
        "run -it --name web app:1 sh -i --rm -- -a --help $HOME ${HOME} \"x\" a=b",
        "run -ti -e A=1 -e B -e C=d=e --env-file /a --env-file /b app",
        "run -i -t -d -p 80:80 -p 1.2.3.4:53:53/udp --net Bridge app",
        "run -l a=b --label c=d --annotation e=f app",
        "run --log-level debug --cpus 0.5 -m 512m --stop-timeout 0 app",
        "run --stop-timeout 30 --pull ALWAYS --platform linux/arm64/v8 app",
        "run --mount type=bind,src=/a,dst=/b,options=rbind:ro -v /a:/b:ro app@sha256:ab",
        "run --root r --state s --config c.toml app",
      })
  void sameAsPicocli(String line) {
    String[] words = line.split(" ");
    // That much of it belongs to the container; '--' is left to picocli.
    assertSame(Arrays.stream(words).filter(word -> !word.equals("--")).toArray(String[]::new));
  }

  /** So that an option which the command gets one day is not read in two ways. */
  @Test
  void everyOptionIsTheSameByEachOfItsNames() {
    Set<String> left = new LinkedHashSet<>();
    for (OptionSpec option : parse("run", "app").line().getCommandSpec().options()) {
      for (String name : option.names()) {
        if (option.usageHelp()) {
          continue;
        }
        String[] words =
            option.arity().max() == 0
                ? new String[] {"run", name, "app", "x"}
                : new String[] {"run", name, value(option), "app", "x"};
        if (RunLine.read(null, words).isEmpty()) {
          left.add(name);
        } else {
          assertSame(words);
        }
      }
    }
    assertThat(left).isEmpty();
  }

  private static String value(OptionSpec option) {
    return switch (option.longestName()) {
      case "--network" -> "host";
      case "--pull" -> "never";
      case "--log-level" -> "info";
      case "--cpus" -> "1.5";
      case "--stop-timeout" -> "7";
      default -> "a=b";
    };
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ps",
        "run",
        "--log-level debug run app",
        "run --help",
        "run -h app",
        "run --rm",
        "run --rm --rm app",
        "run --name a --name b app",
        "run --name=a app",
        "run --name",
        "run --name -x app",
        "run --nam a app",
        "run -e \"a\" app",
        "run -e ${X} app",
        "run -e @file app",
        "run --env= app",
        "run --net house app",
        "run --pull sometimes app",
        "run --stop-timeout 010 app",
        "run --stop-timeout -1 app",
        "run --cpus many app",
        "run --label a app",
        "run --label a= app",
        "run --label a=b=c app",
        "run --log-level loud app",
        "run -dit app",
        "run -aX app",
        "run @app",
        "run app @file",
        "run app -- x",
        "run -- app",
      })
  void everythingElseIsLeftToPicocli(String line) {
    assertThat(RunLine.read(null, line.split(" "))).isEmpty();
  }

  @Test
  void namespaceIsTheEnvironmentsUnlessTheLineNamesOne() {
    assertThat(RunLine.read(null, "run", "app").orElseThrow().command().core.namespace)
        .isEqualTo("default");
    assertThat(RunLine.read("k8s.io", "run", "app").orElseThrow().command().core.namespace)
        .isEqualTo("k8s.io");
    assertThat(
            RunLine.read("k8s.io", "run", "-n", "n", "app").orElseThrow().command().core.namespace)
        .isEqualTo("n");
    assertThat(RunLine.read("", "run", "app")).isEmpty();
  }

  @Test
  void failureIsSaidAsWithPicocli() {
    for (String line : List.of("run --rm -d app:1", "run --address=/nowhere/s app:1")) {
      StringWriter plain = new StringWriter();
      StringWriter picocli = new StringWriter();
      String[] words = line.replace("--address=", "--address ").split(" ");
      int code = Main.run(new PrintWriter(new StringWriter()), new PrintWriter(plain), words);
      // The end of the options keeps it from being plain.
      String[] other = Arrays.copyOf(words, words.length + 1);
      other[words.length] = "@";
      assertThat(RunLine.read(null, words)).isPresent();
      assertThat(RunLine.read(null, other)).isEmpty();
      assertThat(Main.run(new PrintWriter(new StringWriter()), new PrintWriter(picocli), other))
          .isEqualTo(code);
      assertThat(plain.toString()).startsWith("morsel: run: ").isEqualTo(picocli.toString());
    }
  }
}
