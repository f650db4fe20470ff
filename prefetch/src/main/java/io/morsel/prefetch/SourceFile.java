package io.morsel.prefetch;

import io.morsel.registry.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code source.json}: a {@link LayerSource} beside the layer. */
final class SourceFile {
  /** The file's name in a layer's directory. */
  static final String NAME = "source.json";

  private static final long MAX_BYTES = 64 << 10;
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private SourceFile() {}

  /** Writes the file into a directory that is not published yet, with which it is synced. */
  static void write(Path directory, LayerSource source) throws IOException {
    byte[] json =
        MAPPER
            .writerWithDefaultPrettyPrinter()
            .writeValueAsBytes(
                MAPPER
                    .createObjectNode()
                    .put("reference", source.reference())
                    .put("digest", source.digest().toString())
                    .put("sizeBytes", source.sizeBytes())
                    .put("tocDigest", source.tocDigest()));
    Files.write(directory.resolve(NAME), json);
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
    try {
      JsonNode json = MAPPER.readTree(Files.readAllBytes(file));
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
