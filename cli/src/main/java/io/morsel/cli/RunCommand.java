package io.morsel.cli;

import io.morsel.cli.run.RunJob;
import io.morsel.cli.run.RunRequest;
import io.morsel.cli.run.RunRequest.CoreChoice;
import io.morsel.cli.run.RunRequest.NetworkChoice;
import io.morsel.cli.run.RunSyntax;
import io.morsel.cli.source.Images;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.LogLevel;
import io.morsel.cli.terminal.Verbosity;
import io.morsel.runtime.CoreSettings;
import io.morsel.runtime.cni.PortMapping;
import io.morsel.runtime.oci.ContainerOptions;
import io.morsel.runtime.oci.SpecException;
import io.morsel.runtime.oci.SpecMount;
import io.morsel.runtime.restart.RestartPolicy;
import io.morsel.snapshotter.ConfigKeys;
import io.morsel.snapshotter.MorselConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
  /** The networks by the names that the command line has for them. */
  enum Net {
    /** Loopback only. */
    NONE,
    /** The machine's CNI network. */
    BRIDGE,
    /** The machine's own. */
    HOST
  }

  private static final String RUNC = "io.containerd.runc.v2";
  private static final int MAX_STOP_SECONDS = 86_400;

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

  @Mixin CoreSelection core = new CoreSelection();
  @Mixin ImageOptions image = new ImageOptions();
  @Mixin ProcessOptions process = new ProcessOptions();
  @Mixin IsolationOptions isolation = new IsolationOptions();

  @Option(names = "--rm", description = "Leave nothing of the container in the end.")
  boolean remove;

  @Option(
      names = {"-d", "--detach"},
      description = "Leave once the container runs, and print its name. Needs a running core.")
  boolean detach;

  @Option(
      names = "--restart",
      paramLabel = "POLICY",
      description =
          "With --detach: when the container is started again after it has ended: no, always,"
              + " on-failure[:RETRIES] or unless-stopped (${DEFAULT-VALUE}). 'morsel stop' ends it"
              + " for good.",
      defaultValue = "no")
  String restart = "no";

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
      names = {"--net", "--network"},
      paramLabel = "NET",
      description = "none, bridge or host, see below; none by default.")
  @Nullable Net net;

  @Option(names = "--net-host", description = "The same as --net host.")
  boolean netHost;

  @Option(
      names = {"-p", "--publish"},
      paramLabel = "[ADDR:]PORT:PORT[/PROTO]",
      description =
          "A port of the machine that leads into the container; may be given again. Means --net"
              + " bridge.")
  List<String> ports = new ArrayList<>();

  @Option(
      names = "--log-uri",
      paramLabel = "URI",
      description =
          "Where a detached container's output goes, file:///PATH or binary:///PROGRAM;"
              + " /var/lib/morsel/logs/NAMESPACE/NAME.log by default.")
  @Nullable String logUri;

  @Option(
      names = "--pid-file",
      paramLabel = "FILE",
      description = "Write the process id of the container's first process there.")
  @Nullable Path pidFile;

  @Option(
      names = "--stop-signal",
      paramLabel = "SIGNAL",
      description = "What asks the container to end; what the image says, or SIGTERM, by default.")
  @Nullable String stopSignal;

  @Option(
      names = "--stop-timeout",
      paramLabel = "SECONDS",
      description =
          "Without a running core: how long the container may take to end after this command got"
              + " SIGTERM or SIGHUP (${DEFAULT-VALUE}).",
      defaultValue = "10")
  int stopTimeout = 10;

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

  /** Which core. */
  static final class CoreSelection {
    @Option(
        names = {"-a", "--address"},
        paramLabel = "SOCKET",
        description =
            "The socket of a running core, or of containerd; CONTAINERD_ADDRESS by default, see"
                + " above.")
    @Nullable Path address;

    @Option(
        names = {"-n", "--namespace"},
        paramLabel = "NAME",
        description = "containerd's namespace; CONTAINERD_NAMESPACE or 'default' by default.",
        defaultValue = "${env:CONTAINERD_NAMESPACE:-default}")
    String namespace = "default";

    @Option(
        names = "--root",
        paramLabel = "DIR",
        description =
            "Run in this command, and keep what outlives it there; /var/lib/morsel/core by"
                + " default.")
    @Nullable Path root;

    @Option(
        names = "--state",
        paramLabel = "DIR",
        description =
            "Run in this command, and keep there what does not outlive a restart of the machine;"
                + " /run/morsel/core by default.")
    @Nullable Path state;

    @Option(
        names = "--config",
        paramLabel = "FILE",
        description =
            "The configuration of lazy snapshots where this command has to run the core;"
                + " /etc/morsel/config.toml, if it is there, by default.")
    @Nullable Path config;

    /**
     * The core to use.
     *
     * @param hostsDirectory where the mirrors of registries are configured, for a core in this
     *     command; null for where the configuration says
     */
    CoreChoice choice(@Nullable Path hostsDirectory) throws CommandException {
      if (address != null) {
        if (root != null || state != null || config != null) {
          throw CommandException.usage(
              "--root, --state and --config are those of a core in this command, --address names"
                  + " another one");
        }
        return new CoreChoice.Listening(address.toAbsolutePath());
      }
      if (root == null && state == null) {
        String usual = System.getenv("CONTAINERD_ADDRESS");
        if (usual != null && !usual.isEmpty()) {
          return new CoreChoice.Listening(Path.of(usual));
        }
        if (Files.exists(CoreSettings.DEFAULT_ADDRESS)) {
          return new CoreChoice.Listening(CoreSettings.DEFAULT_ADDRESS);
        }
      }
      Path effective = absolute(state, CoreSettings.DEFAULT_STATE);
      BuildInfo build = BuildInfo.load();
      return new CoreChoice.Embedded(
          new CoreSettings(
              absolute(root, CoreSettings.DEFAULT_ROOT),
              effective,
              effective.resolve("run-" + ProcessHandle.current().pid() + ".sock"),
              configuration(hostsDirectory),
              build.version(),
              build.commit()));
    }

    private MorselConfig configuration(@Nullable Path hostsDirectory) throws CommandException {
      MorselConfig loaded = Configurations.load(config);
      if (hostsDirectory == null) {
        return loaded;
      }
      String hosts = String.valueOf(Images.hostsDirectory(hostsDirectory, config));
      return loaded.with(ConfigKeys.REGISTRY_CONFIG_PATH, hosts);
    }

    private static Path absolute(@Nullable Path given, Path otherwise) {
      return given == null ? otherwise : given.toAbsolutePath().normalize();
    }
  }

  /** Which image, and how it gets here. */
  static final class ImageOptions {
    @Option(
        names = "--pull",
        paramLabel = "WHEN",
        description = "Pull the image always, never, or when it is missing (${DEFAULT-VALUE}).",
        defaultValue = "missing")
    RunRequest.PullPolicy pull = RunRequest.PullPolicy.MISSING;

    @Option(
        names = "--platform",
        paramLabel = "OS/ARCH",
        description = "The platform to choose; this machine's by default.")
    @Nullable String platform;

    @Option(
        names = "--snapshotter",
        paramLabel = "NAME",
        description = "What shows the image's layers (${DEFAULT-VALUE}).",
        defaultValue = "morsel")
    String snapshotter = "morsel";

    @Option(
        names = "--plain-http",
        description = "Talk to the registry without TLS. Loopback addresses need no such option.")
    boolean plainHttp;

    @Option(
        names = "--hosts-dir",
        paramLabel = "DIR",
        description =
            "Where mirrors are configured, as HOST/hosts.toml; instead of registry.config_path of"
                + " Morsel's configuration.")
    @Nullable Path hostsDirectory;

    /**
     * The choice.
     *
     * @param config the configuration that was named, if one was
     */
    RunRequest.ImageChoice choice(String reference, @Nullable Path config) throws CommandException {
      var _ = Images.reference(reference);
      var _ = Images.platform(platform);
      return new RunRequest.ImageChoice(
          reference,
          Optional.ofNullable(platform),
          snapshotter,
          pull,
          plainHttp,
          hostsDirectory,
          config);
    }
  }

  /** The container's process. */
  static final class ProcessOptions {
    @Option(
        names = {"-e", "--env"},
        paramLabel = "NAME=VALUE",
        description =
            "A variable of the environment; NAME alone takes this command's value. May be given"
                + " again.")
    List<String> env = new ArrayList<>();

    @Option(
        names = "--env-file",
        paramLabel = "FILE",
        description = "A file of such variables, one a line; may be given again.")
    List<Path> envFiles = new ArrayList<>();

    @Option(
        names = {"-u", "--user"},
        paramLabel = "USER[:GROUP]",
        description = "Who runs it, by names or numbers; who the image says by default.")
    @Nullable String user;

    @Option(
        names = {"-w", "--workdir", "--cwd"},
        paramLabel = "DIR",
        description = "Where it starts; where the image says by default.")
    @Nullable String workingDir;

    @Option(
        names = "--entrypoint",
        paramLabel = "PROGRAM",
        description = "Instead of the image's entrypoint; the image's command is then not used.")
    @Nullable String entrypoint;

    @Option(
        names = {"-t", "--tty"},
        description = "Give it a terminal.")
    boolean terminal;

    @Option(
        names = {"-i", "--interactive"},
        description = "Let it read this command's standard input.")
    boolean interactive;

    ContainerOptions.ProcessOptions options(List<String> command)
        throws CommandException, IOException {
      return new ContainerOptions.ProcessOptions(
          Optional.ofNullable(entrypoint).map(each -> each.isEmpty() ? List.of() : List.of(each)),
          command,
          RunSyntax.environment(envFiles, env, System.getenv()),
          Optional.ofNullable(workingDir),
          Optional.ofNullable(user),
          terminal);
    }
  }

  /** What the container may do, see and use. */
  static final class IsolationOptions {
    @Option(
        names = "--mount",
        paramLabel = "type=bind,src=DIR,dst=DIR,options=rbind:ro",
        description = "A mount; may be given again.")
    List<String> mounts = new ArrayList<>();

    @Option(
        names = {"-v", "--volume"},
        paramLabel = "SRC:DST[:ro]",
        description = "A directory or file of the machine; may be given again.")
    List<String> volumes = new ArrayList<>();

    @Option(names = "--read-only", description = "Its root filesystem can't be written to.")
    boolean readOnly;

    @Option(
        names = "--cap-add",
        paramLabel = "CAP",
        description = "A capability beside the default ones, or ALL; may be given again.")
    List<String> capAdd = new ArrayList<>();

    @Option(
        names = "--cap-drop",
        paramLabel = "CAP",
        description = "A capability that it does not get, or ALL; may be given again.")
    List<String> capDrop = new ArrayList<>();

    @Option(names = "--privileged", description = "It may do what this machine's root may.")
    boolean privileged;

    @Option(
        names = "--seccomp",
        paramLabel = "PROFILE",
        description =
            "Which system calls it may make: default, unconfined, or a file with a profile.")
    @Nullable String seccomp;

    @Option(
        names = {"-m", "--memory", "--memory-limit"},
        paramLabel = "BYTES",
        description = "How much memory it may use, with k, m, g or t for more.")
    @Nullable String memory;

    @Option(
        names = "--cpus",
        paramLabel = "N",
        description = "How many processors it may use, such as 0.5.")
    double cpus;

    @Option(
        names = "--hostname",
        paramLabel = "NAME",
        description = "Its host name; the machine's by default.")
    @Nullable String hostname;

    @Option(
        names = "--annotation",
        paramLabel = "KEY=VALUE",
        description = "An annotation for the runtime; may be given again.")
    Map<String, String> annotations = new LinkedHashMap<>();

    ContainerOptions options(ContainerOptions.ProcessOptions process)
        throws CommandException, IOException {
      if (!Double.isFinite(cpus) || cpus < 0 || (cpus > 0 && cpus < 0.01)) {
        throw CommandException.usage("--cpus " + cpus + ": at least 0.01 is possible");
      }
      List<SpecMount> all = new ArrayList<>();
      try {
        for (String mount : mounts) {
          all.add(SpecMount.parse(mount));
        }
        for (String volume : volumes) {
          all.add(SpecMount.parseVolume(volume));
        }
      } catch (SpecException malformed) {
        throw CommandException.usage(String.valueOf(malformed.getMessage()));
      }
      return new ContainerOptions(
          process,
          new ContainerOptions.Isolation(
              privileged,
              capAdd,
              capDrop,
              seccomp == null ? Optional.empty() : Optional.of(RunSyntax.seccomp(seccomp)),
              readOnly,
              Optional.ofNullable(hostname)),
          new ContainerOptions.Network.None(),
          all,
          new ContainerOptions.Limits(memory == null ? 0 : RunSyntax.memoryBytes(memory), cpus),
          annotations);
    }
  }

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
    if (remove && detach) {
      throw CommandException.usage(
          "--rm and --detach exclude each other: nobody would be there to remove the container");
    }
    if (stopTimeout < 0 || stopTimeout > MAX_STOP_SECONDS) {
      throw CommandException.usage(
          "--stop-timeout " + stopTimeout + ": 0 to " + MAX_STOP_SECONDS + " are possible");
    }
    if (labels.containsKey("")) {
      throw CommandException.usage("--label has no name: expected KEY=VALUE");
    }
    RestartPolicy policy = restartPolicy();
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
            network(),
            new RunRequest.RuntimeChoice(
                runtime,
                Optional.ofNullable(runcBinary),
                stopSignal == null ? Optional.empty() : Optional.of(RunSyntax.signal(stopSignal))),
            policy,
            new RunRequest.Attachment(
                detach,
                remove,
                process.interactive,
                Optional.ofNullable(logUri),
                Optional.ofNullable(pidFile),
                Duration.ofSeconds(stopTimeout)),
            labels);
    return new RunJob(request, BuildInfo.load().version(), out, err).run();
  }

  private RestartPolicy restartPolicy() throws CommandException {
    RestartPolicy policy;
    try {
      policy = RestartPolicy.parse(restart);
    } catch (IllegalArgumentException malformed) {
      throw CommandException.usage("--restart: " + malformed.getMessage());
    }
    if (policy.kind() != RestartPolicy.Kind.NO) {
      if (!detach) {
        throw CommandException.usage(
            "--restart needs --detach: what this command shows ends with the container");
      }
      if (process.terminal && logUri == null) {
        throw CommandException.usage(
            "--restart and --tty need --log-uri binary:///PROGRAM: nobody would read the terminal of"
                + " a container that was started again");
      }
    }
    return policy;
  }

  private NetworkChoice network() throws CommandException {
    List<PortMapping> mappings = new ArrayList<>();
    for (String port : ports) {
      try {
        mappings.add(PortMapping.parse(port));
      } catch (IllegalArgumentException malformed) {
        throw CommandException.usage(String.valueOf(malformed.getMessage()));
      }
    }
    Net byDefault = netHost ? Net.HOST : mappings.isEmpty() ? Net.NONE : Net.BRIDGE;
    Net chosen = net == null ? byDefault : net;
    if (netHost && chosen != Net.HOST) {
      throw CommandException.usage("--net-host and --net exclude each other");
    }
    if (!mappings.isEmpty() && chosen != Net.BRIDGE) {
      throw CommandException.usage("--publish needs --net bridge");
    }
    return switch (chosen) {
      case NONE -> new NetworkChoice.None();
      case HOST -> new NetworkChoice.Host();
      case BRIDGE -> new NetworkChoice.Bridge(mappings);
    };
  }
}
