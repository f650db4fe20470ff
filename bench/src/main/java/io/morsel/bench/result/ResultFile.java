package io.morsel.bench.result;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Results as JSON files. */
public final class ResultFile {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  private ResultFile() {}

  /** Writes a result; the file is there in full or not at all. */
  public static void write(Path file, BenchResult result) throws IOException {
    replace(file, JSON.writeValueAsString(result) + "\n");
  }

  /** Writes a text to a file, which is there in full or not at all. */
  public static void replace(Path file, String text) throws IOException {
    Path absolute = file.toAbsolutePath();
    Path part = absolute.resolveSibling(absolute.getFileName() + ".part");
    try {
      Files.writeString(part, text, StandardCharsets.UTF_8);
      try {
        Files.move(part, absolute, StandardCopyOption.ATOMIC_MOVE);
      } catch (AtomicMoveNotSupportedException e) {
        Files.move(part, absolute, StandardCopyOption.REPLACE_EXISTING);
      }
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /**
   * Reads a result.
   *
   * @throws IOException if there is none, or it is not one; the message names the file
   */
  public static BenchResult read(Path file) throws IOException {
    BenchResult result;
    try {
      result = JSON.readValue(Files.readString(file), BenchResult.class);
    } catch (NoSuchFileException e) {
      throw new IOException(file + ": there is no such file", e);
    } catch (JacksonException e) {
      throw new IOException(file + ": not a result of ./bench/run: " + e.getOriginalMessage(), e);
    }
    if (result.schema() != BenchResult.SCHEMA) {
      throw new IOException(
          "%s: its schema is %d, and this bench reads %d: make it again"
              .formatted(file, result.schema(), BenchResult.SCHEMA));
    }
    return result;
  }
}
