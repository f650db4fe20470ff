package io.morsel.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.snapshotter.LazyLabels;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

final class LazyStateTest {
  private static Map<String, String> labels(String present, String content) {
    return Map.of(LazyLabels.PRESENT_BYTES, present, LazyLabels.CONTENT_BYTES, content);
  }

  @Test
  void labelsSayHowFarALayerIs() {
    assertThat(LazyBytes.of(labels("7", "12300000000")))
        .contains(new LazyBytes(7, 12_300_000_000L));
    assertThat(LazyBytes.of(labels("0", "0"))).contains(LazyBytes.NONE);
    assertThat(LazyBytes.of(Map.of(LazyLabels.PRESENT_BYTES, "7"))).isEmpty();
    assertThat(LazyBytes.of(Map.of(LazyLabels.REMOTE, "true"))).isEmpty();
  }

  /** Any client may have set labels of these names on a snapshot of another snapshotter. */
  @ParameterizedTest
  @ValueSource(strings = {"", "-1", "+1", "1e3", "1 ", "٣", "9999999999999999999"})
  void whatIsNoSizeIsNotTaken(String text) {
    assertThat(LazyBytes.of(labels(text, "1"))).isEmpty();
    assertThat(LazyBytes.of(labels("1", text))).isEmpty();
  }

  @Test
  void peopleReadHowFarItIs() {
    Optional<LazyBytes> bytes =
        Optional.of(
            new LazyBytes(81_000_000, 1_000_000_000).plus(new LazyBytes(200_000, 20_000_000)));
    assertThat(new LazyState("morsel", 6, 5, bytes))
        .hasToString("5 of 6 layers, 81.2 MB of 1.02 GB");
    assertThat(new LazyState("other", 6, 5, Optional.empty())).hasToString("5 of 6 layers");
    assertThat(new LazyState("overlayfs", 6, 0, Optional.empty())).hasToString("no");
  }

  @Test
  void programsReadWhatIsKnown() {
    ArrayNode list = JsonMapper.shared().createArrayNode();
    LazyState.write(
        List.of(
            new LazyState("morsel", 2, 1, Optional.of(new LazyBytes(3, 4))),
            new LazyState("other", 2, 1, Optional.empty())),
        list);
    assertThat(list.toString())
        .isEqualTo(
            """
            [{"snapshotter":"morsel","layers":2,"layers_lazy":1,\
            "lazy_present_bytes":3,"lazy_content_bytes":4},\
            {"snapshotter":"other","layers":2,"layers_lazy":1}]""");
  }
}
