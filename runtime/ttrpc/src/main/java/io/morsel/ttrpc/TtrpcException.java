package io.morsel.ttrpc;

import com.google.protobuf.Any;
import io.morsel.ttrpc.wire.Status;
import java.util.List;
import java.util.Objects;

/** A call failed, with the code and the message that its server, or this library, gave it. */
public sealed class TtrpcException extends Exception permits ConnectionLostException {
  private final StatusCode code;
  private final transient List<Any> details;

  /** A failure with this code; handlers throw it to answer a call with an error. */
  public TtrpcException(StatusCode code, String message) {
    this(code, message, List.of());
  }

  /** A failure with machine-readable details, as {@code google.rpc.Status} has them. */
  public TtrpcException(StatusCode code, String message, List<Any> details) {
    super(message);
    this.code = code;
    this.details = List.copyOf(details);
  }

  TtrpcException(Status status) {
    this(StatusCode.of(status.getCode()), status.getMessage(), status.getDetailsList());
  }

  /** The failure's code; never {@link StatusCode#OK}. */
  public StatusCode code() {
    return code;
  }

  /** What the server added for machines; usually empty. */
  public List<Any> details() {
    return details;
  }

  Status toWire() {
    return Status.newBuilder()
        .setCode(code.number())
        .setMessage(Objects.requireNonNullElse(getMessage(), ""))
        .addAllDetails(details)
        .build();
  }
}
