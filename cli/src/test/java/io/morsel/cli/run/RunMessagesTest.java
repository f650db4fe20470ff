package io.morsel.cli.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.cli.run.RunRequest.ImageChoice;
import io.morsel.cli.run.RunRequest.NetworkChoice;
import io.morsel.cli.run.RunRequest.PullPolicy;
import io.morsel.cli.run.RunRequest.RuntimeChoice;
import io.morsel.containerd.api.runs.CreateRunRequest;
import io.morsel.containerd.api.runs.RunIsolation;
import io.morsel.containerd.api.runs.RunNetwork;
import io.morsel.runtime.cni.PortMapping;
import io.morsel.runtime.oci.ContainerOptions;
import io.morsel.runtime.oci.Seccomp;
import io.morsel.runtime.oci.SpecException;
import io.morsel.runtime.oci.SpecMount;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

final class RunMessagesTest {
  private static final int PLANS = 2000;

  @Test
  void everyPlanArrivesAsItWasSent() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < PLANS; i++) {
      ContainerPlan plan = plan(random);
      CreateRunRequest message = RunMessages.message(plan, random.nextBoolean(), i % 2 == 0);
      assertThat(RunMessages.plan(CreateRunRequest.parseFrom(message.toByteArray())))
          .as("plan %d of seed %d", i, seed)
          .isEqualTo(plan);
    }
  }

  private static ContainerPlan plan(Random random) throws Exception {
    return new ContainerPlan(
        text(random),
        new ImageChoice(
            text(random), maybe(random), text(random), PullPolicy.NEVER, false, null, null),
        new ContainerOptions(
            new ContainerOptions.ProcessOptions(
                random.nextBoolean() ? Optional.empty() : Optional.of(texts(random)),
                texts(random),
                texts(random),
                maybe(random),
                maybe(random),
                random.nextBoolean()),
            new ContainerOptions.Isolation(
                random.nextBoolean(),
                texts(random),
                texts(random),
                seccomp(random),
                random.nextBoolean(),
                maybe(random)),
            new ContainerOptions.Network.None(),
            mounts(random),
            new ContainerOptions.Limits(random.nextLong(Long.MAX_VALUE), random.nextDouble() * 99),
            map(random)),
        network(random),
        new RuntimeChoice(text(random), maybe(random), maybe(random)),
        map(random),
        maybe(random).map(Path::of));
  }

  private static String text(Random random) {
    StringBuilder text = new StringBuilder("x");
    for (int i = random.nextInt(12); i > 0; i--) {
      text.append("aZ09._-/ =,\"äß語".charAt(random.nextInt(15)));
    }
    return text.toString();
  }

  private static Optional<String> maybe(Random random) {
    return random.nextBoolean() ? Optional.empty() : Optional.of(text(random));
  }

  private static List<String> texts(Random random) {
    List<String> texts = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      texts.add(text(random));
    }
    return texts;
  }

  private static Map<String, String> map(Random random) {
    Map<String, String> map = new LinkedHashMap<>();
    texts(random).forEach(name -> map.put(name, text(random)));
    return map;
  }

  private static List<SpecMount> mounts(Random random) {
    return texts(random).stream()
        .map(to -> new SpecMount(to, text(random), text(random), texts(random)))
        .toList();
  }

  private static Optional<Seccomp> seccomp(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> Optional.empty();
      case 1 -> Optional.of(new Seccomp.Default());
      case 2 -> Optional.of(new Seccomp.Unconfined());
      default -> {
        ObjectNode profile = JsonMapper.shared().createObjectNode();
        profile.put("defaultAction", text(random));
        yield Optional.of(new Seccomp.Profile(profile));
      }
    };
  }

  private static NetworkChoice network(Random random) {
    return switch (random.nextInt(3)) {
      case 0 -> new NetworkChoice.None();
      case 1 -> new NetworkChoice.Host();
      default ->
          new NetworkChoice.Bridge(
              random.nextBoolean()
                  ? List.of()
                  : List.of(
                      PortMapping.parse("8080:80"), PortMapping.parse("127.0.0.1:53:53/udp")));
    };
  }

  @Test
  void whatNoClientOfOursSendsIsRefused() {
    refuses(
        CreateRunRequest.newBuilder().setNetwork(RunNetwork.newBuilder().setKindValue(77)).build(),
        "unknown kind of network");
    refuses(
        CreateRunRequest.newBuilder()
            .setNetwork(RunNetwork.newBuilder().setKind(RunNetwork.Kind.BRIDGE).addPorts("http:80"))
            .build(),
        "http:80");
    refuses(
        CreateRunRequest.newBuilder()
            .setIsolation(RunIsolation.newBuilder().setSeccompValue(77))
            .build(),
        "unknown kind of seccomp");
    refuses(
        CreateRunRequest.newBuilder()
            .setIsolation(
                RunIsolation.newBuilder()
                    .setSeccomp(RunIsolation.Seccomp.GIVEN)
                    .setSeccompProfile("[]"))
            .build(),
        "malformed seccomp profile");
  }

  private static void refuses(CreateRunRequest message, String why) {
    assertThatThrownBy(() -> RunMessages.plan(message))
        .isInstanceOf(SpecException.class)
        .hasMessageContaining(why);
  }
}
