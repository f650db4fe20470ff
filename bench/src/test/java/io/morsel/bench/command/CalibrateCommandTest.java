package io.morsel.bench.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class CalibrateCommandTest {
  @Test
  void refusesWhatIsNoNetworkBeforeAnythingIsMeasured() {
    CalibrateCommand command = new CalibrateCommand();
    StringWriter out = new StringWriter();
    var _ =
        new CommandLine(command)
            .setOut(new PrintWriter(out))
            .parseArgs("--net", "local", "--net", "50mbit");

    CommandException failure = catchThrowableOfType(CommandException.class, command::call);

    assertThat(failure.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(failure)
        .hasMessageStartingWith("--net: not a network: '50mbit': the round-trip time is missing");
    assertThat(out.toString()).isEmpty();
  }
}
