package io.morsel.registry;

import java.io.IOException;
import okhttp3.MediaType;
import okhttp3.Response;
import okio.BufferedSource;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a request for several ranges: a part for each (RFC 9110, section 14.6; RFC 2046,
 * section 5.1). Only the parts' heads are read here.
 */
final class MultipartRanges {
  private static final long MAX_LINE_BYTES = 8 << 10;
  private static final int MAX_HEAD_LINES = 32;

  private final BufferedSource source;
  private final String delimiter;

  private MultipartRanges(BufferedSource source, String boundary) {
    this.source = source;
    this.delimiter = "--" + boundary;
  }

  /** The parts of this answer; null if it is in no parts. */
  static @Nullable MultipartRanges of(Response response) {
    MediaType type = response.body().contentType();
    if (type == null || !type.type().equals("multipart") || !type.subtype().equals("byteranges")) {
      return null;
    }
    String boundary = type.parameter("boundary");
    return boundary == null ? null : new MultipartRanges(response.body().source(), boundary);
  }

  /** What follows. */
  BufferedSource source() {
    return source;
  }

  /**
   * Reads up to where the next part's bytes begin.
   *
   * @return which bytes they are; null if that can't be told
   */
  @Nullable ContentRange next() throws IOException {
    boolean begun = false;
    ContentRange range = null;
    for (int i = 0; i < MAX_HEAD_LINES; i++) {
      String line = source.readUtf8LineStrict(MAX_LINE_BYTES);
      if (!begun) {
        // A line break belongs to the delimiter, and some begin with one.
        if (!line.isEmpty() && !line.stripTrailing().equals(delimiter)) {
          return null;
        }
        begun = !line.isEmpty();
      } else if (line.isEmpty()) {
        return range;
      } else if (line.regionMatches(true, 0, "Content-Range:", 0, 14)) {
        range = ContentRange.parse(line.substring(14));
      }
    }
    return null;
  }
}
