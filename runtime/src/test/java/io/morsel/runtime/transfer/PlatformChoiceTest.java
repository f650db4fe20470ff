package io.morsel.runtime.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.containerd.ContainerdException;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageIndex;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.Platform;
import io.morsel.runtime.transfer.PlatformChoice.Child;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class PlatformChoiceTest {
  private static final Descriptor AMD64 = manifest("linux/amd64");
  private static final Descriptor I386 = manifest("linux/386");
  private static final Descriptor ARM64 = manifest("linux/arm64");
  private static final Descriptor UNNAMED = manifest(null);
  private static final ImageIndex INDEX =
      new ImageIndex(MediaTypes.OCI_INDEX, List.of(I386, AMD64, ARM64, UNNAMED), Map.of());

  private static Descriptor manifest(@Nullable String platform) {
    byte[] content = String.valueOf(platform).getBytes(StandardCharsets.UTF_8);
    return Descriptor.of(MediaTypes.OCI_MANIFEST, content)
        .withPlatform(platform == null ? null : Platform.parse(platform));
  }

  private static PlatformChoice choice(boolean allMetadata, int limit, String... platforms) {
    return new PlatformChoice(
        List.of(platforms).stream().map(Platform::parse).toList(), allMetadata, limit);
  }

  @Test
  void withoutPlatformsAllAreWanted() throws Exception {
    assertThat(choice(false, 0).of(INDEX, "sha256:x"))
        .extracting(Child::descriptor)
        .containsExactly(I386, AMD64, ARM64, UNNAMED);
  }

  @Test
  void whatSuitsBestIsWantedAndWhatSaysNothing() throws Exception {
    assertThat(choice(false, 0, "linux/amd64").of(INDEX, "sha256:x"))
        .containsExactly(new Child(AMD64, false), new Child(UNNAMED, false));
    assertThat(choice(false, 0, "linux/arm64", "linux/amd64").of(INDEX, "sha256:x"))
        .extracting(Child::descriptor)
        .containsExactly(ARM64, AMD64, UNNAMED);
    ImageIndex only = new ImageIndex(MediaTypes.OCI_INDEX, List.of(I386), Map.of());
    assertThat(choice(false, 0, "linux/amd64").of(only, "sha256:x"))
        .containsExactly(new Child(I386, false));
  }

  @Test
  void limitKeepsTheBestAndMetadataOfTheOthers() throws Exception {
    assertThat(choice(true, 1, "linux/arm64").of(INDEX, "sha256:x"))
        .containsExactly(
            new Child(ARM64, false),
            new Child(I386, true),
            new Child(AMD64, true),
            new Child(UNNAMED, true));
  }

  @Test
  void indexWithoutThePlatformIsNotFound() {
    ImageIndex index = new ImageIndex(MediaTypes.OCI_INDEX, List.of(ARM64), Map.of());
    assertThatThrownBy(() -> choice(true, 0, "linux/s390x").of(index, "sha256:x"))
        .isInstanceOf(ContainerdException.class)
        .hasMessage(
            "no match for platform in manifest sha256:x: wanted [linux/s390x], is [linux/arm64]:"
                + " not found");
  }

  @Test
  void platformThatSaysNothingIsThisMachines() {
    assertThat(
            PlatformChoice.platform(io.morsel.containerd.api.types.Platform.getDefaultInstance()))
        .isEqualTo(Platform.current());
  }
}
