package io.morsel.cli;

import io.morsel.cli.profile.ProfileJob;
import io.morsel.cli.profile.ProfileRequest;
import io.morsel.cli.source.Images;
import io.morsel.cli.terminal.CommandException;
import io.morsel.snapshotter.ConfigKeys;
import io.morsel.snapshotter.MorselConfig;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code morsel profile}. */
@Command(
    name = "profile",
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "Shows and shares what starts of an image read, so that other nodes fetch it ahead.",
      "",
      "'morsel serve' records each start by itself, and replays it at the next one.",
      ""
    },
    subcommands = {
      ProfileCommand.RecordStarts.class,
      ProfileCommand.Show.class,
      ProfileCommand.Push.class,
      ProfileCommand.Pull.class
    },
    footer = {
      "",
      "Examples:",
      "  morsel profile record --wait 60 registry.example/app:1 > app.json",
      "  morsel profile show --files registry.example/app:1",
      "  morsel profile push registry.example/app:1",
      "  morsel profile pull -o app.json registry.example/app:1"
    })
final class ProfileCommand implements Runnable {
  @Spec @Nullable CommandSpec spec;

  @Override
  public void run() {
    CommandSpec self = spec;
    if (self != null) {
      throw new CommandLine.ParameterException(
          self.commandLine(), "one of record, show, push or pull is missing");
    }
  }

  /** Which image's profile, and where the node keeps its own. */
  static final class Target {
    @Parameters(
        index = "0",
        paramLabel = "REF",
        description = "The image: [HOST[:PORT]/]NAME[:TAG][@DIGEST].")
    String reference = "";

    @Option(
        names = "--root",
        paramLabel = "DIR",
        description =
            "Where Morsel keeps its state on this node; what its configuration says by default.")
    @Nullable Path root;

    @Option(
        names = "--config",
        paramLabel = "FILE",
        description = "The configuration; /etc/morsel/config.toml, if it is there, by default.")
    @Nullable Path config;

    @Option(
        names = "--platform",
        paramLabel = "OS/ARCH",
        description = "The platform to choose from an index; this machine's by default.")
    @Nullable String platform;

    @Option(
        names = "--plain-http",
        description = "Talk to the registry without TLS. Loopback addresses need no such option.")
    boolean plainHttp;

    ProfileJob job(@Nullable CommandSpec spec) throws Exception {
      MorselConfig settings = Configurations.load(config);
      Path directory = root;
      ProfileRequest request =
          new ProfileRequest(
              Images.reference(reference),
              Images.platform(platform),
              plainHttp,
              settings.hostsDirectory(),
              directory == null ? settings.get(ConfigKeys.ROOT) : directory,
              Math.toIntExact(settings.get(ConfigKeys.PROFILE_MAX_KEPT)));
      return new ProfileJob(request, BuildInfo.load().version(), Commands.out(spec));
    }
  }

  /** {@code morsel profile record}. */
  @Command(
      name = "record",
      description = {
        "Prints what this node has recorded of an image's starts.",
        "",
        "With --wait, it waits until a start that comes after the command has been recorded: start"
            + " a container meanwhile. A start is recorded once it has settled, which is when the"
            + " container has read nothing new for some seconds.",
        ""
      },
      footer = {
        "",
        "Examples:",
        "  morsel profile record registry.example/app:1 > app.json",
        "  morsel profile record --wait 60 -o app.json registry.example/app:1"
      })
  static final class RecordStarts implements Callable<Integer> {
    @Mixin Target target = new Target();

    @Option(
        names = "--wait",
        paramLabel = "SECONDS",
        description = "Wait so long at most for a start to be recorded.")
    int waitSeconds;

    @Option(
        names = {"-o", "--output"},
        paramLabel = "FILE",
        description = "Write the profile there.")
    @Nullable Path output;

    @Spec @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
      if (waitSeconds < 0) {
        throw CommandException.usage("--wait is negative");
      }
      return target.job(spec).record(output, waitSeconds);
    }
  }

  /** {@code morsel profile show}. */
  @Command(
      name = "show",
      description = {
        "Shows what an image's profile holds: this node's or, where it has none, the registry's.",
        ""
      },
      footer = {
        "",
        "Examples:",
        "  morsel profile show registry.example/app:1",
        "  morsel profile show --files --file app.json registry.example/app:1"
      })
  static final class Show implements Callable<Integer> {
    @Mixin Target target = new Target();

    @Option(names = "--file", paramLabel = "FILE", description = "Show this profile.")
    @Nullable Path file;

    @Option(
        names = "--files",
        description = "List the files that are fetched, in that order; reads the layers' TOCs.")
    boolean files;

    @Option(names = "--json", description = "Print JSON.")
    boolean json;

    @Spec @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
      return target.job(spec).show(file, files, json);
    }
  }

  /** {@code morsel profile push}. */
  @Command(
      name = "push",
      description = {
        "Writes a profile next to its image in the registry, where other nodes find it.",
        "",
        "It becomes an OCI artifact whose subject is the image; prints its reference.",
        ""
      },
      footer = {
        "",
        "Examples:",
        "  morsel profile push registry.example/app:1",
        "  morsel profile push --file app.json registry.example/app:1"
      })
  static final class Push implements Callable<Integer> {
    @Mixin Target target = new Target();

    @Option(
        names = "--file",
        paramLabel = "FILE",
        description = "Push this profile; what this node has recorded by default.")
    @Nullable Path file;

    @Spec @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
      return target.job(spec).push(file);
    }
  }

  /** {@code morsel profile pull}. */
  @Command(
      name = "pull",
      description = {
        "Takes an image's profile from its registry, and adds it to what this node knows.",
        "",
        "'morsel serve' does that by itself when it mounts an image that it has no profile of.",
        ""
      },
      footer = {
        "",
        "Examples:",
        "  morsel profile pull registry.example/app:1",
        "  morsel profile pull -o app.json registry.example/app:1"
      })
  static final class Pull implements Callable<Integer> {
    @Mixin Target target = new Target();

    @Option(
        names = {"-o", "--output"},
        paramLabel = "FILE",
        description = "Write the profile there, and leave the node's own as they are.")
    @Nullable Path output;

    @Spec @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
      return target.job(spec).pull(output);
    }
  }
}
