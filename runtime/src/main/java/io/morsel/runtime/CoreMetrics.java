package io.morsel.runtime;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.morsel.containerd.ContainerdException;
import io.morsel.runtime.gc.Scheduler;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a core counts beside what its lazy snapshotter does, by the same conventions. Safe for use
 * by many threads.
 */
final class CoreMetrics implements Scheduler.Observer {
  private static final Logger log = LoggerFactory.getLogger(CoreMetrics.class);
  private static final double NANOS = 1e9;

  private final PrometheusRegistry registry;
  private final Counter calls;
  private final Histogram collections;
  private final Counter failedCollections;

  /** Asks for a figure while metrics are scraped. */
  @FunctionalInterface
  interface Figure {
    long get() throws ContainerdException;
  }

  /** Counters that are registered with {@code registry}. */
  CoreMetrics(PrometheusRegistry registry) {
    this.registry = registry;
    calls =
        Counter.builder()
            .name("morsel_core_calls_total")
            .help("Calls of the core's services that have ended.")
            .labelNames("service", "method", "code")
            .register(registry);
    collections =
        Histogram.builder()
            .name("morsel_core_gc_duration_seconds")
            .help("Garbage collections that were done.")
            .classicOnly()
            .classicUpperBounds(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)
            .register(registry);
    failedCollections =
        Counter.builder()
            .name("morsel_core_gc_failures_total")
            .help("Garbage collections that failed.")
            .register(registry);
  }

  /** Exposes figures of the core's state, each asked for when it is scraped. */
  void state(Figure containers, Figure contentBytes) {
    gauge("morsel_core_containers", "Containers of all namespaces, running or not.", containers);
    gauge(
        "morsel_core_content_bytes",
        "Bytes of blobs in the content store, each counted once.",
        contentBytes);
  }

  private void gauge(String name, String help, Figure figure) {
    GaugeWithCallback.builder()
        .name(name)
        .help(help)
        .callback(
            callback -> {
              try {
                callback.call((double) figure.get());
              } catch (ContainerdException e) {
                // The other figures are not to be missed for it.
                log.warn("{} is not known: {}", name, e.getMessage());
              }
            })
        .register(registry);
  }

  @Override
  public void collected(long nanos) {
    collections.observe(nanos / NANOS);
  }

  @Override
  public void failed() {
    failedCollections.inc();
  }

  /** Counts the calls of all services. */
  ServerInterceptor interceptor() {
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String service = String.valueOf(call.getMethodDescriptor().getServiceName());
        String method = String.valueOf(call.getMethodDescriptor().getBareMethodName());
        ServerCall.Listener<Q> listener =
            next.startCall(
                new SimpleForwardingServerCall<>(call) {
                  @Override
                  public void close(Status status, Metadata trailers) {
                    calls.labelValues(service, method, status.getCode().name()).inc();
                    super.close(status, trailers);
                  }
                },
                headers);
        return listener;
      }
    };
  }
}
