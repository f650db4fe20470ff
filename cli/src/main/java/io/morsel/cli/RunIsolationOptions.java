package io.morsel.cli;

import io.morsel.cli.run.RunSyntax;
import io.morsel.cli.terminal.CommandException;
import io.morsel.runtime.oci.ContainerOptions;
import io.morsel.runtime.oci.SpecException;
import io.morsel.runtime.oci.SpecMount;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code morsel run} that say what a container may do, see and use. */
final class RunIsolationOptions {
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
