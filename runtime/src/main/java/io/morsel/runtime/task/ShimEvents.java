package io.morsel.runtime.task;

import com.google.protobuf.Empty;
import com.google.protobuf.InvalidProtocolBufferException;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.events.TaskExit;
import io.morsel.containerd.api.shim.events.ForwardRequest;
import io.morsel.containerd.api.types.Envelope;
import io.morsel.runtime.event.Exchange;
import io.morsel.ttrpc.StatusCode;
import io.morsel.ttrpc.TtrpcException;
import io.morsel.ttrpc.TtrpcMethod;
import io.morsel.ttrpc.TtrpcServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;

/**
 * {@code containerd.services.events.ttrpc.v1}: takes the events of shims and publishes them, exits
 * once. A shim sends an event again, for some 15 s, until it is answered.
 */
public final class ShimEvents {
  /** By which shims find the core, also after its restart. */
  private static final String SUFFIX = ".ttrpc";

  /** How a shim tells of an event. */
  static final TtrpcMethod<ForwardRequest, Empty> FORWARD =
      TtrpcMethod.unary(
          "containerd.services.events.ttrpc.v1.Events",
          "Forward",
          ForwardRequest.getDefaultInstance(),
          Empty.getDefaultInstance());

  private final TaskManager tasks;
  private final Exchange exchange;

  private ShimEvents(TaskManager tasks, Exchange exchange) {
    this.tasks = tasks;
    this.exchange = exchange;
  }

  /** The socket that goes with a core's socket for clients. */
  public static Path socket(Path address) {
    return address.resolveSibling(address.getFileName() + SUFFIX);
  }

  /**
   * Serves on {@link #socket}.
   *
   * @throws IOException if the socket can't be used
   */
  public static TtrpcServer serve(Path address, TaskManager tasks, Exchange exchange)
      throws IOException {
    ShimEvents events = new ShimEvents(tasks, exchange);
    return TtrpcServer.builder()
        .unary(FORWARD, (request, _) -> events.forward(request.getEnvelope()))
        .start(socket(address));
  }

  private Empty forward(Envelope envelope) throws TtrpcException, InterruptedException {
    tasks.awaitSubscribers(envelope.getTimestamp());
    try {
      if (envelope.getTopic().equals(ExitPublisher.EXIT_TOPIC)) {
        TaskExit exit = TaskExit.parseFrom(envelope.getEvent().getValue());
        tasks.exits().exit(envelope.getNamespace(), exit, () -> exchange.forward(envelope));
      } else {
        exchange.forward(envelope);
      }
      return Empty.getDefaultInstance();
    } catch (ContainerdException e) {
      throw new TtrpcException(
          StatusCode.of(e.errorClass().code().value()), Objects.toString(e.getMessage(), ""));
    } catch (InvalidProtocolBufferException e) {
      throw new TtrpcException(
          StatusCode.INVALID_ARGUMENT,
          "an event of topic " + envelope.getTopic() + " is malformed");
    }
  }
}
