package io.morsel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.cli.terminal.LogLevel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** A line that is understood without picocli means what it means with it. */
final class CoreLineTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "core",
        "core --config /etc/morsel/core.toml",
        "core --root /var/tmp/core --state /run/core --address /run/core.sock",
        "core --config c.toml --log-level debug --root r",
        "core --record --config a=b",
      })
  void sameAsPicocli(String line) {
    String[] arguments = line.split(" ");
    MorselCommand morsel = new MorselCommand();
    CommandLine picocli = new CommandLine(morsel).setCaseInsensitiveEnumValuesAllowed(true);
    CoreCommand core =
        picocli.parseArgs(arguments).subcommand().asCommandLineList().getFirst().getCommand();
    assertThat(CoreLine.of(arguments)).contains(core.line(morsel.logLevel));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "serve",
        "--log-level debug core",
        "core --help",
        "core -a /tmp/m.sock",
        "core --state=/run/core",
        "core --state --root",
        "core --state a --state b",
        "core --log-level loud",
        "core extra",
      })
  void everythingElseIsLeftToPicocli(String line) {
    assertThat(CoreLine.of(line.split(" "))).isEmpty();
  }

  @Test
  void valuesAreTaken() {
    assertThat(CoreLine.of("core", "--state", "/s", "--log-level", "warn"))
        .contains(new CoreLine(null, null, Path.of("/s"), null, LogLevel.WARN, false));
  }
}
