package io.morsel.prefetch;

import io.morsel.registry.Digest;
import io.morsel.registry.JsonTree;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;

/** {@code source.json}: a {@link LayerSource} beside the layer. */
final class SourceFile {
  /** The file's name in a layer's directory. */
  static final String NAME = "source.json";

  private static final long MAX_BYTES = 64 << 10;
  private static final JsonFactory JSON = new JsonFactory();

  private SourceFile() {}

  /** Writes the file into a directory that is not published yet, with which it is synced. */
  static void write(Path directory, LayerSource source) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json =
        JSON.createGenerator(ObjectWriteContext.empty(), bytes, JsonEncoding.UTF8)) {
      json.writeStartObject();
      json.writeStringProperty("reference", source.reference());
      json.writeStringProperty("digest", source.digest().toString());
      json.writeNumberProperty("sizeBytes", source.sizeBytes());
      json.writeStringProperty("tocDigest", source.tocDigest());
      json.writeEndObject();
    }
    Files.write(directory.resolve(NAME), bytes.toByteArray());
  }

  /**
   * Reads the file.
   *
   * @throws java.nio.file.NoSuchFileException if there is none
   */
  static LayerSource read(Path directory) throws IOException {
    Path file = directory.resolve(NAME);
    if (Files.size(file) > MAX_BYTES) {
      throw new IOException(file + " is damaged: it is too large");
    }
    try (JsonParser parser =
        JSON.createParser(ObjectReadContext.empty(), Files.readAllBytes(file))) {
      JsonNode json = JsonTree.read(parser);
      return new LayerSource(
          json.required("reference").stringValue(),
          Digest.parse(json.required("digest").stringValue()),
          json.required("sizeBytes").longValue(),
          json.required("tocDigest").stringValue());
    } catch (JacksonException | IllegalArgumentException e) {
      throw new IOException(
          file + " is damaged: " + e.getMessage() + "; remove its directory to start over", e);
    }
  }
}
