package io.morsel.containerd;

import io.morsel.containerd.Filter.Operator;
import io.morsel.containerd.Filter.Selector;
import io.morsel.containerd.FilterScanner.Kind;
import io.morsel.containerd.FilterScanner.Token;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads one filter.
 *
 * <pre>
 * filter   := selector ("," selector)*
 * selector := field ("." field)* [ ("==" | "!=" | "~=") value ]
 * field    := [A-Za-z0-9_]+ | quoted by "
 * value    := visible characters but comma | quoted by ", and after ~= also by / or |
 * </pre>
 *
 * <p>Quoted text has the escapes of Go's string literals. What is wrong is said in containerd's
 * words.
 */
final class FilterParser {
  private final String input;
  private final FilterScanner scanner;

  FilterParser(String input) {
    this.input = input;
    this.scanner = new FilterScanner(input);
  }

  List<Selector> parse() throws ContainerdException {
    List<Selector> selectors = new ArrayList<>();
    selectors.add(selector());
    for (int c = scanner.peek(); c != FilterScanner.END; c = scanner.peek()) {
      if (c != ',') {
        String shown = c == FilterScanner.ILLEGAL ? "\ufffd" : Character.toString(c);
        throw error(scanner.position(), "unexpected input: " + shown);
      }
      var _ = scanner.scan();
      selectors.add(selector());
    }
    return List.copyOf(selectors);
  }

  private Selector selector() throws ContainerdException {
    List<String> path = new ArrayList<>();
    path.add(field());
    while (scanner.peek() == '.') {
      var _ = scanner.scan();
      path.add(field());
    }
    int c = scanner.peek();
    if (c == FilterScanner.END || c == ',') {
      return Selector.of(path, Operator.PRESENT, "");
    }
    Operator operator = operator();
    return Selector.of(path, operator, value(operator == Operator.MATCHES));
  }

  private String field() throws ContainerdException {
    Token token = scanner.scan();
    return switch (token.kind()) {
      case FIELD -> token.text();
      case QUOTED -> unquoted(token, false);
      default -> throw unexpected(token, "expected field or quoted");
    };
  }

  private Operator operator() throws ContainerdException {
    Token token = scanner.scan();
    if (token.kind() != Kind.OPERATOR) {
      throw unexpected(token, "expected an operator (\"==\"|\"!=\"|\"~=\")");
    }
    return switch (token.text()) {
      case "==" -> Operator.EQUAL;
      case "!=" -> Operator.NOT_EQUAL;
      case "~=" -> Operator.MATCHES;
      default -> throw error(token.position(), "unsupported operator \"" + token.text() + "\"");
    };
  }

  private String value(boolean otherQuotes) throws ContainerdException {
    Token token = scanner.scan();
    return switch (token.kind()) {
      case VALUE, FIELD -> token.text();
      case QUOTED -> unquoted(token, otherQuotes);
      default -> throw unexpected(token, "expected value or quoted");
    };
  }

  private ContainerdException unexpected(Token token, String expected) {
    return error(token.position(), token.kind() == Kind.ILLEGAL ? scanner.problem() : expected);
  }

  /** What quoted text stands for; the scanner has seen to it that its escapes are whole. */
  private String unquoted(Token token, boolean otherQuotes) throws ContainerdException {
    String text = token.text();
    if (text.charAt(0) != '"' && !otherQuotes) {
      throw error(token.position(), "invalid quote encountered");
    }
    // Escapes may spell single bytes of a character.
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int end = text.length() - 1;
    int i = 1;
    while (i < end) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      if (c != '\\') {
        write(c, bytes);
        continue;
      }
      char escape = text.charAt(i++);
      switch (escape) {
        case 'a' -> bytes.write(0x07);
        case 'b' -> bytes.write('\b');
        case 'f' -> bytes.write('\f');
        case 'n' -> bytes.write('\n');
        case 'r' -> bytes.write('\r');
        case 't' -> bytes.write('\t');
        case 'v' -> bytes.write(0x0b);
        case '0', '1', '2', '3', '4', '5', '6', '7' -> {
          bytes.write((int) number(token, i - 1, 3, 8, 0xff));
          i += 2;
        }
        case 'x' -> {
          bytes.write((int) number(token, i, 2, 16, 0xff));
          i += 2;
        }
        case 'u', 'U' -> {
          int digits = escape == 'u' ? 4 : 8;
          character(token, i, digits, bytes);
          i += digits;
        }
        // A backslash, or the quote.
        default -> bytes.write(escape);
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private void character(Token token, int from, int digits, ByteArrayOutputStream bytes)
      throws ContainerdException {
    long value = Long.parseLong(token.text(), from, from + digits, 16);
    if (value > Integer.MAX_VALUE) {
      // A negative number to containerd, of which it takes the last byte.
      bytes.write((int) value);
    } else {
      write((int) number(token, from, digits, 16, Character.MAX_CODE_POINT), bytes);
    }
  }

  private long number(Token token, int from, int digits, int radix, long most)
      throws ContainerdException {
    long value = Long.parseLong(token.text(), from, from + digits, radix);
    if (value > most) {
      throw error(token.position(), "unquoting failed: quote syntax error");
    }
    return value;
  }

  private static void write(int codePoint, ByteArrayOutputStream bytes) {
    boolean surrogate =
        codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
    bytes.writeBytes(
        Character.toString(surrogate ? 0xfffd : codePoint).getBytes(StandardCharsets.UTF_8));
  }

  /** One byte is pointed at, whatever character it is part of. */
  private ContainerdException error(int position, String why) {
    byte[] bytes = input.getBytes(StandardCharsets.UTF_8);
    int at = input.substring(0, position).getBytes(StandardCharsets.UTF_8).length;
    String shown =
        at < bytes.length
            ? text(bytes, 0, at)
                + " >|"
                + text(bytes, at, at + 1)
                + "|< "
                + text(bytes, at + 1, bytes.length)
            : input;
    return new ContainerdException(
        ErrorClass.INVALID_ARGUMENT, "filters: parse error: [" + shown + "]: " + why);
  }

  private static String text(byte[] bytes, int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.UTF_8);
  }
}
