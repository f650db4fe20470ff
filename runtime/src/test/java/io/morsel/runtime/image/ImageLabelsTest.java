package io.morsel.runtime.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.runtime.image.ImageLabels.Source;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ImageLabelsTest {
  private static final String KEY = "containerd.io/distribution.source.r.example";

  @Test
  void sourcesAreJoinedAndOtherLabelsReplaced() {
    assertThat(
            ImageLabels.changes(
                Map.of(KEY, "b", "x", "1", "same", "s"), Map.of(KEY, "a", "x", "2", "same", "s")))
        .containsExactlyInAnyOrderEntriesOf(Map.of(KEY, "a,b", "x", "2"));
    assertThat(ImageLabels.changes(Map.of(KEY, "a,b"), Map.of(KEY, "b"))).isEmpty();
    // A label has no room for any number of repositories.
    String full = "r".repeat(4096 - KEY.length());
    assertThat(ImageLabels.changes(Map.of(KEY, full), Map.of(KEY, "a"))).isEmpty();
  }

  @Test
  void sourcesNameHostsWithoutTheirPorts() {
    assertThat(ImageLabels.source("r.example:5000", "a/b")).isEqualTo(Map.of(KEY, "a/b"));
    assertThat(ImageLabels.host("[::1]:5000")).isEqualTo("[::1]");
    assertThat(ImageLabels.host("[::1]")).isEqualTo("[::1]");
    assertThat(ImageLabels.sources(Map.of(KEY, "a/b,,c", "other", "d")))
        .containsExactly(new Source("r.example", "a/b"), new Source("r.example", "c"));
  }
}
