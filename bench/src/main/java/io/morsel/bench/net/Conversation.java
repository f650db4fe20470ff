package io.morsel.bench.net;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What passes on one connection of a link, counted and, if the link is watched, kept. Requests are
 * noted by one thread, their answers by another.
 */
final class Conversation {
  private final TrafficCounter counter;
  private final @Nullable ExchangeLog log;
  private volatile ExchangeLog.@Nullable Entry current;

  Conversation(TrafficCounter counter, @Nullable ExchangeLog log) {
    this.counter = counter;
    this.log = log;
  }

  /** The heads of these requests have come. */
  void requested(List<RequestHead> heads) {
    counter.requested(heads.size());
    if (log != null) {
      for (RequestHead head : heads) {
        current = log.begin(head);
      }
    }
  }

  /** So many bytes are handed to the client; a negative number were not after all. */
  void received(long bytes) {
    counter.received(bytes);
    ExchangeLog.Entry entry = current;
    if (log != null && entry != null) {
      log.received(entry, bytes);
    }
  }
}
