package io.morsel.runtime.event;

import com.google.protobuf.Message;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.Filter;
import io.morsel.containerd.api.types.Envelope;
import io.morsel.runtime.grpc.TypeUrls;
import io.morsel.runtime.store.GoText;
import io.morsel.runtime.store.Identifiers;
import io.morsel.runtime.store.Times;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands events from whoever publishes them to whoever subscribed, each subscriber in the order in
 * which they were published. Nothing is kept for later subscribers. Safe for use by many threads.
 */
public final class Exchange implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Exchange.class);

  private final Set<Subscription> subscriptions = ConcurrentHashMap.newKeySet();
  private final CountDownLatch firstSubscription = new CountDownLatch(1);
  private final Clock clock;

  /** An exchange that stamps events by this clock. */
  public Exchange(Clock clock) {
    this.clock = clock;
  }

  /** Publishes an event of the core itself: topic and namespace are known to be good. */
  public void publish(String namespace, String topic, Message event) {
    send(
        Envelope.newBuilder()
            .setTimestamp(Times.now(clock))
            .setNamespace(namespace)
            .setTopic(topic)
            .setEvent(TypeUrls.pack(event))
            .build());
  }

  /**
   * Publishes a client's event.
   *
   * @throws ContainerdException of class INVALID_ARGUMENT where the topic is no path of identifiers
   */
  public void publish(String namespace, String topic, com.google.protobuf.Any event)
      throws ContainerdException {
    validateTopic(topic);
    send(
        Envelope.newBuilder()
            .setTimestamp(Times.now(clock))
            .setNamespace(namespace)
            .setTopic(topic)
            .setEvent(event)
            .build());
  }

  /**
   * Publishes an event that was stamped elsewhere.
   *
   * @throws ContainerdException of class INVALID_ARGUMENT where namespace, topic or time are not
   *     good
   */
  public void forward(Envelope envelope) throws ContainerdException {
    try {
      Identifiers.validate(envelope.getNamespace());
    } catch (ContainerdException e) {
      throw e.during("event envelope has invalid namespace");
    }
    validateTopic(envelope.getTopic());
    if (!envelope.hasTimestamp()) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT, "timestamp must be set on forwarded event");
    }
    send(envelope);
  }

  private void send(Envelope envelope) {
    log.debug("event {} in namespace {}", envelope.getTopic(), envelope.getNamespace());
    for (Subscription subscription : subscriptions) {
      subscription.offer(envelope);
    }
  }

  /**
   * Subscribes to all events from now on that pass one of the filters.
   *
   * @throws ContainerdException of class INVALID_ARGUMENT where a filter's syntax is broken
   */
  public Subscription subscribe(List<String> filters) throws ContainerdException {
    Filter filter;
    try {
      filter = Filter.parse(filters);
    } catch (ContainerdException e) {
      throw e.during("subscription error: failed parsing subscription filters");
    }
    Subscription subscription =
        new Subscription(
            envelope -> filter.matches(path -> field(envelope, path)), subscriptions::remove);
    subscriptions.add(subscription);
    firstSubscription.countDown();
    return subscription;
  }

  /** Waits until somebody has subscribed since the exchange was made, or the time is over. */
  public void awaitSubscriber(Duration patience) throws InterruptedException {
    if (!firstSubscription.await(patience.toNanos(), TimeUnit.NANOSECONDS)) {
      log.debug("nobody has subscribed within {}", patience);
    }
  }

  /** Ends all subscriptions. */
  @Override
  public void close() {
    subscriptions.forEach(Subscription::close);
  }

  private static @Nullable String field(Envelope envelope, List<String> path) {
    return switch (path.getFirst()) {
      case "namespace" -> envelope.getNamespace().isEmpty() ? null : envelope.getNamespace();
      case "topic" -> envelope.getTopic().isEmpty() ? null : envelope.getTopic();
      case "event" -> EventTypes.field(envelope.getEvent(), path.subList(1, path.size()));
      default -> null;
    };
  }

  private static void validateTopic(String topic) throws ContainerdException {
    try {
      if (topic.isEmpty()) {
        throw new ContainerdException(ErrorClass.INVALID_ARGUMENT, "must not be empty");
      }
      if (topic.charAt(0) != '/') {
        throw new ContainerdException(ErrorClass.INVALID_ARGUMENT, "must start with '/'");
      }
      if (topic.length() == 1) {
        throw new ContainerdException(
            ErrorClass.INVALID_ARGUMENT, "must have at least one component");
      }
      for (String component : topic.substring(1).split("/", -1)) {
        try {
          Identifiers.validate(component);
        } catch (ContainerdException e) {
          throw e.during("failed validation on component " + GoText.quote(component));
        }
      }
    } catch (ContainerdException e) {
      throw e.during("envelope topic " + GoText.quote(topic));
    }
  }
}
