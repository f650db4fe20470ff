package io.morsel.ttrpc;

import io.morsel.ttrpc.wire.KeyValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What travels beside a request: keys with one or more values each. Keys are compared in lower
 * case, as Go's ttrpc does. Immutable.
 */
public final class Metadata {
  /** No metadata. */
  public static final Metadata EMPTY = new Metadata(Map.of());

  private final Map<String, List<String>> values;

  private Metadata(Map<String, List<String>> values) {
    this.values = values;
  }

  /** One key with one value. */
  public static Metadata of(String key, String value) {
    return EMPTY.with(key, value);
  }

  /** This metadata and one more value of {@code key}. */
  public Metadata with(String key, String value) {
    Map<String, List<String>> copy = new LinkedHashMap<>(values);
    List<String> all = new ArrayList<>(all(key));
    all.add(value);
    copy.put(key.toLowerCase(Locale.ROOT), List.copyOf(all));
    return new Metadata(copy);
  }

  /** The first value of {@code key}, or null where it has none. */
  public @Nullable String first(String key) {
    List<String> all = all(key);
    return all.isEmpty() ? null : all.getFirst();
  }

  /** All values of {@code key}, in their order. */
  public List<String> all(String key) {
    return List.copyOf(values.getOrDefault(key.toLowerCase(Locale.ROOT), List.of()));
  }

  /** The keys, in lower case. */
  public Set<String> keys() {
    return Set.copyOf(values.keySet());
  }

  static Metadata ofWire(List<KeyValue> pairs) {
    if (pairs.isEmpty()) {
      return EMPTY;
    }
    Map<String, List<String>> values = new LinkedHashMap<>();
    for (KeyValue pair : pairs) {
      values
          .computeIfAbsent(pair.getKey().toLowerCase(Locale.ROOT), _ -> new ArrayList<>())
          .add(pair.getValue());
    }
    return new Metadata(values);
  }

  List<KeyValue> toWire() {
    List<KeyValue> pairs = new ArrayList<>();
    values.forEach(
        (key, all) -> {
          for (String value : all) {
            pairs.add(KeyValue.newBuilder().setKey(key).setValue(value).build());
          }
        });
    return pairs;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Metadata metadata && values.equals(metadata.values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  @Override
  public String toString() {
    return values.toString();
  }
}
