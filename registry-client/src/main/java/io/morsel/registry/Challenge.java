package io.morsel.registry;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One way to authenticate that a WWW-Authenticate header offers (RFC 9110, section 11.6.1).
 *
 * @param scheme the scheme's name in lower case, such as {@code bearer}
 * @param parameters the parameters by their names in lower case
 */
record Challenge(String scheme, Map<String, String> parameters) {
  private static final int MAX_HEADER_CHARS = 16 << 10;

  Challenge {
    parameters = Map.copyOf(parameters);
  }

  /** All challenges of these header values; what is malformed is passed over, never an error. */
  static List<Challenge> parseAll(List<String> headers) {
    List<Challenge> challenges = new ArrayList<>();
    for (String header : headers) {
      if (header.length() <= MAX_HEADER_CHARS) {
        new Parser(header).parse(challenges);
      }
    }
    return challenges;
  }

  static @Nullable Challenge find(List<Challenge> challenges, String scheme) {
    for (Challenge challenge : challenges) {
      if (challenge.scheme.equals(scheme)) {
        return challenge;
      }
    }
    return null;
  }

  /** A parser that always moves on, so that it ends for every input. */
  private static final class Parser {
    private final String text;
    private int at;

    Parser(String text) {
      this.text = text;
    }

    void parse(List<Challenge> challenges) {
      String scheme = null;
      Map<String, String> parameters = new LinkedHashMap<>();
      while (at < text.length()) {
        skip(" \t,");
        String word = token();
        if (word.isEmpty()) {
          at++;
          continue;
        }
        int afterWord = at;
        skip(" \t");
        if (at < text.length() && text.charAt(at) == '=' && scheme != null) {
          at++;
          skip(" \t");
          parameters.putIfAbsent(word.toLowerCase(Locale.ROOT), value());
        } else {
          at = afterWord;
          if (scheme != null) {
            challenges.add(new Challenge(scheme, parameters));
          }
          scheme = word.toLowerCase(Locale.ROOT);
          parameters = new LinkedHashMap<>();
        }
      }
      if (scheme != null) {
        challenges.add(new Challenge(scheme, parameters));
      }
    }

    private void skip(String characters) {
      while (at < text.length() && characters.indexOf(text.charAt(at)) >= 0) {
        at++;
      }
    }

    private String token() {
      int start = at;
      while (at < text.length() && " \t,=\"".indexOf(text.charAt(at)) < 0) {
        at++;
      }
      return text.substring(start, at);
    }

    private String value() {
      if (at >= text.length() || text.charAt(at) != '"') {
        int start = at;
        while (at < text.length() && " \t,".indexOf(text.charAt(at)) < 0) {
          at++;
        }
        return text.substring(start, at);
      }
      at++;
      StringBuilder value = new StringBuilder();
      while (at < text.length() && text.charAt(at) != '"') {
        if (text.charAt(at) == '\\' && at + 1 < text.length()) {
          at++;
        }
        value.append(text.charAt(at++));
      }
      at++;
      return value.toString();
    }
  }
}
