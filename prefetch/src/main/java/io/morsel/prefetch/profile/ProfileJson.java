package io.morsel.prefetch.profile;

import io.morsel.registry.Digest;
import java.io.ByteArrayOutputStream;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * A profile as JSON: {@code mediaType}, {@code image}, {@code layers}, and {@code starts}, each
 * with its {@code time} and its {@code uses}. These are arrays of a layer's number and then pairs
 * of offset and length in its blob, in bytes; a new array begins where the layer changes.
 *
 * <p>Profiles come from registries and files that others wrote: whatever they say is bounded here.
 * Properties that are not known are skipped.
 */
public final class ProfileJson {
  /** The largest profile that is read or written, in bytes. */
  public static final int MAX_BYTES = 2 << 20;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(16)
                  .maxStringLength(4_096)
                  .maxNameLength(256)
                  .maxNumberLength(32)
                  .maxDocumentLength(MAX_BYTES)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private ProfileJson() {}

  /** Writes a profile; of one that is too large, the oldest starts are left out. */
  public static byte[] write(ImageProfile profile) {
    for (int starts = profile.starts().size(); ; starts--) {
      byte[] json = write(profile, profile.starts().subList(0, starts));
      if (json.length <= MAX_BYTES || starts == 0) {
        return json;
      }
    }
  }

  private static byte[] write(ImageProfile profile, List<RecordedStart> starts) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json =
        JSON.createGenerator(ObjectWriteContext.empty(), bytes, JsonEncoding.UTF8)) {
      json.writeStartObject();
      json.writeStringProperty("mediaType", ImageProfile.MEDIA_TYPE);
      json.writeStringProperty("image", profile.image().toString());
      json.writeArrayPropertyStart("layers");
      profile.layers().forEach(layer -> json.writeString(layer.toString()));
      json.writeEndArray();
      json.writeArrayPropertyStart("starts");
      for (RecordedStart start : starts) {
        json.writeStartObject();
        json.writeStringProperty("time", start.time().toString());
        json.writeArrayPropertyStart("uses");
        write(json, start.uses());
        json.writeEndArray();
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    return bytes.toByteArray();
  }

  private static void write(JsonGenerator json, List<ChunkUse> uses) {
    int layer = -1;
    for (ChunkUse use : uses) {
      if (use.layer() != layer) {
        if (layer >= 0) {
          json.writeEndArray();
        }
        layer = use.layer();
        json.writeStartArray();
        json.writeNumber(layer);
      }
      json.writeNumber(use.blobOffset());
      json.writeNumber(use.blobBytes());
    }
    if (layer >= 0) {
      json.writeEndArray();
    }
  }

  /**
   * Reads a profile.
   *
   * @throws ProfileFormatException if it is none, or larger than its bounds
   */
  public static ImageProfile parse(byte[] json) throws ProfileFormatException {
    if (json.length > MAX_BYTES) {
      throw new ProfileFormatException("it is larger than " + MAX_BYTES + " bytes");
    }
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
      return new ProfileJson.Reader(parser).profile();
    } catch (JacksonException e) {
      throw new ProfileFormatException("no valid JSON: " + e.getOriginalMessage());
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new ProfileFormatException(String.valueOf(e.getMessage()));
    }
  }

  /** Reads token by token: a tree of nodes would take many times the document's size. */
  private static final class Reader {
    private final JsonParser parser;
    private @Nullable Digest image;
    private final List<Digest> layers = new ArrayList<>();
    private final List<RecordedStart> starts = new ArrayList<>();

    Reader(JsonParser parser) {
      this.parser = parser;
    }

    ImageProfile profile() throws ProfileFormatException {
      boolean known = false;
      expect(parser.nextToken(), JsonToken.START_OBJECT, "the document");
      for (String name = parser.nextName(); name != null; name = parser.nextName()) {
        JsonToken value = parser.nextToken();
        switch (name) {
          case "mediaType" -> {
            expect(value, JsonToken.VALUE_STRING, name);
            known = parser.getString().equals(ImageProfile.MEDIA_TYPE);
          }
          case "image" -> {
            expect(value, JsonToken.VALUE_STRING, name);
            image = Digest.parse(parser.getString());
          }
          case "layers" -> layers(value);
          case "starts" -> starts(value);
          default -> parser.skipChildren();
        }
      }
      expect(parser.currentToken(), JsonToken.END_OBJECT, "the document");
      if (parser.nextToken() != null) {
        throw new ProfileFormatException("something follows the document");
      }
      Digest found = image;
      if (!known || found == null) {
        throw new ProfileFormatException(
            known ? "it names no image" : "its mediaType is not " + ImageProfile.MEDIA_TYPE);
      }
      return new ImageProfile(found, layers, starts);
    }

    private void layers(JsonToken value) throws ProfileFormatException {
      expect(value, JsonToken.START_ARRAY, "layers");
      while (parser.nextToken() == JsonToken.VALUE_STRING) {
        if (layers.size() == ImageProfile.MAX_LAYERS) {
          throw new ProfileFormatException("it has more than " + layers.size() + " layers");
        }
        layers.add(Digest.parse(parser.getString()));
      }
      expect(parser.currentToken(), JsonToken.END_ARRAY, "layers");
    }

    private void starts(JsonToken value) throws ProfileFormatException {
      expect(value, JsonToken.START_ARRAY, "starts");
      while (parser.nextToken() == JsonToken.START_OBJECT) {
        if (starts.size() == ImageProfile.MAX_STARTS) {
          throw new ProfileFormatException("it has more than " + starts.size() + " starts");
        }
        starts.add(start());
      }
      expect(parser.currentToken(), JsonToken.END_ARRAY, "starts");
    }

    private RecordedStart start() throws ProfileFormatException {
      Instant time = Instant.EPOCH;
      List<ChunkUse> uses = new ArrayList<>();
      for (String name = parser.nextName(); name != null; name = parser.nextName()) {
        JsonToken value = parser.nextToken();
        switch (name) {
          case "time" -> {
            expect(value, JsonToken.VALUE_STRING, name);
            time = Instant.parse(parser.getString());
          }
          case "uses" -> {
            expect(value, JsonToken.START_ARRAY, name);
            while (parser.nextToken() == JsonToken.START_ARRAY) {
              uses(uses);
            }
            expect(parser.currentToken(), JsonToken.END_ARRAY, name);
          }
          default -> parser.skipChildren();
        }
      }
      expect(parser.currentToken(), JsonToken.END_OBJECT, "a start");
      return new RecordedStart(time, uses);
    }

    private void uses(List<ChunkUse> uses) throws ProfileFormatException {
      expect(parser.nextToken(), JsonToken.VALUE_NUMBER_INT, "a layer's number");
      int layer = parser.getIntValue();
      while (parser.nextToken() == JsonToken.VALUE_NUMBER_INT) {
        long offset = parser.getLongValue();
        expect(parser.nextToken(), JsonToken.VALUE_NUMBER_INT, "a length");
        if (uses.size() == RecordedStart.MAX_USES) {
          throw new ProfileFormatException("a start has more than " + uses.size() + " uses");
        }
        uses.add(new ChunkUse(layer, offset, parser.getLongValue()));
      }
      expect(parser.currentToken(), JsonToken.END_ARRAY, "uses");
    }

    private static void expect(@Nullable JsonToken token, JsonToken expected, String what)
        throws ProfileFormatException {
      if (token != expected) {
        throw new ProfileFormatException(
            "'%s' is %s where %s should be"
                .formatted(what, token == null ? "the end" : token, expected));
      }
    }
  }
}
