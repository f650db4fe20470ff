package io.morsel.bench.fleet;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.morsel.bench.net.ExchangeLog;
import io.morsel.bench.net.Link;
import io.morsel.bench.net.Traffic;
import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.stargz.tar.TarEntry;
import io.morsel.stargz.tar.TarHeaders;
import io.morsel.stargz.writer.EstargzLayer;
import io.morsel.stargz.writer.EstargzOptions;
import io.morsel.stargz.writer.EstargzWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/** A registry with one eStargz image, {@code sample:esgz}, and a link to it that counts. */
final class HttpRegistry implements Link {
  static final String IMAGE = "sample:esgz";

  private final Map<String, byte[]> contents = new HashMap<>();
  private final HttpServer server;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicLong sentBytes = new AtomicLong();
  private final AtomicLong requests = new AtomicLong();

  /** Flips a byte of every range longer than this; none where negative. */
  private volatile int corruptFromBytes = -1;

  HttpRegistry(int layers, Path scratch) throws IOException {
    contents.put("manifests/esgz", manifest(layers, scratch));
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(executor);
    server.createContext("/v2/sample/", this::answer);
    server.start();
  }

  private byte[] manifest(int count, Path scratch) throws IOException {
    List<Descriptor> layers = new ArrayList<>();
    try (ExecutorService compressors = Executors.newFixedThreadPool(2)) {
      EstargzWriter writer = new EstargzWriter(EstargzOptions.DEFAULT, compressors, scratch);
      for (int i = 0; i < count; i++) {
        ByteArrayOutputStream blob = new ByteArrayOutputStream();
        EstargzLayer layer =
            writer.write(new ByteArrayInputStream(tar(i)), blob, (done, total) -> {});
        contents.put("blobs/" + layer.digest(), blob.toByteArray());
        layers.add(
            new Descriptor(
                    MediaTypes.OCI_LAYER_GZIP, Digest.parse(layer.digest()), layer.sizeBytes())
                .withAnnotations(
                    Map.of("containerd.io/snapshot/stargz/toc.digest", layer.tocDigest())));
      }
    }
    Descriptor config = Descriptor.of(MediaTypes.OCI_CONFIG, "{}".getBytes(UTF_8));
    return new Manifest(MediaTypes.OCI_MANIFEST, config, layers, Map.of()).toJson();
  }

  private static byte[] tar(long seed) {
    Random random = new Random(seed);
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    for (int i = 0; i < 40; i++) {
      byte[] content = new byte[1 + random.nextInt(60_000)];
      random.nextBytes(content);
      TarHeaders.write(TarEntry.file("layer-" + seed + "/file-" + i, 0644, content.length), tar);
      tar.writeBytes(content);
      tar.writeBytes(new byte[TarHeaders.padding(content.length)]);
    }
    tar.writeBytes(new byte[TarHeaders.END_BYTES]);
    return tar.toByteArray();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      requests.incrementAndGet();
      String path = exchange.getRequestURI().getPath().substring("/v2/sample/".length());
      byte[] content = contents.get(path);
      String range = exchange.getRequestHeaders().getFirst("Range");
      if (content == null) {
        exchange.sendResponseHeaders(404, -1);
      } else if (range == null) {
        exchange.getResponseHeaders().set("Content-Type", MediaTypes.OCI_MANIFEST);
        send(exchange, 200, content, 0, content.length);
      } else {
        String[] bounds = range.substring("bytes=".length()).split("-", -1);
        int first = Integer.parseInt(bounds[0]);
        int last = Integer.parseInt(bounds[1]);
        exchange
            .getResponseHeaders()
            .set("Content-Range", "bytes %d-%d/%d".formatted(first, last, content.length));
        send(exchange, 206, content, first, last - first + 1);
      }
    }
  }

  private void send(HttpExchange exchange, int status, byte[] content, int offset, int length)
      throws IOException {
    byte[] part = new byte[length];
    System.arraycopy(content, offset, part, 0, length);
    if (status == 206 && corruptFromBytes >= 0 && length >= corruptFromBytes) {
      part[length / 2] ^= 1;
    }
    sentBytes.addAndGet(length);
    exchange.sendResponseHeaders(status, length);
    exchange.getResponseBody().write(part);
  }

  void corruptRangesFrom(int bytes) {
    corruptFromBytes = bytes;
  }

  @Override
  public int port() {
    return server.getAddress().getPort();
  }

  @Override
  public Traffic traffic() {
    return new Traffic(sentBytes.get(), requests.get(), 0);
  }

  @Override
  public void watch(ExchangeLog log) {}

  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
  }
}
