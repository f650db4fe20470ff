package io.morsel.containerd;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import java.util.List;

/** Any text is a filter or is refused as one; nothing else is thrown, and nothing loops. */
final class FilterFuzzTest {
  @FuzzTest(maxDuration = "30s")
  void parse(@NotNull String text) {
    try {
      boolean matched = Filter.parse(List.of(text)).matches(path -> path.getFirst());
      assertThat(matched).isIn(true, false);
    } catch (ContainerdException e) {
      assertThat(e.errorClass()).isEqualTo(ErrorClass.INVALID_ARGUMENT);
    }
  }
}
