package io.morsel.cli;

import io.morsel.cli.core.CoreClient;
import io.morsel.cli.core.Namespaces;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.Each;
import io.morsel.cli.terminal.ExitCode;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code morsel namespaces}. */
@Command(
    name = "namespaces",
    aliases = {"namespace", "ns"},
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "Looks after a core's namespaces: what is in one does not see what is in another.",
      "",
      "A namespace comes into being by itself when something is put into it.",
      ""
    },
    subcommands = {
      NamespacesCommand.Ls.class,
      NamespacesCommand.Create.class,
      NamespacesCommand.Rm.class,
      NamespacesCommand.Label.class
    },
    footer = {
      "",
      "Examples:",
      "  morsel namespaces ls",
      "  morsel namespaces create team-a owner=a",
      "  morsel namespaces label team-a containerd.io/defaults/snapshotter=morsel",
      "  morsel namespaces rm team-a"
    })
final class NamespacesCommand implements Runnable {
  @Spec @Nullable CommandSpec spec;

  @Override
  public void run() {
    CommandSpec self = spec;
    if (self != null) {
      throw new CommandLine.ParameterException(
          self.commandLine(), "one of ls, create, rm or label is missing");
    }
  }

  /** {@code morsel namespaces ls}. */
  @Command(
      name = "ls",
      description = {"Lists namespaces.", ""},
      footer = {"", "Examples:", "  morsel namespaces ls", "  morsel namespaces ls -q"})
  static final class Ls implements Callable<Integer> {
    @Mixin CoreOptions core = new CoreOptions();

    @Option(
        names = {"-q", "--quiet"},
        description = "Print names only.")
    boolean quiet;

    @Option(names = "--json", description = "Print JSON.")
    boolean json;

    @Spec @Nullable CommandSpec spec;

    @Override
    public Integer call() throws CommandException {
      try (CoreClient client = core.connect()) {
        return new Namespaces(client).list(Commands.out(spec), quiet, json);
      }
    }
  }

  /** A namespace and labels for it, and what is done with them. */
  static final class Labelling {
    @Mixin CoreOptions core = new CoreOptions();

    @Parameters(index = "0", paramLabel = "NAMESPACE", description = "The namespace.")
    String name = "";

    @Parameters(
        index = "1..*",
        arity = "0..*",
        paramLabel = "KEY=VALUE",
        description = "Labels for it.")
    List<String> labels = List.of();

    /** Gives a namespace labels. */
    @FunctionalInterface
    interface Change {
      /** Gives it these. */
      void apply(Namespaces namespaces, String name, Map<String, String> labels)
          throws CommandException;
    }

    int apply(Change change) throws CommandException {
      Map<String, String> wanted = Namespaces.labels(labels);
      try (CoreClient client = core.connect()) {
        change.apply(new Namespaces(client), name, wanted);
      }
      return ExitCode.OK;
    }
  }

  /** {@code morsel namespaces create}. */
  @Command(
      name = "create",
      description = {"Makes a namespace.", ""},
      footer = {"", "Examples:", "  morsel namespaces create team-a owner=a"})
  static final class Create implements Callable<Integer> {
    @Mixin Labelling given = new Labelling();

    @Override
    public Integer call() throws CommandException {
      return given.apply(Namespaces::create);
    }
  }

  /** {@code morsel namespaces rm}. */
  @Command(
      name = "rm",
      description = {"Removes namespaces, which have to be empty.", ""},
      footer = {"", "Examples:", "  morsel namespaces rm team-a"})
  static final class Rm implements Callable<Integer> {
    @Mixin CoreOptions core = new CoreOptions();

    @Parameters(arity = "1..*", paramLabel = "NAMESPACE", description = "The namespaces.")
    List<String> names = List.of();

    @Spec @Nullable CommandSpec spec;

    @Override
    public Integer call() throws CommandException, InterruptedException {
      try (CoreClient client = core.connect()) {
        Namespaces namespaces = new Namespaces(client);
        return Each.of(
            names,
            Commands.err(spec),
            Commands.prefix(spec),
            name -> {
              namespaces.remove(name);
              Commands.out(spec).println(name);
            });
      }
    }
  }

  /** {@code morsel namespaces label}. */
  @Command(
      name = "label",
      description = {"Sets labels of a namespace; KEY= removes one.", ""},
      footer = {
        "",
        "Examples:",
        "  morsel namespaces label team-a containerd.io/defaults/snapshotter=morsel"
      })
  static final class Label implements Callable<Integer> {
    @Mixin Labelling given = new Labelling();

    @Override
    public Integer call() throws CommandException {
      if (given.labels.isEmpty()) {
        throw CommandException.usage("no label is given: expected KEY=VALUE");
      }
      return given.apply(Namespaces::label);
    }
  }
}
