package io.morsel.snapshotter;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.Platform;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * As much of a registry as a pull of one image asks for, on loopback and out of memory: the source
 * of the {@link WarmUp} and of rehearsals, so that they go through the real client. The digests
 * that are its paths are nobody else's to know.
 */
public final class WarmUpRegistry implements AutoCloseable {
  private static final Pattern PATH = Pattern.compile("/v2/morsel/warm-up/(manifests|blobs)/(.+)");
  private static final Pattern RANGE = Pattern.compile("bytes=([0-9]{1,9})-([0-9]{1,9})");

  private final HttpServer server;
  private final Descriptor layer;
  private final byte[] blob;
  private final byte[] config;
  private final String configDigest;
  private final byte[] manifest;

  private WarmUpRegistry(HttpServer server, WarmUpLayer content) {
    this.server = server;
    this.blob = content.blob();
    this.layer =
        Descriptor.of(MediaTypes.OCI_LAYER_GZIP, blob)
            .withAnnotations(Map.of(Labels.TOC_DIGEST, content.tocDigest()));
    this.config =
        """
        {"os":"linux","architecture":"%s","rootfs":{"type":"layers","diff_ids":["%s"]}}"""
            .formatted(Platform.current().architecture(), content.diffId())
            .getBytes(StandardCharsets.UTF_8);
    Descriptor described = Descriptor.of(MediaTypes.OCI_CONFIG, config);
    this.configDigest = described.digest().toString();
    this.manifest =
        new Manifest(MediaTypes.OCI_MANIFEST, described, List.of(layer), Map.of()).toJson();
  }

  /** Serves an image of this layer. */
  public static WarmUpRegistry start(WarmUpLayer content) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 8);
    WarmUpRegistry registry = new WarmUpRegistry(server, content);
    server.createContext("/", registry::handle);
    server.start();
    return registry;
  }

  /** The image's reference. */
  public String reference() {
    return "127.0.0.1:" + server.getAddress().getPort() + "/morsel/warm-up:1";
  }

  /** The labels by which CRI asks for the layer to be mounted as {@code target}. */
  Map<String, String> labels(String target) {
    return Map.of(
        Labels.SNAPSHOT_REF, target,
        Labels.CRI_IMAGE_REF, reference(),
        Labels.CRI_LAYER_DIGEST, layer.digest().toString(),
        Labels.CRI_IMAGE_LAYERS, layer.digest().toString(),
        Labels.CRI_MANIFEST_DIGEST, Digest.of(manifest).toString());
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Matcher path = PATH.matcher(exchange.getRequestURI().getPath());
      if (!path.matches()) {
        exchange.sendResponseHeaders(404, -1);
        return;
      }
      if (path.group(1).equals("manifests")) {
        exchange.getResponseHeaders().set("Content-Type", MediaTypes.OCI_MANIFEST);
        exchange.sendResponseHeaders(200, manifest.length);
        exchange.getResponseBody().write(manifest);
        return;
      }
      if (path.group(2).equals(configDigest)) {
        exchange.sendResponseHeaders(200, config.length);
        exchange.getResponseBody().write(config);
        return;
      }
      Matcher range = RANGE.matcher(String.valueOf(exchange.getRequestHeaders().getFirst("Range")));
      int from = 0;
      int to = blob.length;
      if (range.matches()) {
        from = Math.min(to, Integer.parseInt(range.group(1)));
        to = Math.max(from, Math.min(to, Integer.parseInt(range.group(2)) + 1));
        exchange
            .getResponseHeaders()
            .set("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + blob.length);
      }
      exchange.sendResponseHeaders(range.matches() ? 206 : 200, to - from);
      exchange.getResponseBody().write(blob, from, to - from);
    }
  }

  /** Serves no more. */
  @Override
  public void close() {
    server.stop(0);
  }
}
