package io.morsel.bench.net;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Finds the HTTP/1.1 requests in what one client sends, however the bytes are cut into pieces: with
 * bodies, chunked or not, on connections that are kept, and pipelined.
 *
 * <p>What is not HTTP/1 (TLS, HTTP/2) counts as no request from there on, and neither does a
 * request with a malformed length, nor what follows it. A client that announces a body, asks for
 * {@code 100-continue} and then leaves the body out would be misread if it went on with the
 * connection; Go's client, which containerd has, does not.
 *
 * <p>For use by one thread at a time.
 */
final class RequestParser {
  private enum State {
    REQUEST_LINE,
    HEADERS,
    BODY,
    CHUNK_SIZE,
    CHUNK,
    CHUNK_END,
    TRAILERS,
    NOT_HTTP
  }

  /** What is kept of a line: enough for the headers that matter, and for a method and version. */
  private static final int LINE_BYTES = 128;

  private static final String LENGTH = "content-length:";
  private static final String ENCODING = "transfer-encoding:";
  private static final String RANGE = "range:";

  private State state = State.REQUEST_LINE;

  /** The line's beginning, and its last bytes, where a request line has its version. */
  private final byte[] line = new byte[LINE_BYTES];

  private final byte[] lineEnd = new byte[16];
  private long lineBytes;
  private long bodyBytes;
  private boolean chunked;
  private String target = "";
  private String range = "";

  /**
   * Reads on.
   *
   * @param bytes what the client sent, from its position to its limit; neither is changed
   * @return the requests whose heads ended in it
   */
  List<RequestHead> feed(ByteBuffer bytes) {
    List<RequestHead> requests = new ArrayList<>(1);
    int at = bytes.position();
    int end = bytes.limit();
    while (at < end) {
      switch (state) {
        case NOT_HTTP -> at = end;
        case BODY, CHUNK -> {
          long skipped = Math.min(bodyBytes, end - at);
          at += (int) skipped;
          bodyBytes -= skipped;
          if (bodyBytes == 0) {
            state = state == State.BODY ? State.REQUEST_LINE : State.CHUNK_END;
          }
        }
        default -> {
          byte next = bytes.get(at++);
          if (next == '\n') {
            if (endLine()) {
              requests.add(new RequestHead(target, range));
            }
            lineBytes = 0;
          } else {
            keep(next);
          }
        }
      }
    }
    return requests;
  }

  private void keep(byte next) {
    if (lineBytes < line.length) {
      line[(int) lineBytes] = next;
    }
    lineEnd[(int) (lineBytes % lineEnd.length)] = next;
    lineBytes++;
  }

  /** Whether a request's head ended with this line. */
  private boolean endLine() {
    if (lineBytes > 0 && lineEnd[(int) ((lineBytes - 1) % lineEnd.length)] == '\r') {
      lineBytes--;
    }
    switch (state) {
      case REQUEST_LINE -> {
        // An empty line before a request is to be ignored (RFC 9112, 2.2).
        if (lineBytes > 0) {
          state = isRequestLine() ? State.HEADERS : State.NOT_HTTP;
          bodyBytes = 0;
          chunked = false;
          range = "";
          String[] words = beginning().split(" ", 3);
          target = words.length > 1 ? words[1] : "";
        }
      }
      case HEADERS -> {
        if (lineBytes == 0) {
          state = chunked ? State.CHUNK_SIZE : bodyBytes > 0 ? State.BODY : State.REQUEST_LINE;
          return true;
        }
        header();
      }
      case CHUNK_SIZE -> {
        bodyBytes = number(beginning().split(";", 2)[0], 16);
        state = bodyBytes < 0 ? State.NOT_HTTP : bodyBytes == 0 ? State.TRAILERS : State.CHUNK;
      }
      case CHUNK_END -> state = lineBytes == 0 ? State.CHUNK_SIZE : State.NOT_HTTP;
      case TRAILERS -> {
        if (lineBytes == 0) {
          state = State.REQUEST_LINE;
        }
      }
      default -> throw new IllegalStateException("no lines in state " + state);
    }
    return false;
  }

  private boolean isRequestLine() {
    String wanted = " HTTP/1.";
    // The version's last digit follows.
    long from = lineBytes - wanted.length() - 1;
    if (from < 1 || !Character.isUpperCase(line[0])) {
      return false;
    }
    for (int i = 0; i < wanted.length(); i++) {
      if (lineEnd[(int) ((from + i) % lineEnd.length)] != wanted.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private void header() {
    String header = beginning().toLowerCase(Locale.ROOT);
    if (header.startsWith(LENGTH)) {
      bodyBytes = number(header.substring(LENGTH.length()), 10);
      if (bodyBytes < 0) {
        state = State.NOT_HTTP;
      }
    } else if (header.startsWith(ENCODING)) {
      chunked = header.strip().endsWith("chunked");
    } else if (header.startsWith(RANGE)) {
      range = header.substring(RANGE.length()).strip();
    }
  }

  private String beginning() {
    return new String(line, 0, (int) Math.min(lineBytes, line.length), StandardCharsets.ISO_8859_1);
  }

  private static long number(String digits, int radix) {
    try {
      return Long.parseLong(digits.strip(), radix);
    } catch (NumberFormatException e) {
      return -1;
    }
  }
}
