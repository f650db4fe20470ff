package io.morsel.containerd;

import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The headers and trailers of calls: gRPC's "PROTOCOL-HTTP2". */
final class CallHead {
  private static final String CONTENT_TYPE = "content-type";
  private static final String GRPC = "application/grpc";
  private static final String STATUS = "grpc-status";
  private static final String MESSAGE = "grpc-message";
  private static final String HTTP_STATUS = ":status";

  /** A timeout has eight digits at most. */
  private static final long MAX_TIMEOUT = 99_999_999;

  private CallHead() {}

  // --- what is sent ------------------------------------------------------------------------------

  /**
   * The block of headers that begins a call.
   *
   * @param timeoutNanos how long its caller waits; null for no limit
   */
  static byte[] encode(
      MethodDescriptor<?, ?> method,
      CallOptions options,
      Metadata further,
      @Nullable Long timeoutNanos) {
    String authority = options.getAuthority();
    ByteArrayOutputStream block = new ByteArrayOutputStream(256);
    Hpack.encode(block, ":method", "POST");
    Hpack.encode(block, ":scheme", "http");
    Hpack.encode(block, ":path", "/" + method.getFullMethodName());
    Hpack.encode(block, ":authority", authority == null ? UnixChannel.AUTHORITY : authority);
    Hpack.encode(block, "te", "trailers");
    Hpack.encode(block, CONTENT_TYPE, GRPC);
    Hpack.encode(block, "user-agent", "grpc-java-morsel");
    if (timeoutNanos != null) {
      Hpack.encode(block, "grpc-timeout", timeout(timeoutNanos));
    }
    for (String name : further.keys()) {
      if (isBinary(name)) {
        Iterable<byte[]> values =
            further.getAll(Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER));
        if (values != null) {
          for (byte[] value : values) {
            Hpack.encode(block, name, Base64.getEncoder().withoutPadding().encodeToString(value));
          }
        }
      } else {
        Iterable<String> values =
            further.getAll(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
        if (values != null) {
          for (String value : values) {
            Hpack.encode(block, name, value);
          }
        }
      }
    }
    return block.toByteArray();
  }

  /** Rounded up: the server's time is not to be over before this side's. */
  private static String timeout(long nanos) {
    if (nanos <= MAX_TIMEOUT) {
      return nanos + "n";
    }
    long micros = Math.ceilDiv(nanos, 1000);
    if (micros <= MAX_TIMEOUT) {
      return micros + "u";
    }
    long millis = Math.ceilDiv(micros, 1000);
    return millis <= MAX_TIMEOUT
        ? millis + "m"
        : Math.min(Math.ceilDiv(millis, 1000), MAX_TIMEOUT) + "S";
  }

  private static boolean isBinary(String name) {
    return name.endsWith(Metadata.BINARY_HEADER_SUFFIX);
  }

  // --- what is received --------------------------------------------------------------------------

  /** Whether these headers are of a gRPC server. */
  static boolean isGrpc(List<Hpack.Header> headers) {
    return "200".equals(value(headers, HTTP_STATUS))
        && value(headers, CONTENT_TYPE, "").startsWith(GRPC);
  }

  /** Whether others will follow that count. */
  static boolean isInformational(List<Hpack.Header> headers) {
    return value(headers, HTTP_STATUS, "").startsWith("1");
  }

  /** How the call has ended; never OK unless the server says so. */
  static Status status(List<Hpack.Header> headers) {
    String code = value(headers, STATUS);
    if (code == null) {
      return Status.UNKNOWN.withDescription(
          "the server does not speak gRPC: it answered with HTTP status "
              + value(headers, HTTP_STATUS, "none"));
    }
    Status status;
    try {
      status = Status.fromCodeValue(Integer.parseInt(code));
    } catch (NumberFormatException e) {
      return Status.UNKNOWN.withDescription("the server ended the call with status " + code);
    }
    String message = value(headers, MESSAGE);
    return message == null ? status : status.withDescription(decode(message));
  }

  /** What is for the caller. */
  static Metadata metadata(List<Hpack.Header> headers) {
    Metadata metadata = new Metadata();
    for (Hpack.Header header : headers) {
      String name = header.name();
      if (name.startsWith(":") || name.equals(STATUS) || name.equals(MESSAGE)) {
        continue;
      }
      try {
        if (isBinary(name)) {
          for (String value : header.value().split(",", -1)) {
            metadata.put(
                Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER),
                Base64.getDecoder().decode(value));
          }
        } else {
          metadata.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), header.value());
        }
      } catch (IllegalArgumentException ignored) {
        // Malformed: nobody could ask for it.
      }
    }
    return metadata;
  }

  private static @Nullable String value(List<Hpack.Header> headers, String name) {
    for (Hpack.Header header : headers) {
      if (header.name().equals(name)) {
        return header.value();
      }
    }
    return null;
  }

  private static String value(List<Hpack.Header> headers, String name, String otherwise) {
    String value = value(headers, name);
    return value == null ? otherwise : value;
  }

  /** UTF-8 in which some bytes are written as {@code %20}. */
  private static String decode(String message) {
    if (message.indexOf('%') < 0) {
      return message;
    }
    byte[] bytes = message.getBytes(StandardCharsets.ISO_8859_1);
    ByteArrayOutputStream decoded = new ByteArrayOutputStream(bytes.length);
    for (int i = 0; i < bytes.length; i++) {
      int high = i + 2 < bytes.length ? Character.digit(bytes[i + 1], 16) : -1;
      int low = i + 2 < bytes.length ? Character.digit(bytes[i + 2], 16) : -1;
      if (bytes[i] == '%' && high >= 0 && low >= 0) {
        decoded.write(high << 4 | low);
        i += 2;
      } else {
        decoded.write(bytes[i]);
      }
    }
    return decoded.toString(StandardCharsets.UTF_8);
  }
}
