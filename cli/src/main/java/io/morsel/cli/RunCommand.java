package io.morsel.cli;

import io.morsel.cli.run.RunJob;
import io.morsel.cli.run.RunRequest;
import io.morsel.cli.run.RunRequest.CoreChoice;
import io.morsel.cli.run.RunSyntax;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.LogLevel;
import io.morsel.cli.terminal.Verbosity;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code morsel run}. */
@Command(
    name = "run",
    description = {
      "Runs a container, whose image is pulled lazily where it is not there.",
      "",
      "It runs in the core that listens on --address or CONTAINERD_ADDRESS, else in the one on"
          + " /run/morsel/core.sock, else"
          + " in one that this command starts inside itself and ends with itself: no daemon is"
          + " needed. The exit code is the container's.",
      ""
    },
    footer = {
      "",
      "Options stand before REF; what follows REF belongs to the container.",
      "",
      "Networks: 'none', the default, is a namespace of its own in which only loopback is up."
          + " 'bridge' is the first network that /etc/cni/net.d has, else a bridge of Morsel's; it"
          + " needs the CNI plugins (Debian: containernetworking-plugins). 'host' is the"
          + " machine's own.",
      "",
      "Examples:",
      "  morsel run --rm registry.example/app:1 env",
      "  morsel run --rm -it --net bridge -p 8080:80 registry.example/app:1",
      "  morsel run -d --name db --memory 512m -v /srv/db:/var/lib/db registry.example/db:1"
    })
final class RunCommand implements Callable<Integer> {
  private static final String RUNC = "io.containerd.runc.v2";

  @Parameters(
      index = "0",
      paramLabel = "REF",
      description = "The image: [HOST[:PORT]/]NAME[:TAG][@DIGEST].")
  String reference = "";

  @Parameters(
      index = "1..*",
      arity = "0..*",
      paramLabel = "CMD",
      description = "The command and its arguments, instead of the image's.")
  List<String> command = new ArrayList<>();

  @Mixin RunCoreOptions core = new RunCoreOptions();
  @Mixin RunImageOptions image = new RunImageOptions();
  @Mixin RunProcessOptions process = new RunProcessOptions();
  @Mixin RunIsolationOptions isolation = new RunIsolationOptions();
  @Mixin RunNetworkOptions network = new RunNetworkOptions();
  @Mixin RunLifeOptions life = new RunLifeOptions();

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "The container's name; one is made up by default.")
  @Nullable String name;

  @Option(
      names = {"-l", "--label"},
      paramLabel = "KEY=VALUE",
      description = "A label for the container; may be given again.")
  Map<String, String> labels = new LinkedHashMap<>();

  @Option(
      names = "--stop-signal",
      paramLabel = "SIGNAL",
      description = "What asks the container to end; what the image says, or SIGTERM, by default.")
  @Nullable String stopSignal;

  @Option(
      names = "--runtime",
      paramLabel = "NAME",
      description = "The shim, by the name of its runtime or its path (${DEFAULT-VALUE}).",
      defaultValue = RUNC)
  String runtime = RUNC;

  @Option(
      names = "--runc-binary",
      paramLabel = "PROGRAM",
      description = "What the runc shim runs instead of runc.")
  @Nullable String runcBinary;

  @Spec @Nullable CommandSpec spec;

  @ParentCommand @Nullable MorselCommand parent;

  @Override
  public Integer call() throws Exception {
    return run(Commands.out(spec), Commands.err(spec), parent == null ? null : parent.logLevel);
  }

  /**
   * Does what was filled in.
   *
   * @param logLevel what the command line says; null where it says nothing
   * @return the exit code
   */
  int run(PrintWriter out, PrintWriter err, @Nullable LogLevel logLevel) throws Exception {
    RunRequest.Attachment attachment = life.attachment(process.interactive);
    if (labels.containsKey("")) {
      throw CommandException.usage("--label has no name: expected KEY=VALUE");
    }
    CoreChoice choice = core.choice(image.hostsDirectory);
    if (choice instanceof CoreChoice.Embedded && logLevel == null) {
      // What its user has to know of a core's work, this command says by itself.
      Verbosity.set(LogLevel.ERROR);
    }
    RunRequest request =
        new RunRequest(
            choice,
            core.namespace,
            image.choice(reference, core.config),
            name == null ? Optional.empty() : Optional.of(RunSyntax.containerName(name)),
            isolation.options(process.options(command)),
            network.choice(),
            new RunRequest.RuntimeChoice(
                runtime,
                Optional.ofNullable(runcBinary),
                stopSignal == null ? Optional.empty() : Optional.of(RunSyntax.signal(stopSignal))),
            life.restartPolicy(process.terminal),
            attachment,
            labels);
    return new RunJob(request, BuildInfo.load().version(), out, err).run();
  }
}
