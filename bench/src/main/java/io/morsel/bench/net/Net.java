package io.morsel.bench.net;

import java.util.OptionalLong;

/**
 * A network between a client and the registry, as {@code --net} names it.
 *
 * @param name as the user wrote it, and as results name it
 * @param bitsPerSecond shared by all connections, each direction; empty for no limit
 * @param rttMicros what a round trip takes more than on loopback
 * @param lossPercent of packets that are lost, 0 to 50
 * @param slowStart whether a connection begins with a small window, as TCP does, rather than with
 *     one that fills the line at once
 */
public record Net(
    String name,
    OptionalLong bitsPerSecond,
    long rttMicros,
    double lossPercent,
    boolean slowStart) {
  /** Loopback as it is. */
  public static final Net LOCAL = new Net("local", OptionalLong.empty(), 0, 0, false);

  /**
   * Parses {@code local}, or {@code RATE,RTT[,LOSS][,slowstart]} such as {@code 50mbit,30ms,0.1%}.
   * {@code 1g} and {@code 100m} alone have a round trip of 10 ms: {@code 1g,slowstart} is {@code
   * 1gbit,10ms,slowstart}.
   *
   * @throws IllegalArgumentException with a message for the user
   */
  public static Net parse(String text) {
    return new NetSyntax(text).parse();
  }

  /** Whether it is anything else than loopback as it is. */
  public boolean isShaped() {
    return bitsPerSecond.isPresent() || rttMicros > 0 || lossPercent > 0;
  }
}
