package io.morsel.containerd;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Selects objects by their fields, in the syntax of containerd's package {@code filters}.
 *
 * <p>A filter is a list of selectors separated by commas, all of which must hold: {@code name},
 * {@code labels."a.b"==x}, {@code kind!=view}, {@code name~=/^sha256:/}. Of several filters one
 * must hold. Expressions are Go's, RE2: what a client sends takes time in proportion to its length.
 * Immutable.
 */
public final class Filter {
  /** Every object. */
  public static final Filter ALL = new Filter(List.of());

  /** What a filter asks of an object. */
  @FunctionalInterface
  public interface Fields {
    /** The value at this path, such as {@code ["labels", "x"]}; null where there is none. */
    @Nullable String get(List<String> path);
  }

  /** How a selector compares. */
  enum Operator {
    PRESENT,
    EQUAL,
    NOT_EQUAL,
    MATCHES
  }

  /** One condition on one field. */
  record Selector(List<String> path, Operator operator, String value, @Nullable Pattern pattern) {
    /** A selector; an expression that can't be compiled matches nothing, as in containerd. */
    static Selector of(List<String> path, Operator operator, String value) {
      Pattern pattern = null;
      if (operator == Operator.MATCHES) {
        try {
          pattern = Pattern.compile(value);
        } catch (PatternSyntaxException e) {
          pattern = null;
        }
      }
      return new Selector(List.copyOf(path), operator, value, pattern);
    }

    boolean matches(Fields fields) {
      String actual = fields.get(path);
      String present = actual == null ? "" : actual;
      return switch (operator) {
        case PRESENT -> actual != null;
        case EQUAL -> value.equals(actual);
        case NOT_EQUAL -> !value.equals(present);
        case MATCHES -> pattern != null && pattern.matcher(present).find();
      };
    }
  }

  private final List<List<Selector>> alternatives;

  private Filter(List<List<Selector>> alternatives) {
    this.alternatives = alternatives;
  }

  /**
   * Reads filters of which one must hold; none at all, or an empty one, selects every object.
   *
   * @throws ContainerdException of class INVALID_ARGUMENT that shows where the syntax is broken
   */
  public static Filter parse(List<String> filters) throws ContainerdException {
    if (filters.isEmpty() || filters.contains("")) {
      // A broken one among them is still an error.
      for (String filter : filters) {
        if (!filter.isEmpty()) {
          new FilterParser(filter).parse();
        }
      }
      return ALL;
    }
    List<List<Selector>> alternatives = new java.util.ArrayList<>();
    for (String filter : filters) {
      alternatives.add(new FilterParser(filter).parse());
    }
    return new Filter(List.copyOf(alternatives));
  }

  /** Whether an object with these fields is selected. */
  public boolean matches(Fields fields) {
    if (alternatives.isEmpty()) {
      return true;
    }
    for (List<Selector> selectors : alternatives) {
      if (selectors.stream().allMatch(selector -> selector.matches(fields))) {
        return true;
      }
    }
    return false;
  }
}
