package io.morsel.bench.net;

/**
 * What a way to a server achieves, or is asked to.
 *
 * @param oneBytesPerSecond of one bulk transfer
 * @param eightBytesPerSecond of eight at once, together
 * @param roundTripMicros of a small request on an open connection, to the answer's first byte
 * @param firstByteMicros of a small request on a new connection, connecting included
 * @param loadedMicros of a small request on an open connection while four bulk transfers run
 */
public record LinkFigures(
    double oneBytesPerSecond,
    double eightBytesPerSecond,
    double roundTripMicros,
    double firstByteMicros,
    double loadedMicros) {
  /** What a shaped network asks for; rates are infinite where it sets no limit. */
  static LinkFigures requested(Net net) {
    double rate =
        net.bitsPerSecond().isPresent()
            ? net.bitsPerSecond().getAsLong() / 8.0
            : Double.POSITIVE_INFINITY;
    return new LinkFigures(rate, rate, net.rttMicros(), 2.0 * net.rttMicros(), net.rttMicros());
  }
}
