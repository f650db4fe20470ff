package io.morsel.runtime.event;

import com.google.protobuf.Empty;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.eventservice.EventsGrpc;
import io.morsel.containerd.api.eventservice.ForwardRequest;
import io.morsel.containerd.api.eventservice.PublishRequest;
import io.morsel.containerd.api.eventservice.SubscribeRequest;
import io.morsel.containerd.api.types.Envelope;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.grpc.CallScope;
import java.util.Optional;

/** {@code containerd.services.events.v1} over an {@link Exchange}. */
public final class EventsService extends EventsGrpc.EventsImplBase {
  private final Exchange exchange;

  /** The service over {@code exchange}. */
  public EventsService(Exchange exchange) {
    this.exchange = exchange;
  }

  @Override
  public void publish(PublishRequest request, StreamObserver<Empty> observer) {
    Answers.empty(
        observer,
        () -> {
          String namespace;
          try {
            namespace = CallScope.required().namespace();
          } catch (ContainerdException e) {
            throw e.during("failed publishing event");
          }
          exchange.publish(namespace, request.getTopic(), request.getEvent());
        });
  }

  @Override
  public void forward(ForwardRequest request, StreamObserver<Empty> observer) {
    Answers.empty(observer, () -> exchange.forward(request.getEnvelope()));
  }

  @Override
  public void subscribe(SubscribeRequest request, StreamObserver<Envelope> observer) {
    Subscription subscription;
    try {
      // Before this method returns, so that nothing is missed that the client itself does next.
      subscription = exchange.subscribe(request.getFiltersList());
    } catch (ContainerdException e) {
      // As containerd, which does not classify it.
      observer.onError(Answers.status(Status.Code.UNKNOWN, String.valueOf(e.getMessage())));
      return;
    }
    Answers.stream(
        observer,
        out -> {
          try (subscription) {
            out.onCancel(subscription::close);
            for (Optional<Envelope> event = subscription.next();
                event.isPresent();
                event = subscription.next()) {
              out.send(event.get());
            }
            // No good end: Docker's daemon would take it for its own, and listen no more.
            throw Answers.status(Status.Code.UNAVAILABLE, "the core stops");
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Answers.status(Status.Code.CANCELLED, "interrupted");
          }
        });
  }
}
