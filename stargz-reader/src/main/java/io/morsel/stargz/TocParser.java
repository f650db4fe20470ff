package io.morsel.stargz;

import io.morsel.stargz.LayerFormatException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads a TOC's JSON as a stream, entry by entry; see {@code docs/estargz.md} of the
 * stargz-snapshotter project for its fields. Unknown fields are skipped.
 *
 * <p>Two fields are Morsel's own: {@code nameBytes} and {@code linkNameBytes} hold in base64 what
 * {@code name} and {@code linkName} can't, because it is not valid UTF-8.
 */
final class TocParser {
  /** Names and attribute values in JSON are never longer, even with every byte escaped. */
  private static final int MAX_STRING = 6 << 20;

  private final JsonParser json;
  private final LayerLimits limits;
  private final Sink sink;
  private final TocEntry entry = new TocEntry();
  private int entries;

  private TocParser(JsonParser json, LayerLimits limits, Sink sink) {
    this.json = json;
    this.limits = limits;
    this.sink = sink;
  }

  /** Receives a TOC's entries in their order. */
  @FunctionalInterface
  interface Sink {
    /**
     * Receives one entry.
     *
     * @param entry only valid during the call
     */
    void entry(TocEntry entry) throws LayerFormatException;
  }

  /**
   * Reads the whole TOC.
   *
   * @throws LayerFormatException if it is no TOC, or exceeds the limits
   */
  static void parse(InputStream toc, LayerLimits limits, Sink sink) throws IOException {
    JsonFactory factory =
        JsonFactory.builder()
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(16)
                    .maxNameLength(1 << 10)
                    .maxNumberLength(32)
                    .maxStringLength(MAX_STRING)
                    .maxDocumentLength(limits.maxTocBytes())
                    .build())
            .build();
    try (JsonParser json = factory.createParser(ObjectReadContext.empty(), toc)) {
      new TocParser(json, limits, sink).toc();
    } catch (JacksonIOException e) {
      throw e.getCause();
    } catch (JacksonException e) {
      throw new LayerFormatException(
          Kind.MALFORMED, "the TOC is not the JSON it should be: " + e.getOriginalMessage(), e);
    }
  }

  private void toc() throws LayerFormatException {
    expect(json.nextToken(), JsonToken.START_OBJECT, "an object");
    boolean found = false;
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String field = json.currentName();
      JsonToken value = json.nextToken();
      switch (field) {
        case "version" -> {
          if (number(value, field) != 1) {
            throw malformed("has version " + json.getLongValue() + ", and only 1 is known");
          }
        }
        case "entries" -> {
          if (found) {
            throw malformed("has two lists of entries");
          }
          found = true;
          if (value != JsonToken.VALUE_NULL) {
            expect(value, JsonToken.START_ARRAY, "a list in \"entries\"");
            entries();
          }
        }
        default -> json.skipChildren();
      }
    }
    expect(json.currentToken(), JsonToken.END_OBJECT, "the object's end");
    if (!found) {
      throw malformed("has no \"entries\"");
    }
  }

  private void entries() throws LayerFormatException {
    while (json.nextToken() != JsonToken.END_ARRAY) {
      entry();
    }
  }

  /** Reads one entry, by a method of its own: what is called often is compiled soon. */
  private void entry() throws LayerFormatException {
    expect(json.currentToken(), JsonToken.START_OBJECT, "an object as entry");
    if (++entries > limits.maxEntries()) {
      throw new LayerFormatException(
          Kind.TOO_LARGE, "the TOC has more than " + limits.maxEntries() + " entries");
    }
    entry.clear();
    JsonToken token;
    while ((token = json.nextToken()) == JsonToken.PROPERTY_NAME) {
      field(json.currentName(), json.nextToken());
    }
    expect(token, JsonToken.END_OBJECT, "the end of an entry");
    sink.entry(entry);
  }

  private void field(String field, JsonToken value) throws LayerFormatException {
    switch (field) {
      case "name" -> text(value, field, entry.name);
      case "nameBytes" -> entry.nameBytes = bytes(value, field);
      case "type" -> text(value, field, entry.type);
      case "size" -> entry.size = number(value, field);
      case "modtime" -> text(value, field, entry.modtime);
      case "linkName" -> text(value, field, entry.linkName);
      case "linkNameBytes" -> entry.linkNameBytes = bytes(value, field);
      case "mode" -> entry.mode = number(value, field);
      case "uid" -> entry.uid = number(value, field);
      case "gid" -> entry.gid = number(value, field);
      case "offset" -> entry.offset = number(value, field);
      case "innerOffset" -> entry.innerOffset = number(value, field);
      case "devMajor" -> entry.devMajor = number(value, field);
      case "devMinor" -> entry.devMinor = number(value, field);
      case "digest" -> text(value, field, entry.digest);
      case "chunkOffset" -> entry.chunkOffset = number(value, field);
      case "chunkSize" -> entry.chunkSize = number(value, field);
      case "chunkDigest" -> text(value, field, entry.chunkDigest);
      case "xattrs" -> xattrs(value);
      default -> json.skipChildren();
    }
  }

  private void xattrs(JsonToken value) throws LayerFormatException {
    entry.xattrNames.clear();
    entry.xattrValues.clear();
    if (value == JsonToken.VALUE_NULL) {
      return;
    }
    expect(value, JsonToken.START_OBJECT, "an object in \"xattrs\"");
    long total = 0;
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      byte[] name = json.currentName().getBytes(StandardCharsets.UTF_8);
      JsonToken token = json.nextToken();
      byte[] content = token == JsonToken.VALUE_NULL ? new byte[0] : bytes(token, "xattrs");
      total += name.length + content.length;
      if (total > limits.maxXattrBytes()) {
        throw new LayerFormatException(
            Kind.TOO_LARGE,
            "the extended attributes of %s take more than %d bytes"
                .formatted(entry.title(), limits.maxXattrBytes()));
      }
      entry.xattrNames.add(name);
      entry.xattrValues.add(content);
    }
    expect(json.currentToken(), JsonToken.END_OBJECT, "the end of \"xattrs\"");
  }

  private void text(JsonToken value, String field, TocText target) throws LayerFormatException {
    if (value != JsonToken.VALUE_STRING) {
      throw unexpected("a string in \"" + field + "\"");
    }
    target.set(json.getStringCharacters(), json.getStringOffset(), json.getStringLength());
  }

  private byte[] bytes(JsonToken value, String field) throws LayerFormatException {
    if (value != JsonToken.VALUE_STRING) {
      throw unexpected("base64 in \"" + field + "\"");
    }
    return json.getBinaryValue();
  }

  private long number(JsonToken value, String field) throws LayerFormatException {
    if (value != JsonToken.VALUE_NUMBER_INT) {
      throw unexpected("an integer in \"" + field + "\"");
    }
    return json.getLongValue();
  }

  private void expect(JsonToken actual, JsonToken expected, String what)
      throws LayerFormatException {
    if (actual != expected) {
      throw unexpected(what);
    }
  }

  private LayerFormatException unexpected(String expected) {
    return malformed(
        "should have %s at line %d, column %d"
            .formatted(
                expected,
                json.currentTokenLocation().getLineNr(),
                json.currentTokenLocation().getColumnNr()));
  }

  private static LayerFormatException malformed(String what) {
    return new LayerFormatException(Kind.MALFORMED, "the TOC " + what);
  }
}
