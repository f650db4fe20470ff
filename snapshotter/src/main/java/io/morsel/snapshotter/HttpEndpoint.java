package io.morsel.snapshotter;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Serves {@code /metrics} and {@code /healthz} over HTTP. */
public final class HttpEndpoint implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService executor;

  private HttpEndpoint(HttpServer server, ExecutorService executor) {
    this.server = server;
    this.executor = executor;
  }

  /**
   * Serves on {@code host:port}.
   *
   * @param metrics asked with every scrape
   * @param healthy whether {@code /healthz} answers that all is well
   * @throws IOException if nobody can listen there
   */
  public static HttpEndpoint start(
      String address, Supplier<MetricSnapshots> metrics, BooleanSupplier healthy)
      throws IOException {
    int colon = address.lastIndexOf(':');
    String host = address.substring(0, colon).replaceAll("^\\[|]$", "");
    int port = Integer.parseInt(address.substring(colon + 1));
    HttpServer server;
    try {
      server = HttpServer.create(new InetSocketAddress(host, port), 16);
    } catch (IOException | RuntimeException e) {
      throw new IOException(
          "can't serve metrics on "
              + address
              + ": "
              + e.getMessage()
              + "; choose another metrics.address, or \"\" for none",
          e);
    }
    ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    server.setExecutor(executor);
    ExpositionFormats formats = ExpositionFormats.init();
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            switch (exchange.getRequestURI().getPath()) {
              case "/metrics" -> metrics(exchange, formats, metrics.get());
              case "/healthz" -> {
                boolean good = healthy.getAsBoolean();
                send(
                    exchange,
                    good ? 200 : 503,
                    "text/plain",
                    text(good ? "ok\n" : "not serving\n"));
              }
              default -> send(exchange, 404, "text/plain", text("/metrics or /healthz\n"));
            }
          }
        });
    server.start();
    return new HttpEndpoint(server, executor);
  }

  private static void metrics(
      HttpExchange exchange, ExpositionFormats formats, MetricSnapshots metrics)
      throws IOException {
    ExpositionFormatWriter writer =
        formats.findWriter(exchange.getRequestHeaders().getFirst("Accept"));
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    writer.write(body, metrics);
    send(exchange, 200, writer.getContentType(), body.toByteArray());
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void send(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    exchange.getRequestBody().close();
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  /** Serves no more. */
  @Override
  public void close() {
    server.stop(0);
    executor.shutdown();
  }
}
