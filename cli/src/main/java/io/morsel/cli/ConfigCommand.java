package io.morsel.cli;

import io.morsel.cli.terminal.CommandException;
import io.morsel.snapshotter.MorselConfig;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code morsel config}. */
@Command(
    name = "config",
    synopsisSubcommandLabel = "COMMAND",
    description = {"Shows and checks the configuration of 'morsel serve'.", ""},
    subcommands = {
      ConfigCommand.Default.class,
      ConfigCommand.Check.class,
      ConfigCommand.Show.class
    },
    footer = {
      "",
      "Examples:",
      "  morsel config default > /etc/morsel/config.toml",
      "  morsel config check /etc/morsel/config.toml",
      "  morsel config show"
    })
final class ConfigCommand implements Runnable {
  @Spec @Nullable CommandSpec spec;

  @Override
  public void run() {
    CommandSpec self = spec;
    if (self != null) {
      throw new CommandLine.ParameterException(
          self.commandLine(), "one of default, check or show is missing");
    }
  }

  /** {@code morsel config default}. */
  @Command(
      name = "default",
      description = {"Prints a configuration with every key, its meaning and its default.", ""},
      footer = {"", "Examples:", "  morsel config default > /etc/morsel/config.toml"})
  static final class Default implements Callable<Integer> {
    @Spec @Nullable CommandSpec spec;

    @Override
    public Integer call() {
      Commands.out(spec).print(MorselConfig.defaults().toToml());
      return 0;
    }
  }

  /** {@code morsel config check}. */
  @Command(
      name = "check",
      description = {"Checks a configuration file: unknown keys and wrong values are errors.", ""},
      footer = {"", "Examples:", "  morsel config check /etc/morsel/config.toml"})
  static final class Check implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "FILE", description = "The file to check.")
    Path file = MorselConfig.DEFAULT_FILE;

    @Spec @Nullable CommandSpec spec;

    @Override
    public Integer call() throws CommandException {
      var _ = Configurations.load(file);
      Commands.out(spec).println(file + ": valid");
      return 0;
    }
  }

  /** {@code morsel config show}. */
  @Command(
      name = "show",
      description = {"Prints the configuration that 'morsel serve' would run with.", ""},
      footer = {"", "Examples:", "  morsel config show --config ./config.toml"})
  static final class Show implements Callable<Integer> {
    @Option(
        names = "--config",
        paramLabel = "FILE",
        description = "The configuration; /etc/morsel/config.toml, if it is there, by default.")
    @Nullable Path config;

    @Spec @Nullable CommandSpec spec;

    @Override
    public Integer call() throws CommandException {
      Commands.out(spec).print(Configurations.load(config).toToml());
      return 0;
    }
  }
}
