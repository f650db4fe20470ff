package io.morsel.bench.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ResultFileTest {
  @TempDir Path directory;

  private static BenchResult result() {
    CellKey key = new CellKey("cold", "local", "a \"b\" ü", "morsel", "total_millis", "ms");
    return new BenchResult(
        BenchResult.SCHEMA,
        "0123abc",
        "2026-11-24T21:14:05Z",
        1234,
        "./bench/run --quick",
        Map.of("--net", "local"),
        new Machine("cpu", 2, 25_000_000_000L, "6.18", "Debian", Map.of("java", "25")),
        List.of(
            Cell.of(key, List.of(Sample.of(1, 0.1), Sample.voided(2, "no output"))),
            Cell.of(
                new CellKey("cold", "local", "w", "peer", "total_bytes", "bytes"),
                List.of(Sample.voided(1, "not lazy")))),
        List.of("shared cores"));
  }

  @Test
  void whatIsWrittenIsRead() throws IOException {
    Path file = directory.resolve("result.json");
    ResultFile.write(file, result());

    assertThat(ResultFile.read(file)).isEqualTo(result());
    assertThat(directory).isDirectoryContaining(path -> path.equals(file));
    assertThat(directory.toFile().list()).hasSize(1);
  }

  @Test
  void replacesWhatWasThere() throws IOException {
    Path file = Files.writeString(directory.resolve("result.json"), "something longer than that");
    ResultFile.replace(file, "short");

    assertThat(file).hasContent("short");
  }

  @Test
  void missingFile() {
    fails(directory.resolve("none.json"), "there is no such file");
  }

  @Test
  void notJson() throws IOException {
    fails(file("cold start: 3 s"), "not a result of ./bench/run");
  }

  @Test
  void jsonOfSomethingElse() throws IOException {
    fails(file("null"), "not a result of ./bench/run");
    fails(file("[1, 2]"), "not a result of ./bench/run");
    fails(file("{\"name\": 1}"), "it has no schema");
    fails(file("{\"schema\": 1}"), "not a result of ./bench/run");
  }

  @Test
  void notUtf8() throws IOException {
    fails(
        Files.write(directory.resolve("image.json"), new byte[] {(byte) 0xFF, (byte) 0xD8}),
        "not a result of ./bench/run");
  }

  @Test
  void anotherSchemaWhateverElseItHas() throws IOException {
    fails(file("{\"schema\": 2}"), "its schema is 2, and this bench reads 1");
  }

  @Test
  void partsThatAreMissing() throws IOException {
    Path file = directory.resolve("result.json");
    ResultFile.write(file, result());
    String whole = Files.readString(file);
    for (String part : List.of("cells", "machine", "samples", "mode", "value", "cpu")) {
      fails(file(whole.replace("\"" + part + "\"", "\"other\"")), "not a result of ./bench/run");
    }
  }

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("wrong.json"), text);
  }

  private static void fails(Path file, String why) {
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> ResultFile.read(file))
        .withMessageStartingWith(file + ": ")
        .withMessageContaining(why);
  }
}
