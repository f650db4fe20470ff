package io.morsel.stargz;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One entry of a TOC, as the JSON has it. One object is filled again and again, so that a TOC of
 * millions of entries leaves none behind.
 */
final class TocEntry {
  final TocText name = new TocText();
  byte @Nullable [] nameBytes;
  final TocText type = new TocText();
  long size;
  final TocText modtime = new TocText();
  final TocText linkName = new TocText();
  byte @Nullable [] linkNameBytes;
  long mode;
  long uid;
  long gid;
  long offset;
  long innerOffset;
  long devMajor;
  long devMinor;
  final TocText digest = new TocText();
  long chunkOffset;
  long chunkSize;
  final TocText chunkDigest = new TocText();
  final List<byte[]> xattrNames = new ArrayList<>();
  final List<byte[]> xattrValues = new ArrayList<>();

  void clear() {
    name.clear();
    nameBytes = null;
    type.clear();
    size = 0;
    modtime.clear();
    linkName.clear();
    linkNameBytes = null;
    mode = 0;
    uid = 0;
    gid = 0;
    offset = 0;
    innerOffset = 0;
    devMajor = 0;
    devMinor = 0;
    digest.clear();
    chunkOffset = 0;
    chunkSize = 0;
    chunkDigest.clear();
    xattrNames.clear();
    xattrValues.clear();
  }

  /** The path's bytes: exact where the TOC has them apart, since JSON can't hold all of them. */
  byte[] path() {
    return nameBytes != null ? nameBytes : name.utf8();
  }

  /** The bytes of the link's target. */
  byte[] linkPath() {
    return linkNameBytes != null ? linkNameBytes : linkName.utf8();
  }

  /** The entry's name for a message. */
  String title() {
    return printable(name);
  }

  /** A string from a layer, made fit for a log line: short, and without control characters. */
  static String printable(CharSequence string) {
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
