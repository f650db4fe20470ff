package io.morsel.prefetch.profile;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.registry.Digest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProfileStoreTest {
  @TempDir private Path root;

  private static ImageProfile profile(int number) {
    return ImageProfile.empty(Digest.of(new byte[] {(byte) number}))
        .with(
            List.of(Digest.of(new byte[] {99})),
            new RecordedStart(Instant.ofEpochSecond(number), List.of(new ChunkUse(0, 5, 6))),
            false);
  }

  @Test
  void keepsTheProfilesThatWereUsedLast() throws Exception {
    ProfileStore store = new ProfileStore(root, 3);
    for (int i = 0; i < 3; i++) {
      store.write(profile(i));
      Files.setLastModifiedTime(store.file(profile(i).image()), FileTime.fromMillis(1_000L * i));
    }
    store.used(profile(0).image());
    store.write(profile(3));
    assertThat(store.read(profile(0).image())).contains(profile(0));
    assertThat(store.read(profile(1).image())).isEmpty();
    assertThat(store.read(profile(2).image())).contains(profile(2));
    assertThat(store.read(profile(3).image())).contains(profile(3));
    try (var files = Files.list(root.resolve("profiles"))) {
      assertThat(files).hasSize(3);
    }
  }

  @Test
  void whatIsDamagedOrOfAnotherImageCountsAsNone() throws Exception {
    ProfileStore store = new ProfileStore(root, 10);
    store.write(profile(1));
    Path file = store.file(profile(1).image());
    Files.copy(file, store.file(profile(2).image()));
    assertThat(store.read(profile(2).image())).isEmpty();
    Files.write(file, new byte[] {'{'});
    assertThat(store.read(profile(1).image())).isEmpty();
    Files.write(file, new byte[ProfileJson.MAX_BYTES + 1]);
    assertThat(store.read(profile(1).image())).isEmpty();
    store.write(profile(1));
    assertThat(store.read(profile(1).image())).contains(profile(1));
  }
}
