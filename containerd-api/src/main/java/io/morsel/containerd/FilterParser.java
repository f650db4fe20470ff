package io.morsel.containerd;

import io.morsel.containerd.Filter.Operator;
import io.morsel.containerd.Filter.Selector;
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
 * <p>Quoted text has the escapes of Go's string literals.
 */
final class FilterParser {
  private static final int END = -1;

  private final String input;
  private int position;

  FilterParser(String input) {
    this.input = input;
  }

  List<Selector> parse() throws ContainerdException {
    List<Selector> selectors = new ArrayList<>();
    selectors.add(selector());
    while (peek() != END) {
      if (peek() != ',') {
        throw error("unexpected input");
      }
      next();
      selectors.add(selector());
    }
    return List.copyOf(selectors);
  }

  private Selector selector() throws ContainerdException {
    List<String> path = new ArrayList<>();
    path.add(field());
    while (peek() == '.') {
      next();
      path.add(field());
    }
    if (peek() == END || peek() == ',') {
      return Selector.of(path, Operator.PRESENT, "");
    }
    Operator operator = operator();
    return Selector.of(path, operator, value(operator == Operator.MATCHES));
  }

  private String field() throws ContainerdException {
    skipSpace();
    if (isQuote(peek())) {
      return quoted(false);
    }
    int start = position;
    while (isFieldCharacter(peek())) {
      next();
    }
    if (position == start) {
      throw error("expected a field's name or quoted text");
    }
    return input.substring(start, position);
  }

  private Operator operator() throws ContainerdException {
    skipSpace();
    int start = position;
    while (isOperatorCharacter(peek())) {
      next();
    }
    String text = input.substring(start, position);
    return switch (text) {
      case "==" -> Operator.EQUAL;
      case "!=" -> Operator.NOT_EQUAL;
      case "~=" -> Operator.MATCHES;
      default -> {
        position = start;
        throw error(
            text.isEmpty()
                ? "expected an operator (\"==\"|\"!=\"|\"~=\")"
                : "unsupported operator \"" + text + "\"");
      }
    };
  }

  private String value(boolean otherQuotes) throws ContainerdException {
    skipSpace();
    int first = peek();
    if (isQuote(first)) {
      return quoted(otherQuotes);
    }
    if (first == END || first == ',' || first == '.' || isOperatorCharacter(first)) {
      throw error("expected a value or quoted text");
    }
    int start = position;
    while (isValueCharacter(peek())) {
      next();
    }
    if (position == start) {
      throw error("expected a value or quoted text");
    }
    return input.substring(start, position);
  }

  private String quoted(boolean otherQuotes) throws ContainerdException {
    int quote = peek();
    if (quote != '"' && !otherQuotes) {
      throw error("this quote is only for regular expressions");
    }
    next();
    // Escapes may spell single bytes of a character.
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    while (peek() != quote) {
      int c = peek();
      if (c == END || c == '\n') {
        throw error("quoted text does not end");
      }
      next();
      if (c == '\\') {
        escape(quote, bytes);
      } else {
        write(c, bytes);
      }
    }
    next();
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private void escape(int quote, ByteArrayOutputStream bytes) throws ContainerdException {
    int c = peek();
    switch (c) {
      case 'a' -> single(0x07, bytes);
      case 'b' -> single('\b', bytes);
      case 'f' -> single('\f', bytes);
      case 'n' -> single('\n', bytes);
      case 'r' -> single('\r', bytes);
      case 't' -> single('\t', bytes);
      case 'v' -> single(0x0b, bytes);
      case '\\' -> single('\\', bytes);
      case '0', '1', '2', '3', '4', '5', '6', '7' -> {
        long value = digits(3, 8);
        if (value > 0xff) {
          throw error("an octal escape is at most \\377");
        }
        bytes.write((int) value);
      }
      case 'x' -> {
        next();
        bytes.write((int) digits(2, 16));
      }
      case 'u' -> {
        next();
        character(digits(4, 16), bytes);
      }
      case 'U' -> {
        next();
        character(digits(8, 16), bytes);
      }
      default -> {
        if (c != quote) {
          throw error("unknown escape");
        }
        single(c, bytes);
      }
    }
  }

  private void single(int value, ByteArrayOutputStream bytes) throws ContainerdException {
    next();
    bytes.write(value);
  }

  private void character(long value, ByteArrayOutputStream bytes) throws ContainerdException {
    if (value > Character.MAX_CODE_POINT) {
      throw error("no such character");
    }
    boolean surrogate = value >= Character.MIN_SURROGATE && value <= Character.MAX_SURROGATE;
    write(surrogate ? 0xfffd : (int) value, bytes);
  }

  private long digits(int count, int radix) throws ContainerdException {
    long value = 0;
    for (int i = 0; i < count; i++) {
      int c = peek();
      int digit = c > 0 && c < 0x80 ? Character.digit(c, radix) : -1;
      if (digit < 0) {
        throw error("malformed numeric escape");
      }
      value = value * radix + digit;
      next();
    }
    return value;
  }

  private static void write(int codePoint, ByteArrayOutputStream bytes) {
    bytes.writeBytes(Character.toString(codePoint).getBytes(StandardCharsets.UTF_8));
  }

  private void skipSpace() throws ContainerdException {
    while (peek() != END && Character.isWhitespace(peek())) {
      next();
    }
  }

  private int peek() throws ContainerdException {
    if (position >= input.length()) {
      return END;
    }
    int c = input.codePointAt(position);
    if (c == 0 || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
      throw error("unexpected character");
    }
    return c;
  }

  private void next() {
    position += Character.charCount(input.codePointAt(position));
  }

  private static boolean isFieldCharacter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }

  private static boolean isOperatorCharacter(int c) {
    return c == '=' || c == '!' || c == '~';
  }

  private static boolean isQuote(int c) {
    return c == '"' || c == '/' || c == '|';
  }

  private static boolean isValueCharacter(int c) {
    if (c == END || c == ',' || Character.isWhitespace(c) || Character.isSpaceChar(c)) {
      return false;
    }
    return switch (Character.getType(c)) {
      case Character.CONTROL, Character.FORMAT, Character.PRIVATE_USE, Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }

  private ContainerdException error(String why) {
    String shown =
        position < input.length()
            ? input.substring(0, position)
                + " >|"
                + Character.toString(input.codePointAt(position))
                + "|< "
                + input.substring(position + Character.charCount(input.codePointAt(position)))
            : input;
    return new ContainerdException(
        ErrorClass.INVALID_ARGUMENT, "filters: parse error: [" + shown + "]: " + why);
  }
}
