package io.morsel.snapshotter;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.morsel.registry.Descriptor;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.Platform;
import io.morsel.registry.VerifiedContent;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * As much of a registry as a pull of one image asks for, on loopback and out of memory: the source
 * of the {@link WarmUp} and of rehearsals, so that they go through the real client. The digests
 * that are its paths are nobody else's to know.
 */
public final class WarmUpRegistry implements AutoCloseable {
  private static final Pattern PATH = Pattern.compile("/v2/morsel/warm-up/(manifests|blobs)/(.+)");
  private static final Pattern RANGE = Pattern.compile("bytes=([0-9]{1,9})-([0-9]{1,9})");

  /** Not "localhost", which may have another address first. */
  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

  private static final String BLOB = "application/octet-stream";

  private final HttpServer server;
  private final String host;
  private final List<Descriptor> layers;

  /** Everything that is not named by a tag, by its digest. */
  private final Map<String, VerifiedContent> contents = new HashMap<>();

  private final VerifiedContent manifest;
  private final WarmUpProfile profile;
  private final CountDownLatch profileServed = new CountDownLatch(1);

  private WarmUpRegistry(HttpServer server, List<WarmUpLayer> image, Path scratch)
      throws IOException {
    this.server = server;
    this.host = host();
    this.layers = image.stream().map(WarmUpRegistry::describe).toList();
    image.forEach(layer -> add(VerifiedContent.of(BLOB, layer.blob())));
    byte[] config =
        """
        {"os":"linux","architecture":"%s","rootfs":{"type":"layers","diff_ids":["%s"]}}\
        """
            .formatted(
                Platform.current().architecture(),
                image.stream().map(WarmUpLayer::diffId).collect(Collectors.joining("\",\"")))
            .getBytes(StandardCharsets.UTF_8);
    add(VerifiedContent.of(BLOB, config));
    this.manifest =
        VerifiedContent.of(
            MediaTypes.OCI_MANIFEST,
            new Manifest(
                    MediaTypes.OCI_MANIFEST,
                    Descriptor.of(MediaTypes.OCI_CONFIG, config),
                    layers,
                    Map.of())
                .toJson());
    this.profile =
        WarmUpProfile.of(
            image.getFirst(),
            manifest.descriptor(),
            layers.stream().map(Descriptor::digest).toList(),
            scratch);
    add(profile.manifest());
    add(profile.content());
  }

  private static Descriptor describe(WarmUpLayer layer) {
    return Descriptor.of(MediaTypes.OCI_LAYER_GZIP, layer.blob())
        .withAnnotations(Map.of(Labels.TOC_DIGEST, layer.tocDigest()));
  }

  private void add(VerifiedContent content) {
    contents.put(content.descriptor().digest().toString(), content);
  }

  /** A name, as most registries have one, so that looking it up is gone through, too. */
  private static String host() {
    try {
      if (List.of(InetAddress.getAllByName("localhost")).contains(LOOPBACK)) {
        return "localhost";
      }
    } catch (UnknownHostException e) {
      // As good as one that has another address.
    }
    return LOOPBACK.getHostAddress();
  }

  /**
   * Serves an image of these layers.
   *
   * @param image the layers, from the lowest on
   * @param scratch a directory for what is written meanwhile
   */
  public static WarmUpRegistry start(List<WarmUpLayer> image, Path scratch) throws IOException {
    HttpServer server = HttpServer.create(new InetSocketAddress(LOOPBACK, 0), 8);
    WarmUpRegistry registry = new WarmUpRegistry(server, image, scratch);
    server.createContext("/", registry::handle);
    server.start();
    return registry;
  }

  /** The image's reference. */
  public String reference() {
    return host + ":" + server.getAddress().getPort() + "/morsel/warm-up:1";
  }

  /** How many layers the image has. */
  public int layerCount() {
    return layers.size();
  }

  /** The labels by which CRI asks for a layer to be mounted as {@code target}. */
  Map<String, String> labels(int layer, String target) {
    return Map.of(
        Labels.SNAPSHOT_REF, target,
        Labels.CRI_IMAGE_REF, reference(),
        Labels.CRI_LAYER_DIGEST, layers.get(layer).digest().toString(),
        Labels.CRI_IMAGE_LAYERS, digestsFrom(layer),
        Labels.CRI_MANIFEST_DIGEST, manifest.descriptor().digest().toString());
  }

  /**
   * The labels by which {@code ctr-remote images rpull} asks for a layer to be mounted as {@code
   * target}, and nerdctl likewise.
   *
   * @param layer its number, from the lowest on
   */
  public Map<String, String> stargzLabels(int layer, String target) {
    return Map.of(
        Labels.SNAPSHOT_REF, target,
        Labels.STARGZ_REFERENCE, reference(),
        Labels.STARGZ_DIGEST, layers.get(layer).digest().toString(),
        Labels.STARGZ_LAYERS, digestsFrom(layer),
        Labels.TOC_DIGEST, layers.get(layer).annotations().get(Labels.TOC_DIGEST));
  }

  private String digestsFrom(int layer) {
    return layers.stream()
        .skip(layer)
        .map(descriptor -> descriptor.digest().toString())
        .collect(Collectors.joining(","));
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Matcher path = PATH.matcher(exchange.getRequestURI().getPath());
      if (!path.matches()) {
        exchange.sendResponseHeaders(404, -1);
        return;
      }
      String name = path.group(2);
      VerifiedContent content = contents.get(name);
      if (path.group(1).equals("manifests")) {
        answer(
            exchange,
            name.equals(profile.tag())
                ? profile.referrers()
                : content == null ? manifest : content);
        return;
      }
      if (content == null) {
        exchange.sendResponseHeaders(404, -1);
        return;
      }
      Matcher range = RANGE.matcher(String.valueOf(exchange.getRequestHeaders().getFirst("Range")));
      if (!range.matches()) {
        answer(exchange, content);
        if (content == contents.get(profile.content().descriptor().digest().toString())) {
          profileServed.countDown();
        }
        return;
      }
      byte[] blob = content.bytes();
      int from = Math.min(blob.length, Integer.parseInt(range.group(1)));
      int to = Math.max(from, Math.min(blob.length, Integer.parseInt(range.group(2)) + 1));
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + blob.length);
      exchange.sendResponseHeaders(206, to - from);
      exchange.getResponseBody().write(blob, from, to - from);
    }
  }

  private static void answer(HttpExchange exchange, VerifiedContent content) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", content.descriptor().mediaType());
    exchange.sendResponseHeaders(200, content.bytes().length);
    exchange.getResponseBody().write(content.bytes());
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
