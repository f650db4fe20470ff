package io.morsel.runtime.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.stargz.tar.TarEntry;
import io.morsel.stargz.tar.TarHeaders;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints as tars. */
final class CheckpointArchiveTest {
  @TempDir private Path directory;

  @Test
  void whatIsWrittenIsReadAgain() throws Exception {
    Path from = Files.createDirectories(directory.resolve("from"));
    Files.createDirectories(from.resolve("sub/empty"));
    Files.writeString(from.resolve("sub/pages"), "x".repeat(100_000));
    Files.writeString(from.resolve("inventory"), "i");
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    CheckpointArchive.write(from, tar);
    Path to = Files.createDirectory(directory.resolve("to"));
    CheckpointArchive.extract(new ByteArrayInputStream(tar.toByteArray()), to);
    assertThat(to.resolve("sub/pages")).hasSameTextualContentAs(from.resolve("sub/pages"));
    assertThat(to.resolve("inventory")).hasContent("i");
    assertThat(to.resolve("sub/empty")).isEmptyDirectory();
    CheckpointArchive.deleteTree(to);
    assertThat(to).doesNotExist();
  }

  @Test
  void nothingButFilesAndDirectoriesIsTaken() throws Exception {
    Path from = Files.createDirectories(directory.resolve("from"));
    Files.createSymbolicLink(from.resolve("link"), Path.of("/etc/passwd"));
    assertThatThrownBy(() -> CheckpointArchive.write(from, new ByteArrayOutputStream()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("neither file nor directory");
  }

  @Test
  void aHostileTarDoesNotLeaveItsDirectory() throws Exception {
    Path to = Files.createDirectory(directory.resolve("to"));
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    TarHeaders.write(TarEntry.file("../out", 0600, 0), tar);
    tar.writeBytes(new byte[TarHeaders.END_BYTES]);
    assertThatThrownBy(
            () -> CheckpointArchive.extract(new ByteArrayInputStream(tar.toByteArray()), to))
        .isInstanceOf(IOException.class);
    assertThat(directory.resolve("out")).doesNotExist();
  }
}
