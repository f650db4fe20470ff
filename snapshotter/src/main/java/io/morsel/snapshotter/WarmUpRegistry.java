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
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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

  private static final String BLOB = "application/octet-stream";

  private final HttpServer server;
  private final Descriptor layer;
  private final byte[] blob;
  private final byte[] config;
  private final String configDigest;
  private final byte[] manifest;
  private final WarmUpProfile profile;
  private final CountDownLatch profileServed = new CountDownLatch(1);

  private WarmUpRegistry(HttpServer server, WarmUpLayer content, Path scratch) throws IOException {
    this.server = server;
    this.blob = content.blob();
    this.layer =
        Descriptor.of(MediaTypes.OCI_LAYER_GZIP, blob)
            .withAnnotations(Map.of(Labels.TOC_DIGEST, content.tocDigest()));
    this.config =
        """
        {"os":"linux","architecture":"%s","rootfs":{"type":"layers","diff_ids":["%s"]}}\
        """
            .formatted(Platform.current().architecture(), content.diffId())
            .getBytes(StandardCharsets.UTF_8);
    Descriptor described = Descriptor.of(MediaTypes.OCI_CONFIG, config);
    this.configDigest = described.digest().toString();
    this.manifest =
        new Manifest(MediaTypes.OCI_MANIFEST, described, List.of(layer), Map.of()).toJson();
    this.profile =
        WarmUpProfile.of(
            content, Descriptor.of(MediaTypes.OCI_MANIFEST, manifest), layer.digest(), scratch);
  }

  /**
   * Serves an image of this layer.
   *
   * @param scratch a directory for what is written meanwhile
   */
  public static WarmUpRegistry start(WarmUpLayer content, Path scratch) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 8);
    WarmUpRegistry registry = new WarmUpRegistry(server, content, scratch);
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

  /**
   * The labels by which {@code ctr-remote images rpull} asks for the layer to be mounted as {@code
   * target}, and nerdctl likewise.
   */
  public Map<String, String> stargzLabels(String target) {
    return Map.of(
        Labels.SNAPSHOT_REF, target,
        Labels.STARGZ_REFERENCE, reference(),
        Labels.STARGZ_DIGEST, layer.digest().toString(),
        Labels.STARGZ_LAYERS, layer.digest().toString(),
        Labels.TOC_DIGEST, layer.annotations().get(Labels.TOC_DIGEST));
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Matcher path = PATH.matcher(exchange.getRequestURI().getPath());
      if (!path.matches()) {
        exchange.sendResponseHeaders(404, -1);
        return;
      }
      String name = path.group(2);
      if (path.group(1).equals("manifests")) {
        if (name.equals(profile.tag())) {
          answer(exchange, MediaTypes.OCI_INDEX, profile.referrers().bytes());
        } else if (name.equals(profile.manifest().descriptor().digest().toString())) {
          answer(exchange, MediaTypes.OCI_MANIFEST, profile.manifest().bytes());
        } else {
          answer(exchange, MediaTypes.OCI_MANIFEST, manifest);
        }
        return;
      }
      if (name.equals(configDigest)) {
        answer(exchange, BLOB, config);
        return;
      }
      if (name.equals(profile.content().descriptor().digest().toString())) {
        answer(exchange, BLOB, profile.content().bytes());
        profileServed.countDown();
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

  private static void answer(HttpExchange exchange, String type, byte[] content)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(200, content.length);
    exchange.getResponseBody().write(content);
  }

  /** Waits until somebody has the image's profile; false where nobody asks for it in time. */
  boolean awaitProfileServed(long timeoutMillis) throws InterruptedException {
    return profileServed.await(timeoutMillis, TimeUnit.MILLISECONDS);
  }

  /** Serves no more. */
  @Override
  public void close() {
    server.stop(0);
  }
}
