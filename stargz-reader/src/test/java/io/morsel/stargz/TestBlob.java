package io.morsel.stargz;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;

/**
 * Composes layers member by member, and their TOCs entry by entry, so that tests can make any that
 * a writer would not. Shares no code with the writer of this module: each checks the other.
 */
final class TestBlob {
  private final ByteArrayOutputStream content = new ByteArrayOutputStream();
  private final List<String> entries = new ArrayList<>();

  /** Adds a gzip member; what follows the payload stands for padding and tar headers. */
  long member(byte[]... payloads) {
    long offset = content.size();
    var all = new ByteArrayOutputStream();
    for (byte[] payload : payloads) {
      all.writeBytes(payload);
    }
    content.writeBytes(gzip(all.toByteArray()));
    return offset;
  }

  /** Adds an entry: names and values by turns; numbers, strings, and raw JSON in a {@link Raw}. */
  TestBlob entry(Object... fields) {
    var json = new StringBuilder("{");
    for (int i = 0; i < fields.length; i += 2) {
      json.append(i == 0 ? "" : ",").append(quote((String) fields[i])).append(':');
      Object value = fields[i + 1];
      json.append(value instanceof String text ? quote(text) : value.toString());
    }
    entries.add(json.append('}').toString());
    return this;
  }

  /** JSON to be written as it is. */
  record Raw(String json) {
    @Override
    public String toString() {
      return json;
    }
  }

  /** Adds a file in chunks, each a gzip member of its own, with digests of chunks and file. */
  TestBlob file(String name, byte[] bytes, int chunkBytes, Object... more) {
    for (int from = 0; from == 0 || from < bytes.length; from += chunkBytes) {
      byte[] chunk = Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + chunkBytes));
      boolean last = from + chunkBytes >= bytes.length;
      long offset = chunk.length == 0 ? 0 : member(chunk, last ? new byte[700] : new byte[0]);
      var fields = new ArrayList<Object>(List.of("name", name));
      fields.addAll(
          from == 0
              ? List.of("type", "reg", "size", bytes.length, "digest", sha256(bytes))
              : List.of("type", "chunk"));
      if (from == 0) {
        fields.addAll(Arrays.asList(more));
      }
      if (chunk.length > 0) {
        fields.addAll(List.of("offset", offset, "chunkDigest", sha256(chunk)));
        fields.addAll(List.of("chunkOffset", from, "chunkSize", last ? 0 : chunk.length));
      }
      entry(fields.toArray());
    }
    return this;
  }

  String toc() {
    return "{\"version\":1,\"entries\":[\n" + String.join(",\n", entries) + "]}";
  }

  String tocDigest() {
    return sha256(toc().getBytes(StandardCharsets.UTF_8));
  }

  /** The layer, with this TOC and the footer of the format. */
  byte[] bytes(String toc, LayerFormat format) {
    byte[] json = toc.getBytes(StandardCharsets.UTF_8);
    byte[] header = new byte[512];
    System.arraycopy("stargz.index.json".getBytes(StandardCharsets.US_ASCII), 0, header, 0, 17);
    byte[] size = "%011o".formatted(json.length).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(size, 0, header, 124, 11);
    var blob = new ByteArrayOutputStream();
    blob.writeBytes(content.toByteArray());
    long offset = blob.size();
    var tar = new ByteArrayOutputStream();
    tar.writeBytes(header);
    tar.writeBytes(json);
    tar.writeBytes(new byte[1024 + (512 - json.length % 512) % 512]);
    blob.writeBytes(gzip(tar.toByteArray()));
    blob.writeBytes(footer("%016x".formatted(offset), format));
    return blob.toByteArray();
  }

  byte[] bytes() {
    return bytes(toc(), LayerFormat.ESTARGZ);
  }

  /** A footer with these 16 digits. */
  static byte[] footer(String digits, LayerFormat format) {
    String extra =
        switch (format) {
          case ESTARGZ -> "1a0053471600";
          case STARGZ -> "1600";
        };
    String hex =
        "1f8b08040000000000ff"
            + extra
            + HexFormat.of().formatHex((digits + "STARGZ").getBytes(StandardCharsets.US_ASCII))
            + "010000ffff"
            + "0000000000000000";
    return HexFormat.of().parseHex(hex);
  }

  static String sha256(byte[] bytes) {
    try {
      return "sha256:"
          + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  static Raw base64(byte[] bytes) {
    return new Raw('"' + Base64.getEncoder().encodeToString(bytes) + '"');
  }

  static byte[] gzip(byte[] bytes) {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
    return out.toByteArray();
  }

  private static String quote(String text) {
    var json = new StringBuilder("\"");
    text.chars()
        .forEach(
            c -> {
              if (c < ' ' || c == '"' || c == '\\') {
                json.append("\\u%04x".formatted(c));
              } else {
                json.append((char) c);
              }
            });
    return json.append('"').toString();
  }

  /** A layer in memory that counts the requests it gets. */
  static final class Memory implements LayerBlob {
    private final byte[] bytes;
    int requests;

    Memory(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public long sizeBytes() {
      return bytes.length;
    }

    @Override
    public InputStream open(long offsetBytes, long lengthBytes) {
      requests++;
      Objects.checkFromIndexSize(offsetBytes, lengthBytes, (long) bytes.length);
      return new ByteArrayInputStream(bytes, (int) offsetBytes, (int) lengthBytes);
    }
  }
}
