package io.morsel.stargz.writer;

import io.morsel.stargz.LayerFormat;
import io.morsel.stargz.tar.ByteStrings;
import io.morsel.stargz.tar.TarEntry;
import io.morsel.stargz.tar.TarType;
import java.io.OutputStream;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Writes the TOC, as in the eStargz specification, section "TOC, TOCEntries and Footer".
 *
 * <p>JSON can't spell names that are not UTF-8: {@code name} and {@code linkName} then are lossy,
 * and {@code nameBytes} and {@code linkNameBytes} hold the bytes in base64, which readers that
 * don't know them pass over.
 */
final class TocJson {
  /** The TOC's name in the tar. */
  static final String FILE_NAME = "stargz.index.json";

  /**
   * An entry that was written.
   *
   * @param chunks its content; none of what is empty, or no regular file
   * @param digest of the file, as {@code sha256:…}; null where one chunk or none makes the file
   */
  record Written(TarEntry entry, List<Member.Chunk> chunks, @Nullable String digest) {
    /** The digest of the whole file. */
    String fileDigest() {
      if (digest != null) {
        return digest;
      }
      return Hashes.spelled(chunks.isEmpty() ? Hashes.sha256().digest() : chunks.getFirst().sha256);
    }
  }

  private static final JsonFactory JSON = new JsonFactory();

  /** RFC 3339 knows the years 1 to 9999. */
  private static final long MIN_SECONDS = Instant.parse("0001-01-01T00:00:00Z").getEpochSecond();

  private static final long MAX_SECONDS = Instant.parse("9999-12-31T23:59:59Z").getEpochSecond();

  private final boolean chunkDigests;
  private final Map<Long, String> lastUserNames = new HashMap<>();
  private final Map<Long, String> lastGroupNames = new HashMap<>();
  private final JsonGenerator json;

  private TocJson(LayerFormat format, OutputStream target) {
    chunkDigests = format == LayerFormat.ESTARGZ;
    json = JSON.createGenerator(ObjectWriteContext.empty(), target, JsonEncoding.UTF8);
  }

  /** Writes the TOC of these entries; the same entries always give the same bytes. */
  static void write(LayerFormat format, List<Written> entries, OutputStream target) {
    TocJson toc = new TocJson(format, target);
    try (JsonGenerator json = toc.json) {
      json.writeStartObject();
      json.writeNumberProperty("version", 1);
      json.writeArrayPropertyStart("entries");
      entries.forEach(toc::write);
      json.writeEndArray();
      json.writeEndObject();
    }
  }

  private void write(Written written) {
    TarEntry entry = written.entry;
    json.writeStartObject();
    writeByteString("name", entry.name());
    json.writeStringProperty("type", entry.type().tocName());
    if (entry.sizeBytes() > 0) {
      json.writeNumberProperty("size", entry.sizeBytes());
    }
    boolean epoch = entry.mtimeSeconds() == 0 && entry.mtimeNanos() == 0;
    if (!epoch && entry.mtimeSeconds() >= MIN_SECONDS && entry.mtimeSeconds() <= MAX_SECONDS) {
      json.writeStringProperty(
          "modtime", Instant.ofEpochSecond(entry.mtimeSeconds(), entry.mtimeNanos()).toString());
    }
    if (entry.type().isLink()) {
      writeByteString("linkName", entry.linkName());
    }
    json.writeNumberProperty("mode", entry.mode());
    json.writeNumberProperty("uid", entry.userId());
    json.writeNumberProperty("gid", entry.groupId());
    writeIfChanged("userName", lastUserNames, entry.userId(), entry.userName());
    writeIfChanged("groupName", lastGroupNames, entry.groupId(), entry.groupName());
    if (entry.type().isDevice()) {
      json.writeNumberProperty("devMajor", entry.deviceMajor());
      json.writeNumberProperty("devMinor", entry.deviceMinor());
    }
    if (!entry.xattrs().isEmpty()) {
      json.writeObjectPropertyStart("xattrs");
      entry
          .xattrs()
          .forEach(
              (name, value) ->
                  json.writeBinaryProperty(ByteStrings.text(name), ByteStrings.bytes(value)));
      json.writeEndObject();
    }
    if (entry.type() == TarType.REGULAR) {
      json.writeStringProperty("digest", written.fileDigest());
    }
    List<Member.Chunk> chunks = written.chunks;
    if (!chunks.isEmpty()) {
      writeChunk(chunks.getFirst(), chunks.size() == 1);
    }
    json.writeEndObject();
    for (int i = 1; i < chunks.size(); i++) {
      json.writeStartObject();
      writeByteString("name", entry.name());
      json.writeStringProperty("type", "chunk");
      json.writeNumberProperty("chunkOffset", chunks.get(i).fileOffset);
      writeChunk(chunks.get(i), i == chunks.size() - 1);
      json.writeEndObject();
    }
  }

  /** What {@code reg} and {@code chunk} entries have in common; the last chunk goes to the end. */
  private void writeChunk(Member.Chunk chunk, boolean last) {
    json.writeNumberProperty("offset", chunk.member.blobOffset());
    if (chunk.innerOffset > 0) {
      json.writeNumberProperty("innerOffset", chunk.innerOffset);
    }
    if (!last) {
      json.writeNumberProperty("chunkSize", chunk.length);
    }
    if (chunkDigests) {
      json.writeStringProperty("chunkDigest", Hashes.spelled(chunk.sha256));
    }
  }

  /** A name that an earlier entry gave for the same id is left out, as other writers do. */
  private void writeIfChanged(String key, Map<Long, String> last, long id, String name) {
    if (!name.isEmpty() && !name.equals(last.put(id, name))) {
      json.writeStringProperty(key, ByteStrings.text(name));
    }
  }

  private void writeByteString(String key, String byteString) {
    json.writeStringProperty(key, ByteStrings.text(byteString));
    if (!ByteStrings.isUtf8(byteString)) {
      json.writeBinaryProperty(key + "Bytes", ByteStrings.bytes(byteString));
    }
  }
}
