package io.morsel.cli.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AbandonedFifosTest {
  @TempDir Path directory;

  private List<Path> made() throws IOException {
    try (var all = Files.list(directory)) {
      return all.toList();
    }
  }

  @Test
  void whatNobodyHasOpenIsDeletedAndNothingElse() throws Exception {
    Instant later = Instant.now().plusSeconds(60);
    try (Fifos held = Fifos.create(directory, "c", true, false);
        Fifos other = Fifos.create(directory, "c2", false, false)) {
      other.connected();
      // Open here, as by who has just made them.
      AbandonedFifos.delete(directory, "c", later);
      assertThat(made()).hasSize(2);
      held.connected();
      // Young ones may be opened in a moment.
      AbandonedFifos.delete(directory, "c", Instant.now().minusSeconds(60));
      assertThat(made()).hasSize(2);
      AbandonedFifos.delete(directory, "c", later);
      assertThat(made()).containsExactly(Path.of(other.stdout()).getParent());
      assertThat(Path.of(other.stdout())).exists();
    }
    AbandonedFifos.delete(directory.resolve("none"), "c", later);
  }
}
