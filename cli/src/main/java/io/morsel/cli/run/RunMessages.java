package io.morsel.cli.run;

import io.morsel.cli.run.RunRequest.ImageChoice;
import io.morsel.cli.run.RunRequest.NetworkChoice;
import io.morsel.cli.run.RunRequest.PullPolicy;
import io.morsel.cli.run.RunRequest.RuntimeChoice;
import io.morsel.containerd.api.runs.CreateRunRequest;
import io.morsel.containerd.api.runs.NameValue;
import io.morsel.containerd.api.runs.RunIsolation;
import io.morsel.containerd.api.runs.RunNetwork;
import io.morsel.containerd.api.runs.RunProcess;
import io.morsel.containerd.api.runs.RunRuntime;
import io.morsel.containerd.api.runs.RunStreams;
import io.morsel.containerd.api.types.Mount;
import io.morsel.runtime.cni.PortMapping;
import io.morsel.runtime.oci.ContainerOptions;
import io.morsel.runtime.oci.Seccomp;
import io.morsel.runtime.oci.SpecException;
import io.morsel.runtime.oci.SpecMount;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** How a {@link ContainerPlan} travels to a core: morsel/services/runs.proto. */
final class RunMessages {
  private RunMessages() {}

  // --- what a client sends -----------------------------------------------------------------------

  /**
   * The message.
   *
   * @param fifos whether FIFOs are to be made
   * @param input whether standard input is to be among them
   */
  static CreateRunRequest message(ContainerPlan plan, boolean fifos, boolean input) {
    ContainerOptions options = plan.options();
    CreateRunRequest.Builder message =
        CreateRunRequest.newBuilder()
            .setId(plan.id())
            .setImage(plan.image().reference())
            .setPlatform(plan.image().platform().orElse(""))
            .setSnapshotter(plan.image().snapshotter())
            .setProcess(message(options.process()))
            .setIsolation(message(options.isolation()))
            .setNetwork(message(plan.network()))
            .setRuntime(
                RunRuntime.newBuilder()
                    .setName(plan.runtime().name())
                    .setBinary(plan.runtime().binary().orElse(""))
                    .setStopSignal(plan.runtime().stopSignal().orElse("")))
            .setMemoryBytes(options.limits().memoryBytes())
            .setCpus(options.limits().cpus())
            .setStreams(
                RunStreams.newBuilder()
                    .setFifos(fifos)
                    .setInput(input)
                    .setLogFile(plan.logFile().map(Path::toString).orElse("")));
    for (SpecMount mount : options.mounts()) {
      message.addMounts(
          Mount.newBuilder()
              .setType(mount.type())
              .setSource(mount.source())
              .setTarget(mount.destination())
              .addAllOptions(mount.options()));
    }
    plan.labels().forEach((name, value) -> message.addLabels(pair(name, value)));
    options.annotations().forEach((name, value) -> message.addAnnotations(pair(name, value)));
    return message.build();
  }

  private static NameValue pair(String name, String value) {
    return NameValue.newBuilder().setName(name).setValue(value).build();
  }

  private static RunProcess message(ContainerOptions.ProcessOptions process) {
    return RunProcess.newBuilder()
        .setHasEntrypoint(process.entrypoint().isPresent())
        .addAllEntrypoint(process.entrypoint().orElse(List.of()))
        .addAllArguments(process.arguments())
        .addAllEnv(process.env())
        .setWorkingDir(process.workingDir().orElse(""))
        .setUser(process.user().orElse(""))
        .setTerminal(process.terminal())
        .build();
  }

  private static RunIsolation message(ContainerOptions.Isolation isolation) {
    RunIsolation.Builder message =
        RunIsolation.newBuilder()
            .setPrivileged(isolation.privileged())
            .addAllAddCapabilities(isolation.addCapabilities())
            .addAllDropCapabilities(isolation.dropCapabilities())
            .setReadOnly(isolation.readOnly())
            .setHostname(isolation.hostname().orElse(""));
    if (isolation.seccomp().isPresent()) {
      // No switch over types: the virtual machine spins a class for each, which no recording keeps.
      Seccomp seccomp = isolation.seccomp().get();
      if (seccomp instanceof Seccomp.Profile(ObjectNode profile)) {
        message.setSeccomp(RunIsolation.Seccomp.GIVEN).setSeccompProfile(profile.toString());
      } else {
        message.setSeccomp(
            seccomp instanceof Seccomp.Unconfined
                ? RunIsolation.Seccomp.UNCONFINED
                : RunIsolation.Seccomp.DEFAULT);
      }
    }
    return message.build();
  }

  private static RunNetwork message(NetworkChoice network) {
    if (network instanceof NetworkChoice.Bridge(List<PortMapping> ports)) {
      RunNetwork.Builder message = RunNetwork.newBuilder().setKind(RunNetwork.Kind.BRIDGE);
      ports.forEach(port -> message.addPorts(port.toString()));
      return message.build();
    }
    return RunNetwork.newBuilder()
        .setKind(
            network instanceof NetworkChoice.Host ? RunNetwork.Kind.HOST : RunNetwork.Kind.NONE)
        .build();
  }

  // --- what a core makes of it -------------------------------------------------------------------

  /**
   * The plan in a message.
   *
   * @throws SpecException if it is malformed
   */
  static ContainerPlan plan(CreateRunRequest message) throws SpecException {
    List<SpecMount> mounts =
        message.getMountsList().stream()
            .map(
                mount ->
                    new SpecMount(
                        mount.getTarget(),
                        mount.getType(),
                        mount.getSource(),
                        mount.getOptionsList()))
            .toList();
    return new ContainerPlan(
        message.getId(),
        new ImageChoice(
            message.getImage(),
            given(message.getPlatform()),
            message.getSnapshotter(),
            PullPolicy.NEVER,
            false,
            null,
            null),
        new ContainerOptions(
            process(message.getProcess()),
            isolation(message.getIsolation()),
            new ContainerOptions.Network.None(),
            mounts,
            new ContainerOptions.Limits(message.getMemoryBytes(), message.getCpus()),
            map(message.getAnnotationsList())),
        network(message.getNetwork()),
        new RuntimeChoice(
            message.getRuntime().getName(),
            given(message.getRuntime().getBinary()),
            given(message.getRuntime().getStopSignal())),
        map(message.getLabelsList()),
        logFile(message.getStreams().getLogFile()));
  }

  private static Optional<String> given(String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(text);
  }

  private static Map<String, String> map(List<NameValue> pairs) {
    Map<String, String> map = new LinkedHashMap<>();
    pairs.forEach(pair -> map.put(pair.getName(), pair.getValue()));
    return map;
  }

  private static Optional<Path> logFile(String text) throws SpecException {
    try {
      return given(text).map(Path::of);
    } catch (InvalidPathException e) {
      throw new SpecException("malformed name of a log file '" + text + "'");
    }
  }

  private static ContainerOptions.ProcessOptions process(RunProcess message) {
    return new ContainerOptions.ProcessOptions(
        message.getHasEntrypoint() ? Optional.of(message.getEntrypointList()) : Optional.empty(),
        message.getArgumentsList(),
        message.getEnvList(),
        given(message.getWorkingDir()),
        given(message.getUser()),
        message.getTerminal());
  }

  private static ContainerOptions.Isolation isolation(RunIsolation message) throws SpecException {
    return new ContainerOptions.Isolation(
        message.getPrivileged(),
        message.getAddCapabilitiesList(),
        message.getDropCapabilitiesList(),
        seccomp(message),
        message.getReadOnly(),
        given(message.getHostname()));
  }

  private static Optional<Seccomp> seccomp(RunIsolation message) throws SpecException {
    return switch (message.getSeccomp()) {
      case USUAL -> Optional.empty();
      case DEFAULT -> Optional.of(new Seccomp.Default());
      case UNCONFINED -> Optional.of(new Seccomp.Unconfined());
      case GIVEN -> Optional.of(new Seccomp.Profile(profile(message.getSeccompProfile())));
      case UNRECOGNIZED -> throw new SpecException("unknown kind of seccomp profile");
    };
  }

  private static ObjectNode profile(String json) throws SpecException {
    try {
      if (JsonMapper.shared().readTree(json) instanceof ObjectNode profile) {
        return profile;
      }
    } catch (JacksonException e) {
      throw new SpecException("malformed seccomp profile: " + e.getOriginalMessage());
    }
    throw new SpecException("malformed seccomp profile: no JSON object");
  }

  private static NetworkChoice network(RunNetwork message) throws SpecException {
    return switch (message.getKind()) {
      case NONE -> new NetworkChoice.None();
      case HOST -> new NetworkChoice.Host();
      case BRIDGE -> new NetworkChoice.Bridge(ports(message.getPortsList()));
      case UNRECOGNIZED -> throw new SpecException("unknown kind of network");
    };
  }

  private static List<PortMapping> ports(List<String> texts) throws SpecException {
    List<PortMapping> ports = new ArrayList<>();
    for (String text : texts) {
      try {
        ports.add(PortMapping.parse(text));
      } catch (IllegalArgumentException malformed) {
        throw new SpecException(String.valueOf(malformed.getMessage()));
      }
    }
    return ports;
  }
}
