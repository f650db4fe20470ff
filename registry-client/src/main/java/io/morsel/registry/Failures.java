package io.morsel.registry;

import io.morsel.registry.RegistryException.Kind;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLException;
import okhttp3.HttpUrl;
import okhttp3.Response;
import tools.jackson.databind.JsonNode;

/** Turns what went wrong on the wire into failures that say what to do. */
final class Failures {
  private static final int MAX_ERROR_BYTES = 64 << 10;
  private static final int MAX_ERRORS = 5;

  private Failures() {}

  /** Whether the same request may succeed later. */
  static boolean isPassing(int status) {
    return switch (status) {
      case 408, 429, 500, 502, 503, 504 -> true;
      default -> false;
    };
  }

  /**
   * The failure that an answer reports; reads its body.
   *
   * @param what what was tried, such as {@code cannot read the manifest of …}
   */
  static RegistryException ofStatus(Response response, String what) {
    List<String> codes = new ArrayList<>();
    String details = details(response, codes);
    int status = response.code();
    String host = hostOf(response.request().url());
    Kind kind = kind(status, codes);
    String advice =
        switch (kind) {
          case NOT_FOUND -> "; check the name, tag or digest";
          case UNAUTHORIZED ->
              "; log in to the registry (docker login), or check that the image exists";
          case DENIED -> "; the credentials do not permit this";
          case UNAVAILABLE -> status == 429 ? "; the registry limits the rate, try later" : "";
          case NO_SUCH_PLATFORM, INVALID_RESPONSE -> "";
        };
    return new RegistryException(
        kind, what + ": " + host + " answered with status " + status + details + advice);
  }

  private static Kind kind(int status, List<String> codes) {
    if (status == 401 || (status != 403 && codes.contains("UNAUTHORIZED"))) {
      return Kind.UNAUTHORIZED;
    }
    if (status == 403 || codes.contains("DENIED")) {
      return Kind.DENIED;
    }
    if (status == 404
        || status == 410
        || codes.contains("NAME_UNKNOWN")
        || codes.contains("MANIFEST_UNKNOWN")
        || codes.contains("BLOB_UNKNOWN")) {
      return Kind.NOT_FOUND;
    }
    if (isPassing(status) || status >= 500 || codes.contains("TOOMANYREQUESTS")) {
      return Kind.UNAVAILABLE;
    }
    return Kind.INVALID_RESPONSE;
  }

  /** The errors of the body, where it has the form that the distribution specification gives. */
  private static String details(Response response, List<String> codes) {
    StringBuilder details = new StringBuilder();
    try {
      byte[] body = Http.readBounded(response, MAX_ERROR_BYTES, "an error's body");
      if (body.length == 0) {
        return "";
      }
      for (JsonNode error : Json.array(Json.parseObject(body, "an error"), "errors", "an error")) {
        if (codes.size() == MAX_ERRORS) {
          break;
        }
        String code = error.path("code").asString("");
        String message = error.path("message").asString("");
        codes.add(code);
        details.append(codes.size() == 1 ? " (" : "; ");
        details.append(Texts.shown(message.isEmpty() ? code : code + ": " + message));
      }
    } catch (IOException e) {
      return "";
    }
    return codes.isEmpty() ? "" : details.append(')').toString();
  }

  /** The failure of a request that got no answer. */
  static RegistryException ofTransport(IOException e, HttpUrl url, String what) {
    String host = hostOf(url);
    String detail = Texts.shown(String.valueOf(e.getMessage()));
    String why =
        switch (e) {
          case UnknownHostException unknown ->
              "the host " + host + " is not known; check the name and the resolver";
          case ConnectException refused -> "no connection to " + host + " (" + detail + ")";
          case SocketTimeoutException slow -> host + " did not answer in time";
          case SSLException insecure ->
              "no secure connection to "
                  + host
                  + " ("
                  + detail
                  + "); check its certificate, or configure the host as plain HTTP";
          default -> "the connection to " + host + " failed (" + detail + ")";
        };
    return new RegistryException(Kind.UNAVAILABLE, what + ": " + why, e);
  }

  /** The host, and the port unless it is the default; never path or query, which may be signed. */
  static String hostOf(HttpUrl url) {
    boolean usual = url.port() == HttpUrl.defaultPort(url.scheme());
    return usual ? url.host() : url.host() + ":" + url.port();
  }
}
