package io.morsel.stargz.tar;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerFormatException.Kind;
import java.io.ByteArrayOutputStream;
import java.util.LinkedHashMap;
import java.util.Map;

/** The records of a PAX extended header, as in POSIX.1-2001 {@code pax}; byte strings. */
final class PaxRecords {
  static final String PATH = "path";
  static final String LINK_PATH = "linkpath";
  static final String SIZE = "size";
  static final String USER_ID = "uid";
  static final String GROUP_ID = "gid";
  static final String USER_NAME = "uname";
  static final String GROUP_NAME = "gname";
  static final String MTIME = "mtime";

  /** Says in which encoding names are; names are kept as bytes here. */
  static final String HEADER_CHARSET = "hdrcharset";

  /** What stands before the name of an extended attribute. */
  static final String XATTR = "SCHILY.xattr.";

  /** What stands before everything that describes GNU tar's sparse files. */
  static final String GNU_SPARSE = "GNU.sparse.";

  /** Offset and length of each part, made from the pairs of records of sparse format 0.0. */
  static final String GNU_SPARSE_MAP = "GNU.sparse.map";

  private static final String GNU_SPARSE_OFFSET = "GNU.sparse.offset";
  private static final String GNU_SPARSE_BYTES = "GNU.sparse.numbytes";

  private PaxRecords() {}

  /**
   * Reads records; a later one replaces an earlier one.
   *
   * @throws LayerFormatException if a record's length is wrong or its key is missing
   */
  static Map<String, String> parse(byte[] data) throws LayerFormatException {
    Map<String, String> records = new LinkedHashMap<>();
    StringBuilder sparse = new StringBuilder();
    int start = 0;
    while (start < data.length) {
      int digits = start;
      int length = 0;
      while (digits < data.length && data[digits] >= '0' && data[digits] <= '9') {
        length = length * 10 + (data[digits] - '0');
        if (length > data.length) {
          throw malformed("longer than its header", start);
        }
        digits++;
      }
      int end = start + length;
      int key = digits + 1;
      if (digits == start
          || digits == data.length
          || data[digits] != ' '
          || end > data.length
          || key >= end
          || data[end - 1] != '\n') {
        throw malformed("of wrong length", start);
      }
      int equals = key;
      while (equals < end && data[equals] != '=') {
        equals++;
      }
      if (equals == end || equals == key) {
        throw malformed("without a key", start);
      }
      String name = new String(data, key, equals - key, ISO_8859_1);
      String value = new String(data, equals + 1, end - 1 - (equals + 1), ISO_8859_1);
      if (name.equals(GNU_SPARSE_OFFSET) || name.equals(GNU_SPARSE_BYTES)) {
        sparse.append(sparse.isEmpty() ? "" : ",").append(value);
      } else {
        records.put(name, value);
      }
      start = end;
    }
    if (!sparse.isEmpty()) {
      records.put(GNU_SPARSE_MAP, sparse.toString());
    }
    return records;
  }

  private static LayerFormatException malformed(String what, int at) {
    return new LayerFormatException(
        Kind.MALFORMED, "PAX header with a record %s at byte %d".formatted(what, at));
  }

  /** Writes records in the order of the map. */
  static byte[] format(Map<String, String> records) {
    var out = new ByteArrayOutputStream();
    records.forEach(
        (key, value) -> {
          int content = key.length() + value.length() + 3; // space, equals sign, newline
          int length = content + Integer.toString(content).length();
          length = content + Integer.toString(length).length();
          out.writeBytes((length + " " + key + "=" + value + "\n").getBytes(ISO_8859_1));
        });
    return out.toByteArray();
  }
}
