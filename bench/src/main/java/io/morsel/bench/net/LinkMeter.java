package io.morsel.bench.net;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Measures a way to a {@link CalibrationServer}, and keeps account of what it sends and receives,
 * for comparison with what a link has counted. For one thread.
 */
final class LinkMeter {
  private static final int SMALL_BYTES = 200;
  private static final int MANY = 8;
  private static final int LOAD = 4;

  /** What small requests may take together, and how many there are at least and at most. */
  private static final double SMALL_SECONDS = 0.5;

  private static final int MIN_SMALL = 3;
  private static final int MAX_SMALL = 1000;

  private static final double BULK_SECONDS = 0.7;
  private static final double WARM_SECONDS = 0.1;
  private static final long UNLIMITED_BULK_BYTES = 1L << 30;
  private static final long ENDLESS_BYTES = 1L << 50;

  private final int port;
  private final Net net;
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong requests = new AtomicLong();
  private final AtomicLong connections = new AtomicLong();

  /**
   * @param port of loopback
   * @param net what is expected there: how much is transferred depends on it
   */
  LinkMeter(int port, Net net) {
    this.port = port;
    this.net = net;
  }

  /** What was sent and received so far, all of it to its end. */
  Traffic traffic() {
    return new Traffic(bytes.get(), requests.get(), connections.get());
  }

  /** The rate of transfers that run at once, together, in bytes per second. */
  double bulk(int count) throws IOException, InterruptedException {
    List<CalibrationClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        clients.add(connected(CalibrationClient.forBulk(port)));
      }
      // Slow start is measured by first bytes, not here.
      all(clients, client -> get(client, bulkBytes(WARM_SECONDS) / count));
      List<CalibrationClient.Answer> answers =
          all(clients, client -> get(client, bulkBytes(BULK_SECONDS) / count));
      long first = Long.MAX_VALUE;
      long last = Long.MIN_VALUE;
      long sum = 0;
      for (CalibrationClient.Answer answer : answers) {
        first = Math.min(first, answer.firstNanos());
        last = Math.max(last, answer.lastNanos());
        sum += answer.bytes();
      }
      return sum * (double) TimeUnit.SECONDS.toNanos(1) / (last - first);
    } finally {
      close(clients);
    }
  }

  /** The rate of eight. */
  double bulkOfMany() throws IOException, InterruptedException {
    return bulk(MANY);
  }

  private long bulkBytes(double seconds) {
    return net.bitsPerSecond().isPresent()
        ? (long) (net.bitsPerSecond().getAsLong() / 8.0 * seconds)
        : (long) (UNLIMITED_BULK_BYTES * seconds);
  }

  /** The median of small requests on one connection, in microseconds. */
  double roundTripMicros() throws IOException {
    try (CalibrationClient client = connected(CalibrationClient.forSmall(port))) {
      return roundTrips(client);
    }
  }

  private double roundTrips(CalibrationClient client) throws IOException {
    var _ = get(client, SMALL_BYTES);
    long[] nanos = new long[repeats(1)];
    for (int i = 0; i < nanos.length; i++) {
      long start = System.nanoTime();
      nanos[i] = get(client, SMALL_BYTES).firstNanos() - start;
    }
    return medianMicros(nanos);
  }

  /** The median of small requests, each on its own connection, in microseconds. */
  double firstByteMicros() throws IOException {
    long[] nanos = new long[repeats(2)];
    for (int i = 0; i < nanos.length; i++) {
      long start = System.nanoTime();
      try (CalibrationClient client = connected(CalibrationClient.forSmall(port))) {
        nanos[i] = get(client, SMALL_BYTES).firstNanos() - start;
      }
    }
    return medianMicros(nanos);
  }

  /**
   * The median of small requests on one connection while bulk transfers run on others, in
   * microseconds. The bulk transfers are broken off: {@link #traffic} is not exact any more.
   */
  double loadedMicros() throws IOException, InterruptedException {
    List<CalibrationClient> load = new ArrayList<>();
    try (CalibrationClient client = connected(CalibrationClient.forSmall(port))) {
      var _ = get(client, SMALL_BYTES);
      CountDownLatch running = new CountDownLatch(LOAD);
      for (int i = 0; i < LOAD; i++) {
        CalibrationClient bulk = connected(CalibrationClient.forBulk(port));
        load.add(bulk);
        Thread.ofPlatform()
            .daemon()
            .name("calibration-load")
            .start(
                () -> {
                  try {
                    var _ = get(bulk, bulkBytes(WARM_SECONDS) / LOAD);
                    running.countDown();
                    var _ = bulk.get(ENDLESS_BYTES);
                  } catch (IOException e) {
                    // It was closed, as it must be; or the small requests fail too.
                    running.countDown();
                  }
                });
      }
      running.await();
      return roundTrips(client);
    } finally {
      close(load);
    }
  }

  private int repeats(int roundTrips) {
    double seconds = roundTrips * Math.max(net.rttMicros(), 100) / 1e6;
    return (int) Math.clamp(SMALL_SECONDS / seconds, (double) MIN_SMALL, (double) MAX_SMALL);
  }

  private static double medianMicros(long[] nanos) {
    Arrays.sort(nanos);
    return nanos[nanos.length / 2] / (double) TimeUnit.MICROSECONDS.toNanos(1);
  }

  private CalibrationClient connected(CalibrationClient client) {
    connections.incrementAndGet();
    return client;
  }

  private CalibrationClient.Answer get(CalibrationClient client, long bodyBytes)
      throws IOException {
    requests.incrementAndGet();
    CalibrationClient.Answer answer = client.get(bodyBytes);
    bytes.addAndGet(answer.bytes());
    return answer;
  }

  @FunctionalInterface
  private interface Use<T> {
    T of(CalibrationClient client) throws IOException;
  }

  private static <T> List<T> all(List<CalibrationClient> clients, Use<T> use)
      throws IOException, InterruptedException {
    List<FutureTask<T>> tasks = new ArrayList<>();
    for (CalibrationClient client : clients) {
      Callable<T> work = () -> use.of(client);
      FutureTask<T> task = new FutureTask<>(work);
      tasks.add(task);
      Thread.ofPlatform().daemon().name("calibration-client").start(task);
    }
    List<T> results = new ArrayList<>();
    for (FutureTask<T> task : tasks) {
      try {
        results.add(task.get());
      } catch (ExecutionException e) {
        throw new IOException("a transfer failed: " + e.getCause(), e);
      }
    }
    return results;
  }

  private static void close(List<CalibrationClient> clients) throws IOException {
    for (CalibrationClient client : clients) {
      client.close();
    }
  }
}
