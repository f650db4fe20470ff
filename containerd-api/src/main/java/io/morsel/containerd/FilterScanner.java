package io.morsel.containerd;

/**
 * Splits a filter into tokens.
 *
 * <p>Where one token ends is containerd's business, oddities included: clients are shown the place
 * at which their filter went wrong. What stands after an operator is a value, and is left to be one
 * until a separator or a plain value has come.
 */
final class FilterScanner {
  /** No more text. */
  static final int END = -1;

  /** A character that can be nowhere in a filter. */
  static final int ILLEGAL = -2;

  /** What a token is. */
  enum Kind {
    END,
    QUOTED,
    VALUE,
    FIELD,
    SEPARATOR,
    OPERATOR,
    ILLEGAL,
    OTHER
  }

  /** A token, with where it starts. */
  record Token(Kind kind, int position, String text) {}

  private final String input;

  /** Where the character that was read last starts, and where the next one does. */
  private int start;

  private int end;
  private boolean expectsValue;
  private String problem = "";

  FilterScanner(String input) {
    this.input = input;
  }

  /** The first thing that was wrong with the text itself; empty if nothing was. */
  String problem() {
    return problem;
  }

  /** Where the next character starts. */
  int position() {
    return end;
  }

  /** The next character, without passing it. */
  int peek() {
    int savedStart = start;
    int savedEnd = end;
    int c = next();
    start = savedStart;
    end = savedEnd;
    return c;
  }

  private int next() {
    if (start >= input.length()) {
      return END;
    }
    start = end;
    if (end == input.length()) {
      return END;
    }
    int c = input.codePointAt(end);
    end += Character.charCount(c);
    if (c == 0xfffd || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
      return illegal("rune error");
    }
    return c == 0 ? illegal("unexpected null") : c;
  }

  private int illegal(String what) {
    remember(what);
    return ILLEGAL;
  }

  private void remember(String what) {
    if (problem.isEmpty()) {
      problem = what;
    }
  }

  /** Passes the next token. */
  Token scan() {
    int c = next();
    while (isSpace(c)) {
      c = next();
    }
    int first = start;
    if (c == END) {
      return new Token(Kind.END, first, "");
    }
    if (c == ILLEGAL) {
      return new Token(Kind.ILLEGAL, first, "");
    }
    if (isQuote(c)) {
      return token(scanQuoted(c) ? Kind.QUOTED : Kind.ILLEGAL, first);
    }
    if (c == ',' || c == '.') {
      expectsValue = false;
      return token(Kind.SEPARATOR, first);
    }
    if (isOperator(c)) {
      while (isOperator(peek())) {
        next();
      }
      expectsValue = true;
      return token(Kind.OPERATOR, first);
    }
    if (expectsValue) {
      // Its first character may be one that could not follow.
      while (isValue(peek())) {
        next();
      }
      expectsValue = false;
      return token(Kind.VALUE, first);
    }
    if (isField(c)) {
      while (isField(peek())) {
        next();
      }
      return token(Kind.FIELD, first);
    }
    return new Token(Kind.OTHER, first, "");
  }

  private Token token(Kind kind, int first) {
    return new Token(kind, first, input.substring(first, end));
  }

  private boolean scanQuoted(int quote) {
    boolean legal = true;
    int c = next();
    while (c != quote) {
      if (c == '\n' || c < 0) {
        remember("quoted literal not terminated");
        return false;
      }
      if (c != '\\') {
        c = next();
        continue;
      }
      c = next();
      int digits = digitsOfEscape(c);
      if (digits > 0) {
        int radix = c >= '0' && c <= '7' ? 8 : 16;
        c = radix == 8 ? c : next();
        while (digits > 0 && isDigit(c, radix)) {
          c = next();
          digits--;
        }
        if (digits > 0) {
          remember("illegal numeric escape sequence");
          legal = false;
        }
      } else if (c == quote || "abfnrtv\\".indexOf(c) >= 0) {
        c = next();
      } else {
        // The character itself is looked at again: it may be the end.
        remember("illegal escape sequence");
        legal = false;
      }
    }
    return legal;
  }

  private static int digitsOfEscape(int c) {
    return switch (c) {
      case '0', '1', '2', '3', '4', '5', '6', '7' -> 3;
      case 'x' -> 2;
      case 'u' -> 4;
      case 'U' -> 8;
      default -> 0;
    };
  }

  private static boolean isDigit(int c, int radix) {
    return c >= '0' && c < 0x80 && Character.digit(c, radix) >= 0;
  }

  private static boolean isField(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }

  private static boolean isOperator(int c) {
    return c == '=' || c == '!' || c == '~';
  }

  private static boolean isQuote(int c) {
    return c == '"' || c == '/' || c == '|';
  }

  /** Unicode's white space, which is not what Java takes for it. */
  private static boolean isSpace(int c) {
    if (c < 0) {
      return false;
    }
    return (c >= '\t' && c <= '\r') || c == 0x85 || Character.isSpaceChar(c);
  }

  private static boolean isValue(int c) {
    if (c < 0 || c == ',' || isSpace(c)) {
      return false;
    }
    return switch (Character.getType(c)) {
      case Character.CONTROL, Character.FORMAT, Character.PRIVATE_USE, Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }
}
