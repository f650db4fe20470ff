package io.morsel.registry;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import okhttp3.Headers;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/** Headers for requests to a registry. Immutable; its text form never shows their values. */
public final class RequestHeaders {
  /** None. */
  public static final RequestHeaders NONE = new RequestHeaders(new Headers.Builder().build());

  private static final int MAX_HEADERS = 100;
  private static final int MAX_CHARS = 16 << 10;

  private final Headers headers;

  private RequestHeaders(Headers headers) {
    this.headers = headers;
  }

  /**
   * These ones.
   *
   * @throws IllegalArgumentException where a name or a value can't be sent, or they are too many
   */
  public static RequestHeaders of(Map<String, String> values) {
    Map<String, List<String>> lists = new LinkedHashMap<>();
    values.forEach((name, value) -> lists.put(name, List.of(value)));
    return ofLists(lists);
  }

  /**
   * These ones, each as often as it has values.
   *
   * @throws IllegalArgumentException where a name or a value can't be sent, or they are too many
   */
  static RequestHeaders ofLists(Map<String, List<String>> values) {
    Headers.Builder builder = new Headers.Builder();
    int chars = 0;
    int count = 0;
    for (Map.Entry<String, List<String>> header : values.entrySet()) {
      for (String value : header.getValue()) {
        count++;
        chars += header.getKey().length() + value.length();
        try {
          builder.add(header.getKey(), value);
        } catch (IllegalArgumentException e) {
          // The library's message has the value in it, which may be secret.
          throw new IllegalArgumentException(
              "'" + Texts.shown(header.getKey()) + "' or its value can't be sent as a header");
        }
      }
    }
    if (count > MAX_HEADERS || chars > MAX_CHARS) {
      throw new IllegalArgumentException("headers of more than 16 KiB together, or over 100");
    }
    return new RequestHeaders(builder.build());
  }

  /** Puts them in the place of the request's headers of the same names. */
  void addTo(Request.Builder request) {
    headers.names().forEach(request::removeHeader);
    for (int i = 0; i < headers.size(); i++) {
      request.addHeader(headers.name(i), headers.value(i));
    }
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RequestHeaders that && headers.equals(that.headers);
  }

  @Override
  public int hashCode() {
    return headers.hashCode();
  }

  @Override
  public String toString() {
    return "RequestHeaders" + headers.names();
  }
}
