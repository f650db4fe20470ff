package io.morsel.fuse;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;

/** The contract for the front end over libfuse 2. */
final class JnrMounterTest extends ServedViewContract {
  @BeforeAll
  static void needsLibfuse() {
    Assumptions.assumeTrue(
        Files.exists(Path.of("/lib/x86_64-linux-gnu/libfuse.so.2"))
            || Files.exists(Path.of("/lib/aarch64-linux-gnu/libfuse.so.2")),
        "this front end needs libfuse2");
  }

  @Override
  FuseMounter newMounter() {
    return new JnrMounter();
  }
}
