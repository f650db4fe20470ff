package io.morsel.snapshotter;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.morsel.prefetch.FetchObserver;
import io.morsel.prefetch.FetchPriority;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.instrumentation.jvm.JvmBufferPoolMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmClassLoadingMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmCompilationMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmGarbageCollectorMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmMemoryMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmRuntimeInfoMetric;
import io.prometheus.metrics.instrumentation.jvm.JvmThreadsMetrics;
import io.prometheus.metrics.instrumentation.jvm.ProcessMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

/**
 * What a daemon counts, by Prometheus' conventions: seconds, bytes, {@code _total}.
 *
 * <p>A registry of its own, so that several daemons can live in one process. Safe for use by many
 * threads; what the data path calls allocates nothing.
 */
public final class DaemonMetrics implements FetchObserver {
  private static final double NANOS = 1e9;

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final AtomicBoolean hasJvmMetrics = new AtomicBoolean();
  private final Histogram calls;
  private final Gauge mountedLayers;
  private final Counter fallbacks;
  private final CounterDataPoint connectionsTakenOver;
  private final CounterDataPoint connectionsLost;
  private final Counter restoreFailures;
  private final Counter corruptChunks;
  private final Map<FetchPriority, Fetches> fetches = new EnumMap<>(FetchPriority.class);
  private final Counter replayedChunks;
  private final Counter replayedBytes;
  private final Counter replayUsedChunks;
  private final Counter replayUsedBytes;
  private final Counter profileLookups;
  private final Counter profileRecordings;
  private final Reads hits;
  private final Reads misses;

  private record Fetches(
      CounterDataPoint succeeded,
      CounterDataPoint failed,
      CounterDataPoint blobBytes,
      CounterDataPoint dataBytes,
      DistributionDataPoint seconds) {}

  private record Reads(
      CounterDataPoint count, CounterDataPoint bytes, DistributionDataPoint seconds) {}

  /** Counters of this version of Morsel, all at nothing. */
  public DaemonMetrics(String version) {
    Info.builder()
        .name("morsel_build_info")
        .help("Which Morsel this is.")
        .labelNames("version")
        .register(registry)
        .setLabelValues(version);
    calls =
        Histogram.builder()
            .name("morsel_snapshots_call_duration_seconds")
            .help("Calls of the snapshots service.")
            .labelNames("method", "code")
            .classicOnly()
            .classicUpperBounds(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)
            .register(registry);
    mountedLayers =
        Gauge.builder()
            .name("morsel_mounted_layers")
            .help("Layers that are mounted.")
            .register(registry);
    fallbacks =
        Counter.builder()
            .name("morsel_snapshotter_fallback_total")
            .help("Layers that were pulled in full because they could not be mounted.")
            .labelNames("reason")
            .register(registry);
    restoreFailures =
        Counter.builder()
            .name("morsel_restore_failures_total")
            .help("Layers that could not be mounted again after a start.")
            .register(registry);
    Counter takenOver =
        Counter.builder()
            .name("morsel_connections_taken_over_total")
            .help("Connections of running containers that an earlier daemon had served.")
            .labelNames("outcome")
            .register(registry);
    connectionsTakenOver = takenOver.labelValues("success");
    connectionsLost = takenOver.labelValues("failure");
    corruptChunks =
        Counter.builder()
            .name("morsel_fetch_corrupt_chunks_total")
            .help("Chunks that did not have their digest and were thrown away.")
            .register(registry);
    replayedChunks =
        Counter.builder()
            .name("morsel_profile_replayed_chunks_total")
            .help("Absent chunks that replays of profiles set out to fetch.")
            .register(registry);
    replayedBytes =
        Counter.builder()
            .name("morsel_profile_replayed_bytes_total")
            .help("Uncompressed bytes of the chunks that replays set out to fetch.")
            .register(registry);
    replayUsedChunks =
        Counter.builder()
            .name("morsel_profile_used_chunks_total")
            .help("Replayed chunks that a recorded start went on to use.")
            .register(registry);
    replayUsedBytes =
        Counter.builder()
            .name("morsel_profile_used_bytes_total")
            .help("Uncompressed bytes of the replayed chunks that a recorded start went on to use.")
            .register(registry);
    profileLookups =
        Counter.builder()
            .name("morsel_profile_lookups_total")
            .help("Images whose profile was looked for, by where it was found.")
            .labelNames("result")
            .register(registry);
    for (ProfileLookup result : ProfileLookup.values()) {
      profileLookups.initLabelValues(result.label());
    }
    profileRecordings =
        Counter.builder()
            .name("morsel_profile_recordings_total")
            .help("Starts of containers that were recorded.")
            .register(registry);
    Counter requests =
        Counter.builder()
            .name("morsel_fetch_requests_total")
            .help("Range requests to registries.")
            .labelNames("priority", "outcome")
            .register(registry);
    Counter blobBytes =
        Counter.builder()
            .name("morsel_fetch_blob_bytes_total")
            .help("Compressed bytes received from registries.")
            .labelNames("priority")
            .register(registry);
    Counter dataBytes =
        Counter.builder()
            .name("morsel_fetch_stored_bytes_total")
            .help("Uncompressed bytes that were verified and stored.")
            .labelNames("priority")
            .register(registry);
    Histogram requestSeconds =
        Histogram.builder()
            .name("morsel_fetch_request_duration_seconds")
            .help("Range requests to registries.")
            .labelNames("priority")
            .classicOnly()
            .classicUpperBounds(0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)
            .register(registry);
    for (FetchPriority priority : FetchPriority.values()) {
      String label = priority.name().toLowerCase(Locale.ROOT);
      fetches.put(
          priority,
          new Fetches(
              requests.labelValues(label, "success"),
              requests.labelValues(label, "failure"),
              blobBytes.labelValues(label),
              dataBytes.labelValues(label),
              requestSeconds.labelValues(label)));
    }
    Counter reads =
        Counter.builder()
            .name("morsel_reads_total")
            .help("Reads of mounted layers that reached the daemon.")
            .labelNames("result")
            .register(registry);
    Counter readBytes =
        Counter.builder()
            .name("morsel_read_bytes_total")
            .help("Bytes of mounted layers that the daemon was asked for.")
            .labelNames("result")
            .register(registry);
    Histogram readSeconds =
        Histogram.builder()
            .name("morsel_read_duration_seconds")
            .help("Reads of mounted layers that reached the daemon.")
            .labelNames("result")
            .classicOnly()
            .classicUpperBounds(0.000_01, 0.000_1, 0.001, 0.01, 0.1, 1, 10)
            .register(registry);
    hits =
        new Reads(
            reads.labelValues("hit"), readBytes.labelValues("hit"), readSeconds.labelValues("hit"));
    misses =
        new Reads(
            reads.labelValues("miss"),
            readBytes.labelValues("miss"),
            readSeconds.labelValues("miss"));
    for (FallbackReason reason : FallbackReason.values()) {
      fallbacks.initLabelValues(reason.label());
    }
  }

  /** Where a daemon that does more than snapshots registers what else it counts. */
  public PrometheusRegistry registry() {
    return registry;
  }

  /** The state of everything now. */
  public MetricSnapshots scrape() {
    if (hasJvmMetrics.compareAndSet(false, true)) {
      registerJvmMetrics();
    }
    return registry.scrape();
  }

  /**
   * Not before somebody asks, and not all that there are: those of native memory, which has to be
   * tracked for them, and of what the pools allocate, counted anew at each collection, bring in a
   * server for JMX and the flight recorder.
   */
  private void registerJvmMetrics() {
    JvmBufferPoolMetrics.builder().register(registry);
    JvmClassLoadingMetrics.builder().register(registry);
    JvmCompilationMetrics.builder().register(registry);
    JvmGarbageCollectorMetrics.builder().register(registry);
    JvmMemoryMetrics.builder().register(registry);
    JvmRuntimeInfoMetric.builder().register(registry);
    JvmThreadsMetrics.builder().register(registry);
    ProcessMetrics.builder().register(registry);
  }

  /** Exposes sums over all mounted layers, each asked for when they are scraped. */
  void layers(
      LongSupplier onDisk,
      LongSupplier dataBytes,
      LongSupplier presentBytes,
      LongSupplier unsyncedBytes) {
    gauge(
        "morsel_mounted_layers_on_disk",
        "Mounted layers that the kernel reads from the disk, without the daemon.",
        onDisk);
    gauge("morsel_layer_data_bytes", "Uncompressed bytes that mounted layers have.", dataBytes);
    gauge(
        "morsel_layer_present_bytes",
        "Uncompressed bytes of mounted layers that are present and verified.",
        presentBytes);
    gauge(
        "morsel_layer_unsynced_bytes",
        "Present bytes that a restart would fetch again, as the disk has no record of them yet.",
        unsyncedBytes);
  }

  private void gauge(String name, String help, LongSupplier value) {
    GaugeWithCallback.builder()
        .name(name)
        .help(help)
        .callback(callback -> callback.call((double) value.getAsLong()))
        .register(registry);
  }

  void mountedLayers(int count) {
    mountedLayers.set(count);
  }

  void fallback(String reason) {
    fallbacks.labelValues(reason).inc();
  }

  /** A connection that an earlier daemon had served was to be taken over, and was or was not. */
  void connectionTakenOver(boolean success) {
    (success ? connectionsTakenOver : connectionsLost).inc();
  }

  void restoreFailed() {
    restoreFailures.inc();
  }

  @Override
  public void request(FetchPriority priority, long blobBytes, long durationNanos, boolean failed) {
    Fetches points = of(priority);
    (failed ? points.failed : points.succeeded).inc();
    points.blobBytes.inc((double) blobBytes);
    points.seconds.observe(durationNanos / NANOS);
  }

  @Override
  public void stored(FetchPriority priority, long dataBytes) {
    of(priority).dataBytes.inc(dataBytes);
  }

  private Fetches of(FetchPriority priority) {
    Fetches points = fetches.get(priority);
    if (points == null) {
      throw new IllegalArgumentException("priority " + priority);
    }
    return points;
  }

  @Override
  public void read(long dataBytes, boolean hit, long durationNanos) {
    Reads points = hit ? hits : misses;
    points.count.inc();
    points.bytes.inc(dataBytes);
    points.seconds.observe(durationNanos / NANOS);
  }

  @Override
  public void replayed(int chunks, long dataBytes) {
    replayedChunks.inc(chunks);
    replayedBytes.inc((double) dataBytes);
  }

  @Override
  public void replayUsed(long dataBytes) {
    replayUsedChunks.inc();
    replayUsedBytes.inc((double) dataBytes);
  }

  /** An image's profile was looked for. */
  void profileLookup(ProfileLookup result) {
    profileLookups.labelValues(result.label()).inc();
  }

  /** A start was recorded. */
  void startRecorded() {
    profileRecordings.inc();
  }

  @Override
  public void corruptChunk(String layer, int chunk) {
    corruptChunks.inc();
  }

  /** Counts and times the calls of a service. */
  ServerInterceptor interceptor() {
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        long start = System.nanoTime();
        String method = String.valueOf(call.getMethodDescriptor().getBareMethodName());
        return next.startCall(
            new SimpleForwardingServerCall<>(call) {
              @Override
              public void close(Status status, Metadata trailers) {
                calls
                    .labelValues(method, status.getCode().name())
                    .observe((System.nanoTime() - start) / NANOS);
                super.close(status, trailers);
              }
            },
            headers);
      }
    };
  }
}
