package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.host.Uninterrupted;
import io.morsel.bench.node.Core;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** How much of a lazy image is there, as the command line tells it while a container reads it. */
class LazyStateIT {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  /** With it nothing is fetched but what is read. */
  private static final String ON_DEMAND =
      "[fetch]\nprefetch = false\nbackground_fill = false\nread_ahead_bytes = 0\n";

  private static final int DATA_BYTES = 16 << 20;
  private static final int PART_BYTES = 4 << 20;
  private static String lazy = "";

  @BeforeAll
  static void push() {
    String plain = FIXTURE.reference("state:plain");
    RunImages.push(FIXTURE.work(), plain, DATA_BYTES);
    lazy = FIXTURE.convert(plain, FIXTURE.reference("state:lazy"));
  }

  @Test
  void growsInContainerd() {
    try (Node node = Node.start(Node.Options.DEFAULT.withConfig(ON_DEMAND))) {
      new Reader(node.containerdSocket()).readsAndIsTold();
    }
  }

  @Test
  void growsInACore() {
    Path directory = Directories.temporary(Path.of("/tmp"), "morsel-it-");
    Uninterrupted.run(
        () -> {
          try (Core core = Cores.start(directory, ON_DEMAND)) {
            new Reader(core.socket()).readsAndIsTold();
          }
        },
        () -> Mounts.detachBelow(directory),
        () -> Directories.delete(directory));
  }

  /** Pulls the image to one socket, and reads it there bit by bit. */
  private record Reader(Path socket) {
    /** As the pull, the list and the description have it. */
    void readsAndIsTold() {
      Command.Result pull = morsel("pull", lazy).run();
      assertThat(pull.errors().lines())
          .hasSize(2)
          .allMatch(line -> line.matches("layer ./2 .* lazy, index ready, 0 B of .* here"));
      assertThat(pull.text()).contains("2 layers (2 lazy)").contains("; of lazy layers 0 B of ");
      JsonNode pulled = state();
      assertThat(pulled.get("lazy_present_bytes").longValue()).isZero();
      long content = pulled.get("lazy_content_bytes").longValue();
      assertThat(content).isGreaterThan(DATA_BYTES);

      morsel("run", "--detach", "--name", "reader", lazy, "sleep", "1000").succeed();
      try {
        long started = present();
        assertThat(started).as("what the start took").isBetween(1L, content - DATA_BYTES);

        read("dd", "if=/data", "of=/dev/null", "bs=" + PART_BYTES, "count=1");
        long part = present();
        // More than was asked for: the kernel reads ahead, and chunks are fetched in whole.
        assertThat(part - started).as("a part").isBetween((long) PART_BYTES, DATA_BYTES / 2L);
        assertThat(morsel("images", lazy).succeed())
            .contains("2 of 2 layers, ")
            .contains(" MB of ");

        read("cat", "/data");
        JsonNode whole = json("inspect", "image", lazy).at("/unpacked/0");
        assertThat(whole.get("lazy_content_bytes").longValue()).isEqualTo(content);
        assertThat(whole.get("lazy_present_bytes").longValue() - started)
            .as("the whole file")
            .isEqualTo(DATA_BYTES);
      } finally {
        morsel("rm", "--force", "reader").succeed();
      }

      JsonNode again = json("pull", "--json", lazy);
      assertThat(again.get("layers_present").intValue()).isEqualTo(2);
      assertThat(again.get("lazy_present_bytes").longValue()).isEqualTo(present());
      assertThat(again.get("lazy_content_bytes").longValue()).isEqualTo(content);
      assertThat(again.at("/layers/1/lazy_present_bytes").longValue()).isEqualTo(DATA_BYTES);
      assertThat(again.at("/layers/1/lazy_content_bytes").longValue()).isEqualTo(DATA_BYTES);
    }

    private void read(Object... command) {
      morsel("exec", "reader", List.of(command)).succeed();
    }

    private long present() {
      return state().get("lazy_present_bytes").longValue();
    }

    private JsonNode state() {
      return json("images", "--json", lazy).at("/0/unpacked/0");
    }

    private JsonNode json(Object... words) {
      return JsonMapper.shared().readTree(morsel(words).succeed());
    }

    private Command morsel(Object... words) {
      return Node.morsel(List.of(words)).with("CONTAINERD_ADDRESS", socket);
    }
  }
}
