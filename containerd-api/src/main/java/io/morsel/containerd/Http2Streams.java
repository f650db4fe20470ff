package io.morsel.containerd;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * The streams of a client's connection: those that have begun, and those that begin when others
 * have ended, since the server takes no more at a time. Guarded by the connection.
 */
final class Http2Streams {
  private static final int MAX_ID = Integer.MAX_VALUE - 2;

  /**
   * How many there are at a time until the server says how many it takes, which it says first of
   * all: RFC 9113, section 6.5.2 recommends to it that they be no fewer than this.
   */
  private static final int FIRST_STREAMS = 100;

  private final Map<Integer, Http2Stream> begun = new LinkedHashMap<>();
  private final Queue<Http2Stream> waiting = new ArrayDeque<>();
  private int most = FIRST_STREAMS;
  private long window;
  private int nextId = 1;

  /**
   * None.
   *
   * @param window how much the server takes of each for now
   */
  Http2Streams(int window) {
    this.window = window;
  }

  /** Whether a connection has numbers left for one more. */
  boolean hasRoom() {
    return nextId + 2L * waiting.size() <= MAX_ID;
  }

  /** Adds one, which waits for {@link #beginNext}. */
  void add(Http2Stream stream) {
    waiting.add(stream);
  }

  /** Begins one that waits; null where none does, or the server takes no more for now. */
  @Nullable Http2Stream beginNext() {
    if (begun.size() >= most || waiting.isEmpty()) {
      return null;
    }
    Http2Stream stream = waiting.remove();
    stream.id = nextId;
    stream.sendWindow = window;
    nextId += 2;
    begun.put(stream.id, stream);
    return stream;
  }

  /** One that has begun and not ended; null if it is not among those. */
  @Nullable Http2Stream get(int id) {
    return begun.get(id);
  }

  /** Those that have begun, the eldest first. */
  Collection<Http2Stream> begun() {
    return begun.values();
  }

  /** Ends one. */
  void end(Http2Stream stream) {
    stream.ended = true;
    stream.pending.clear();
    stream.pendingBytes = 0;
    if (stream.hasBegun()) {
      begun.remove(stream.id);
    } else {
      waiting.remove(stream);
    }
  }

  /**
   * Ends those that the server has not looked at.
   *
   * @param last the last one that it may have looked at; 0 to end all
   */
  List<Http2Stream> endAfter(int last) {
    List<Http2Stream> after = new ArrayList<>(waiting);
    begun.values().stream().filter(stream -> stream.id > last).forEach(after::add);
    after.forEach(this::end);
    return after;
  }

  /** The server takes so many at a time. */
  void limit(int streams) {
    most = streams;
  }

  /** The server takes so much of each, also of those that have begun. */
  void window(int bytes) {
    long change = bytes - window;
    window = bytes;
    begun.values().forEach(stream -> stream.sendWindow += change);
  }

  /**
   * Looks for what has taken too long.
   *
   * @param late those are added to it
   * @return after how many milliseconds the next one will have; 0 for none
   */
  long findLate(List<Http2Stream> late) {
    long now = System.nanoTime();
    long next = Long.MAX_VALUE;
    for (Collection<Http2Stream> some : List.of(begun.values(), waiting)) {
      for (Http2Stream stream : some) {
        long left = stream.deadlineNanos - now;
        if (stream.limited && left <= 0) {
          late.add(stream);
        } else if (stream.limited) {
          next = Math.min(next, left / 1_000_000 + 1);
        }
      }
    }
    return next == Long.MAX_VALUE ? 0 : next;
  }
}
