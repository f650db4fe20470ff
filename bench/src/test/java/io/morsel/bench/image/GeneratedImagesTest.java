package io.morsel.bench.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Command;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GeneratedImagesTest {
  @Test
  void aLayerHasAsManyEntriesAsItSays() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (TarComposer tar = new TarComposer(out)) {
      GeneratedImages.composeEntries(2_345, tar);
    }
    Map<String, byte[]> files = TarFiles.read(out.toByteArray());
    // The root of all is not counted.
    assertThat(files).hasSize(2_345 + 1);
    assertThat(files.values().stream().filter(content -> content.length > 0).count())
        .isBetween(250L, 330L);
  }

  @Test
  void pagesAllDiffer() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Content.numberedPages(3, 100, out);
    ByteBuffer pages = ByteBuffer.wrap(out.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(pages.remaining()).isEqualTo(100 * Content.PAGE_BYTES);
    for (int page = 0; page < 100; page++) {
      assertThat(pages.getLong(page * Content.PAGE_BYTES)).isEqualTo(page + 1);
    }
  }

  @Test
  void theLargeProgramTouchesAllOfItself(@TempDir Path directory) throws IOException {
    Path program = program(directory, 300);
    assertThat(Files.size(program)).isEqualTo(301 * Content.PAGE_BYTES);
    assertThat(Command.of(program).succeed()).isEqualTo(PageReader.output(300) + "\n");
  }

  @Test
  void theLargeProgramSeesAWrongPage(@TempDir Path directory) throws IOException {
    Path program = program(directory, 300);
    byte[] bytes = Files.readAllBytes(program);
    bytes[200 * Content.PAGE_BYTES]++;
    Files.write(program, bytes);
    Command.Result result = Command.of(program).run();
    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.text()).isEmpty();
  }

  private static Path program(Path directory, long pages) throws IOException {
    Path program = directory.resolve("program");
    try (OutputStream out = Files.newOutputStream(program)) {
      new PageReader(Architecture.OF_THIS_MACHINE, pages).writeTo(5, out);
    }
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    return program;
  }

  @ParameterizedTest
  @EnumSource
  void everyWorkloadChecksItsOutput(Size size) {
    assertThat(Workloads.cold(size))
        .isNotEmpty()
        .allSatisfy(
            workload -> {
              assertThat(workload.accepts("")).isFalse();
              assertThat(workload.command(8080)).doesNotContain(Workload.PORT);
            });
    assertThat(Workloads.cold(size)).extracting(Workload::name).doesNotHaveDuplicates();
  }
}
