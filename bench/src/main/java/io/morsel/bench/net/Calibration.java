package io.morsel.bench.net;

import io.morsel.bench.host.HostException;
import io.morsel.cli.terminal.Quantity;
import java.io.IOException;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a network was asked for, and what its link achieves, with clients and a server in this
 * process.
 *
 * @param requested by the network; for loopback as it is, what the same clients achieve without a
 *     link
 * @param countedExactly whether the link counted the bytes, requests and connections that were sent
 */
public record Calibration(
    Net net, Shaper shaper, LinkFigures requested, LinkFigures achieved, boolean countedExactly) {
  private static final double RATE_TOLERANCE = 0.1;
  private static final double MICROS_TOLERANCE = 1000;
  private static final String ROW = "  %-40s %12s %12s  %s";

  /**
   * Measures a link, which takes a few seconds.
   *
   * @throws HostException if it can't be set up, or breaks
   */
  public static Calibration measure(Net net) {
    try (CalibrationServer server = CalibrationServer.start();
        Link link = Links.open(net, server.port())) {
      LinkFigures requested =
          net.isShaped()
              ? LinkFigures.requested(net)
              : figures(new LinkMeter(server.port(), net), () -> {});
      LinkMeter meter = new LinkMeter(link.port(), net);
      boolean[] exact = new boolean[1];
      LinkFigures achieved =
          figures(meter, () -> exact[0] = link.traffic().equals(meter.traffic()));
      return new Calibration(net, Links.shaper(net), requested, achieved, exact[0]);
    } catch (IOException e) {
      throw new HostException(
          "calibration of network %s failed: %s".formatted(net.name(), e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HostException("interrupted while calibrating network " + net.name(), e);
    }
  }

  private static LinkFigures figures(LinkMeter meter, Runnable beforeLoad)
      throws IOException, InterruptedException {
    double roundTrip = meter.roundTripMicros();
    double firstByte = meter.firstByteMicros();
    double one = meter.bulk(1);
    double eight = meter.bulkOfMany();
    beforeLoad.run();
    return new LinkFigures(one, eight, roundTrip, firstByte, meter.loadedMicros());
  }

  /** The best rate that was reached, of one connection or of eight together. */
  public double achievedBytesPerSecond() {
    return Math.max(achieved.oneBytesPerSecond(), achieved.eightBytesPerSecond());
  }

  /** What a small request takes on an open connection. */
  public double achievedRttMicros() {
    return achieved.roundTripMicros();
  }

  /**
   * Whether rates are within 10 % and times at most 1 ms a round trip longer, and all was counted.
   * Rates are not held against the line's where packets are lost, nor is anything but the counting
   * for loopback as it is. The time under load is shown only: a kernel's queue may be long.
   */
  public boolean withinTolerance() {
    return countedExactly && rate(true) && rate(false) && roundTrip() && firstByte();
  }

  private boolean rate(boolean one) {
    double wanted = requested.oneBytesPerSecond();
    double got = one ? achieved.oneBytesPerSecond() : achieved.eightBytesPerSecond();
    return !judgesRate() || Math.abs(got - wanted) <= wanted * RATE_TOLERANCE;
  }

  private boolean judgesRate() {
    return net.bitsPerSecond().isPresent() && net.lossPercent() == 0;
  }

  private boolean roundTrip() {
    return !net.isShaped()
        || within(requested.roundTripMicros(), achieved.roundTripMicros(), MICROS_TOLERANCE);
  }

  private boolean firstByte() {
    return !net.isShaped()
        || within(requested.firstByteMicros(), achieved.firstByteMicros(), 2 * MICROS_TOLERANCE);
  }

  private static boolean within(double wanted, double got, double more) {
    return got >= wanted && got <= wanted + more;
  }

  /** A table for people, requested against achieved, with a line feed after each line. */
  public String render() {
    String by =
        switch (shaper) {
          case NONE -> "not shaped, against a connection without the link";
          case PROXY -> "shaped by a proxy in this process";
          case NETEM -> "shaped by the kernel's netem";
        };
    String wanted = net.isShaped() ? "requested" : "direct";
    return Stream.of(
            "%s: %s".formatted(net.name(), by),
            ROW.formatted("", wanted, "achieved", ""),
            ROW.formatted(
                "bulk, 1 connection",
                rate(requested.oneBytesPerSecond()),
                rate(achieved.oneBytesPerSecond()),
                verdict(judgesRate(), rate(true))),
            ROW.formatted(
                "bulk, 8 connections",
                rate(requested.eightBytesPerSecond()),
                rate(achieved.eightBytesPerSecond()),
                verdict(judgesRate(), rate(false))),
            ROW.formatted(
                "round trip",
                time(requested.roundTripMicros()),
                time(achieved.roundTripMicros()),
                verdict(net.isShaped(), roundTrip())),
            ROW.formatted(
                "first byte on a new connection",
                time(requested.firstByteMicros()),
                time(achieved.firstByteMicros()),
                verdict(net.isShaped(), firstByte())),
            ROW.formatted(
                "small request beside 4 bulk connections",
                time(requested.loadedMicros()),
                time(achieved.loadedMicros()),
                ""),
            ROW.formatted(
                "bytes, requests and connections counted",
                "exactly",
                countedExactly ? "exactly" : "wrongly",
                verdict(true, countedExactly)))
        .map(row -> row.stripTrailing() + "\n")
        .collect(Collectors.joining());
  }

  private static String verdict(boolean judged, boolean good) {
    return !judged ? "" : good ? "ok" : "off";
  }

  private static String rate(double bytesPerSecond) {
    return Double.isInfinite(bytesPerSecond)
        ? "no limit"
        : Quantity.bytes(Math.round(bytesPerSecond)) + "/s";
  }

  private static String time(double micros) {
    return micros < 1000
        ? String.format(Locale.ROOT, "%.0f µs", micros)
        : String.format(Locale.ROOT, "%.2f ms", micros / 1000);
  }
}
