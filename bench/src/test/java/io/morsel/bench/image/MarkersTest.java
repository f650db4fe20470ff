package io.morsel.bench.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MarkersTest {
  private static final List<StoredImage> IMAGES =
      List.of(new StoredImage("bench/some:plain", "sha256:00", 12));

  @TempDir Path directory;

  private Markers markers() {
    return new Markers(directory.resolve("complete"), directory.resolve("storage"));
  }

  private void store() throws IOException {
    Path tag =
        directory.resolve(
            "storage/docker/registry/v2/repositories/bench/some/_manifests/tags/plain/current");
    Files.createDirectories(tag);
    Files.writeString(tag.resolve("link"), "sha256:00");
  }

  @Test
  void onlyWhatIsStoredAndOfTheSameRecipeIsFound() throws IOException {
    markers().put("some", "recipe", IMAGES);
    assertThat(markers().find("some", "recipe")).as("the storage is gone").isEmpty();
    store();
    assertThat(markers().find("some", "recipe")).contains(IMAGES);
    assertThat(markers().find("some", "other recipe")).isEmpty();
    assertThat(markers().find("other", "recipe")).isEmpty();
  }

  @Test
  void whatIsBeingWrittenIsNotFound() throws IOException {
    store();
    assertThat(markers().clear("some")).as("nothing was there").isFalse();
    markers().put("some", "recipe", IMAGES);
    assertThat(markers().clear("some")).isTrue();
    assertThat(markers().find("some", "recipe")).isEmpty();
  }
}
