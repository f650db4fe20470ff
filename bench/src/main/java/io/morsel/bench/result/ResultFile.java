package io.morsel.bench.result;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Results as JSON files. */
public final class ResultFile {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
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
    try {
      // The schema comes first: what another one has is not held against this one's fields.
      JsonNode tree = JSON.readTree(Files.readString(file));
      JsonNode schema = tree.path("schema");
      if (schema.isIntegralNumber() && schema.longValue() != BenchResult.SCHEMA) {
        throw new IOException(
            "%s: its schema is %s, and this bench reads %d: make it again"
                .formatted(file, schema, BenchResult.SCHEMA));
      }
      if (!schema.isIntegralNumber()) {
        throw new IOException(file + ": not a result of ./bench/run: it has no schema");
      }
      return JSON.treeToValue(tree, BenchResult.class);
    } catch (NoSuchFileException e) {
      throw new IOException(file + ": there is no such file", e);
    } catch (CharacterCodingException e) {
      throw new IOException(file + ": not a result of ./bench/run: not UTF-8", e);
    } catch (JacksonException e) {
      throw new IOException(file + ": not a result of ./bench/run: " + e.getOriginalMessage(), e);
    }
  }
}
