package io.morsel.registry;

import java.util.Map;
import okhttp3.Headers;
import okhttp3.Request;

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
    Headers.Builder builder = new Headers.Builder();
    int chars = 0;
    for (Map.Entry<String, String> header : values.entrySet()) {
      chars += header.getKey().length() + header.getValue().length();
      try {
        builder.add(header.getKey(), header.getValue());
      } catch (IllegalArgumentException e) {
        // The library's message has the value in it, which may be secret.
        throw new IllegalArgumentException(
            "'" + Texts.shown(header.getKey()) + "' or its value can't be sent as a header");
      }
    }
    if (values.size() > MAX_HEADERS || chars > MAX_CHARS) {
      throw new IllegalArgumentException("headers of more than 16 KiB together, or over 100");
    }
    return new RequestHeaders(builder.build());
  }

  /** Puts them in the place of the request's headers of the same names. */
  void addTo(Request.Builder request) {
    for (int i = 0; i < headers.size(); i++) {
      request.header(headers.name(i), headers.value(i));
    }
  }

  @Override
  public String toString() {
    return "RequestHeaders" + headers.names();
  }
}
