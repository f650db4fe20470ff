package io.morsel.stargz.writer;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.stargz.GzipChunkDecoder;
import io.morsel.stargz.ListedChunks;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.TreeSet;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** Reads a blob by the letter of the specification, to check what the writer wrote. */
final class StargzFile {
  private final byte[] blob;
  private final long tocOffset;
  private final byte[] tocJson;
  private final List<Map<String, Object>> entries;

  StargzFile(byte[] blob, int footerBytes) throws IOException {
    this.blob = blob;
    byte[] footer = Arrays.copyOfRange(blob, blob.length - footerBytes, blob.length);
    int value = footerBytes == 51 ? 16 : 12;
    assertThat(new String(footer, value + 16, 6, US_ASCII)).isEqualTo("STARGZ");
    tocOffset = Long.parseLong(new String(footer, value, 16, US_ASCII), 16);
    byte[] tail = gunzip(Arrays.copyOfRange(blob, (int) tocOffset, blob.length - footerBytes));
    assertThat(new String(tail, 0, 17, US_ASCII)).isEqualTo("stargz.index.json");
    int size = Integer.parseInt(new String(tail, 124, 11, US_ASCII), 8);
    tocJson = Arrays.copyOfRange(tail, 512, 512 + size);
    try (JsonParser parser = new JsonFactory().createParser(ObjectReadContext.empty(), tocJson)) {
      parser.nextToken();
      @SuppressWarnings("unchecked")
      Map<String, Object> toc = (Map<String, Object>) value(parser);
      assertThat(toc.get("version")).isEqualTo(1L);
      @SuppressWarnings("unchecked")
      List<Map<String, Object>> list = (List<Map<String, Object>>) toc.get("entries");
      entries = Objects.requireNonNull(list);
    }
  }

  byte[] tocJson() {
    return tocJson;
  }

  List<Map<String, Object>> entries() {
    return entries;
  }

  Map<String, Object> entry(String name) {
    return entries.stream()
        .filter(entry -> name.equals(entry.get("name")) && !"chunk".equals(entry.get("type")))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no entry " + name));
  }

  List<String> names() {
    return entries.stream()
        .filter(entry -> !"chunk".equals(entry.get("type")))
        .map(entry -> (String) entry.get("name"))
        .toList();
  }

  static long number(Map<String, Object> entry, String key) {
    return entry.containsKey(key) ? (Long) entry.get(key) : 0;
  }

  /** The content of every regular file, each chunk decoded by itself; in the order of the TOC. */
  List<byte[]> files() throws IOException {
    var offsets = new TreeSet<Long>(List.of(tocOffset));
    entries.forEach(
        entry -> {
          if (entry.containsKey("chunkDigest") || entry.containsKey("offset")) {
            offsets.add(number(entry, "offset"));
          }
        });
    List<byte[]> files = new ArrayList<>();
    for (int i = 0; i < entries.size(); i++) {
      if (!"reg".equals(entries.get(i).get("type"))) {
        continue;
      }
      long size = number(entries.get(i), "size");
      var content = new ByteArrayOutputStream();
      for (int j = i; content.size() < size; j++) {
        Map<String, Object> chunk = entries.get(j);
        assertThat(chunk.get("type")).isEqualTo(j == i ? "reg" : "chunk");
        assertThat(chunk.get("name")).isEqualTo(entries.get(i).get("name"));
        assertThat(number(chunk, "chunkOffset")).isEqualTo(content.size());
        long length = number(chunk, "chunkSize");
        content.writeBytes(
            chunk(
                number(chunk, "offset"),
                number(chunk, "innerOffset"),
                (int) (length == 0 ? size - content.size() : length),
                (String) chunk.get("chunkDigest"),
                offsets));
      }
      files.add(content.toByteArray());
    }
    return files;
  }

  private byte[] chunk(
      long offset, long inner, int length, @Nullable String digest, NavigableSet<Long> offsets)
      throws IOException {
    Long next = offsets.higher(offset);
    assertThat(next).isNotNull();
    var chunks =
        new ListedChunks()
            .add(
                new ListedChunks.Chunk(
                    0,
                    length,
                    offset,
                    next - offset,
                    inner,
                    digest == null ? "0".repeat(64) : digest.substring("sha256:".length())));
    ByteBuffer content = ByteBuffer.allocate(length);
    new GzipChunkDecoder(chunks, chunk -> "test")
        .decode(0, ByteBuffer.wrap(blob, (int) offset, (int) (next - offset)), content);
    return content.array();
  }

  static byte[] gunzip(byte[] bytes) throws IOException {
    try (var in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
      return in.readAllBytes();
    }
  }

  private static Object value(JsonParser parser) {
    return switch (parser.currentToken()) {
      case START_OBJECT -> {
        Map<String, Object> object = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String key = parser.currentName();
          parser.nextToken();
          object.put(key, value(parser));
        }
        yield object;
      }
      case START_ARRAY -> {
        List<Object> array = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          array.add(value(parser));
        }
        yield array;
      }
      case VALUE_STRING -> parser.getString();
      case VALUE_NUMBER_INT -> parser.getLongValue();
      default -> throw new AssertionError("unexpected " + parser.currentToken());
    };
  }
}
