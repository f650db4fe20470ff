package io.morsel.snapshotter;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** As much of a registry as is read from: manifests, and ranges of blobs, out of memory. */
final class TestRegistry implements AutoCloseable {
  private static final Pattern PATH = Pattern.compile("/v2/(.+)/(manifests|blobs)/([^/]+)");
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d+)");

  private final HttpServer server;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, byte[]> contents = new ConcurrentHashMap<>();
  private final Queue<String> requests = new ConcurrentLinkedQueue<>();

  TestRegistry() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
    server.setExecutor(executor);
    server.createContext("/", this::handle);
    server.start();
  }

  /** A reference to this image here. */
  String reference(String name) {
    return "127.0.0.1:" + server.getAddress().getPort() + "/" + name;
  }

  /** Stores a layer; its TOC digest goes into the annotations unless it is empty. */
  Descriptor addLayer(byte[] blob, String tocDigest) {
    Descriptor layer = Descriptor.of(MediaTypes.OCI_LAYER_GZIP, blob);
    contents.put(layer.digest().toString(), blob);
    return tocDigest.isEmpty()
        ? layer
        : layer.withAnnotations(Map.of("containerd.io/snapshot/stargz/toc.digest", tocDigest));
  }

  /** Stores an image under {@code name:tag}; the digest of its manifest. */
  String addImage(String tag, List<Descriptor> layers) {
    byte[] config = "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8);
    Descriptor configDescriptor = Descriptor.of(MediaTypes.OCI_CONFIG, config);
    contents.put(configDescriptor.digest().toString(), config);
    byte[] manifest =
        new Manifest(MediaTypes.OCI_MANIFEST, configDescriptor, layers, Map.of()).toJson();
    String digest = Digest.of(manifest).toString();
    contents.put(tag, manifest);
    contents.put(digest, manifest);
    return digest;
  }

  /** What was asked for, such as {@code blobs/sha256:…}. */
  Queue<String> requests() {
    return requests;
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Matcher path = PATH.matcher(exchange.getRequestURI().getPath());
      byte[] content = path.matches() ? contents.get(path.group(3)) : null;
      if (content == null) {
        exchange.sendResponseHeaders(404, -1);
        return;
      }
      requests.add(path.group(2) + "/" + path.group(3));
      if (path.group(2).equals("manifests")) {
        exchange.getResponseHeaders().set("Content-Type", MediaTypes.OCI_MANIFEST);
      }
      Matcher range = RANGE.matcher(String.valueOf(exchange.getRequestHeaders().getFirst("Range")));
      int from = 0;
      int to = content.length;
      if (range.matches()) {
        from = Integer.parseInt(range.group(1));
        to = Math.min(to, Integer.parseInt(range.group(2)) + 1);
        exchange
            .getResponseHeaders()
            .set("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + content.length);
      }
      exchange.sendResponseHeaders(range.matches() ? 206 : 200, to - from);
      exchange.getResponseBody().write(content, from, to - from);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
  }
}
