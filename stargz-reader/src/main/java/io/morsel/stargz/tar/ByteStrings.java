package io.morsel.stargz.tar;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerFormatException.Kind;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Byte strings: bytes of no known encoding, kept in a {@link String} with one character for each
 * byte, so that they hash, compare and take one byte each.
 */
public final class ByteStrings {
  private ByteStrings() {}

  /** The byte string of these bytes. */
  public static String of(byte[] bytes) {
    return new String(bytes, ISO_8859_1);
  }

  /** The byte string of this text in UTF-8. */
  public static String ofText(String text) {
    return of(text.getBytes(UTF_8));
  }

  /** The bytes of this byte string. */
  public static byte[] bytes(String byteString) {
    return byteString.getBytes(ISO_8859_1);
  }

  /** Whether the bytes are valid UTF-8. */
  public static boolean isUtf8(String byteString) {
    if (isAscii(byteString)) {
      return true;
    }
    try {
      var _ = UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes(byteString)));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  /** The text that the bytes spell in UTF-8; what isn't valid is replaced. */
  public static String text(String byteString) {
    return isAscii(byteString) ? byteString : new String(bytes(byteString), UTF_8);
  }

  private static boolean isAscii(String byteString) {
    for (int i = 0; i < byteString.length(); i++) {
      if (byteString.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }

  /**
   * The path below the root that this spelling means: without leading, trailing and double slashes
   * and {@code .} components; empty for the root.
   *
   * @throws LayerFormatException if the path climbs above the root
   */
  public static String cleanPath(String path) throws LayerFormatException {
    if (isClean(path)) {
      return path;
    }
    Deque<String> kept = new ArrayDeque<>();
    int start = 0;
    while (start <= path.length()) {
      int slash = path.indexOf('/', start);
      int end = slash < 0 ? path.length() : slash;
      String component = path.substring(start, end);
      start = end + 1;
      switch (component) {
        case "", "." -> {}
        case ".." -> {
          if (kept.pollLast() == null) {
            throw new LayerFormatException(
                Kind.MALFORMED, "path " + text(path) + " leads out of the layer");
          }
        }
        default -> kept.addLast(component);
      }
    }
    return String.join("/", kept);
  }

  private static boolean isClean(String path) {
    int start = 0;
    while (start < path.length()) {
      int slash = path.indexOf('/', start);
      int end = slash < 0 ? path.length() : slash;
      int length = end - start;
      boolean dots = path.startsWith(".", start) && (length == 1 || path.startsWith("..", start));
      if (length == 0 || (dots && length <= 2) || end == path.length() - 1) {
        return false;
      }
      start = end + 1;
    }
    return true;
  }
}
