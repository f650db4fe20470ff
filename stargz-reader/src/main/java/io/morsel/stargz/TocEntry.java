package io.morsel.stargz;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One entry of a TOC, as the JSON has it. One object is filled again and again, so that a TOC of
 * millions of entries leaves none behind.
 */
final class TocEntry {
  String name = "";
  byte @Nullable [] nameBytes;
  String type = "";
  long size;
  String modtime = "";
  String linkName = "";
  byte @Nullable [] linkNameBytes;
  long mode;
  long uid;
  long gid;
  long offset;
  long innerOffset;
  long devMajor;
  long devMinor;
  String digest = "";
  long chunkOffset;
  long chunkSize;
  String chunkDigest = "";
  final List<byte[]> xattrNames = new ArrayList<>();
  final List<byte[]> xattrValues = new ArrayList<>();

  void clear() {
    name = "";
    nameBytes = null;
    type = "";
    size = 0;
    modtime = "";
    linkName = "";
    linkNameBytes = null;
    mode = 0;
    uid = 0;
    gid = 0;
    offset = 0;
    innerOffset = 0;
    devMajor = 0;
    devMinor = 0;
    digest = "";
    chunkOffset = 0;
    chunkSize = 0;
    chunkDigest = "";
    xattrNames.clear();
    xattrValues.clear();
  }

  /** The path's bytes: exact where the TOC has them apart, since JSON can't hold all of them. */
  byte[] path() {
    return nameBytes != null ? nameBytes : name.getBytes(StandardCharsets.UTF_8);
  }

  /** The bytes of the link's target. */
  byte[] linkPath() {
    return linkNameBytes != null ? linkNameBytes : linkName.getBytes(StandardCharsets.UTF_8);
  }

  /** The entry's name for a message. */
  String title() {
    return printable(name);
  }

  /** A string from a layer, made fit for a log line: short, and without control characters. */
  static String printable(String string) {
    var text = new StringBuilder("\"");
    string
        .codePoints()
        .limit(300)
        .forEach(
            c -> {
              if (c < ' '
                  || (c >= 0x7F && c < 0xA0)
                  || c == '"'
                  || Character.getType(c) == Character.FORMAT) {
                text.append("\\u%04x".formatted(c));
              } else {
                text.appendCodePoint(c);
              }
            });
    return text.append(string.length() > 300 ? "…\"" : "\"").toString();
  }
}
