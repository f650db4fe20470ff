package io.morsel.integration;

import io.morsel.bench.host.Directories;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.host.Uninterrupted;
import io.morsel.bench.node.Core;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;

/** {@code morsel run} against a core that stays, and no containerd. */
class CoreRunIT extends RunTests {
  private @Nullable Path directory;
  private @Nullable Core core;

  @Override
  void start() throws IOException {
    directory = Files.createTempDirectory(Path.of("/tmp"), "morsel-it-");
    core = Core.start(Node.CHECKOUT, directory);
  }

  @AfterAll
  void stop() {
    if (directory != null) {
      Path used = directory;
      Uninterrupted.run(
          () -> {
            if (core != null) {
              core.close();
            }
          },
          () -> Mounts.detachBelow(used),
          () -> Directories.delete(used));
    }
  }

  @Override
  Path socket() {
    return Objects.requireNonNull(core).socket();
  }

  @Override
  Path directory() {
    return Objects.requireNonNull(directory);
  }
}
