package io.morsel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.cli.terminal.LogLevel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** A line that is understood without picocli means what it means with it. */
final class ServeLineTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "serve",
        "serve --config /etc/morsel/config.toml",
        "serve --root /var/tmp/morsel --address /tmp/m.sock",
        "serve --config c.toml --log-level debug --root r",
        "serve --log-level TRACE",
        "serve --record",
        "serve --record --config a=b",
      })
  void sameAsPicocli(String line) {
    String[] arguments = line.split(" ");
    MorselCommand morsel = new MorselCommand();
    CommandLine picocli =
        new CommandLine(morsel)
            .addSubcommand("serve", ServeCommand.class)
            .setCaseInsensitiveEnumValuesAllowed(true);
    ServeCommand serve =
        picocli.parseArgs(arguments).subcommand().asCommandLineList().getFirst().getCommand();
    assertThat(ServeLine.of(arguments)).contains(serve.line(morsel.logLevel));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "pull app",
        "--log-level debug serve",
        "serve --help",
        "serve -a /tmp/m.sock",
        "serve --root=/var/tmp/morsel",
        "serve --config",
        "serve --config --root",
        "serve --config @file",
        "serve --config ${HOME}/c",
        "serve --config \"c\"",
        "serve --root a --root b",
        "serve --log-level loud",
        "serve --con c.toml",
        "serve extra",
      })
  void everythingElseIsLeftToPicocli(String line) {
    assertThat(ServeLine.of(line.split(" "))).isEmpty();
  }

  @Test
  void valuesAreTaken() {
    assertThat(ServeLine.of("serve", "--root", "/r", "--log-level", "warn"))
        .contains(new ServeLine(null, Path.of("/r"), null, LogLevel.WARN, false));
  }
}
