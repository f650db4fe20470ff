package io.morsel.cli.convert;

import io.morsel.cli.source.Images;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.cli.terminal.Interruption;
import io.morsel.cli.terminal.Progress;
import io.morsel.cli.terminal.Quantity;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageSource;
import io.morsel.registry.ImageTarget;
import io.morsel.registry.Platform;
import io.morsel.registry.RegistryClient;
import io.morsel.registry.TransferListener;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** One run of {@code morsel convert}: the conversion, its progress, and what is said in the end. */
public final class ConvertJob {
  /** How long the program's end waits for temporary files to go. */
  private static final Duration CLEANUP_GRACE = Duration.ofSeconds(15);

  private final ConvertRequest request;
  private final String version;
  private final PrintWriter out;
  private final PrintWriter err;

  /**
   * A run that prints to these.
   *
   * @param version this program's version
   */
  public ConvertJob(ConvertRequest request, String version, PrintWriter out, PrintWriter err) {
    this.request = request;
    this.version = version;
    this.out = out;
    this.err = err;
  }

  /**
   * Converts, and prints what came of it.
   *
   * @param json whether to print the summary as JSON, without progress
   * @param quiet whether to print the new image's digest only
   * @return the exit code
   */
  public int run(boolean json, boolean quiet) throws Exception {
    return Interruption.guard(CLEANUP_GRACE, () -> convert(json, quiet));
  }

  private int convert(boolean json, boolean quiet) throws Exception {
    long start = System.nanoTime();
    Set<String> registries = new HashSet<>(Images.registryOf(request.source()));
    registries.addAll(Images.registryOf(request.target()));
    ConvertedImage image;
    try (RegistryClient client =
            Images.client(
                version, request.plainHttp() ? registries : Set.of(), TransferListener.NONE);
        Progress progress = Progress.start(err, json || quiet)) {
      ImageSource source = Images.source(client, request.source());
      ImageTarget target = Images.target(client, request.target());
      image = convert(source, target, progress);
    }
    long millis = (System.nanoTime() - start) / 1_000_000;
    if (json) {
      out.println(toJson(image, millis));
    } else if (quiet) {
      out.println(image.top().digest());
    } else {
      out.println(describe(image, millis));
    }
    return ExitCode.OK;
  }

  private ConvertedImage convert(ImageSource source, ImageTarget target, Progress progress)
      throws IOException {
    Path scratch = Files.createTempDirectory(request.temporaryDirectory(), "morsel-convert-");
    ExecutorService compressors =
        Executors.newFixedThreadPool(
            Runtime.getRuntime().availableProcessors(),
            Thread.ofPlatform().name("compress-", 0).daemon().factory());
    try {
      return new ImageConverter(
              source,
              target,
              request.options(),
              compressors,
              request.jobs(),
              scratch,
              new Reporter(progress))
          .convert(request.platforms());
    } finally {
      compressors.shutdownNow();
      deleteRecursively(scratch);
    }
  }

  private static void deleteRecursively(Path directory) throws IOException {
    List<Path> files;
    try (Stream<Path> walk = Files.walk(directory)) {
      files = new ArrayList<>(walk.toList());
    }
    for (Path file : files.reversed()) {
      Files.deleteIfExists(file);
    }
  }

  /** Shows progress. */
  private static final class Reporter implements ConvertListener {
    private final Progress progress;
    private final Map<String, LayerLine> lines = new ConcurrentHashMap<>();

    Reporter(Progress progress) {
      this.progress = progress;
    }

    @Override
    public void progress(Descriptor layer, Phase phase, long doneBytes, long totalBytes) {
      String key = layer.digest().toString();
      @Nullable LayerLine line = lines.get(key);
      if (line == null) {
        line = new LayerLine(layer);
        lines.put(key, line);
        progress.running(key, line::current);
      }
      line.set(phase, doneBytes, totalBytes);
    }

    @Override
    public void done(Descriptor layer, Descriptor converted, boolean reused) {
      String key = layer.digest().toString();
      @Nullable LayerLine line = lines.get(key);
      long millis = line == null ? 0 : line.elapsedMillis();
      String name = LayerLine.shortName(layer);
      progress.ended(
          key,
          reused
              ? "%s  %s, kept as it is".formatted(name, Quantity.bytes(layer.sizeBytes()))
              : "%s  %s became %s in %s"
                  .formatted(
                      name,
                      Quantity.bytes(layer.sizeBytes()),
                      Quantity.bytes(converted.sizeBytes()),
                      Quantity.millis(millis)));
    }

    @Override
    public void note(String text) {
      progress.ended("note", "note: " + text);
    }
  }

  private String describe(ConvertedImage image, long millis) {
    long reused = image.reusedLayers();
    return "%s: %s, %s%d layers%s, %s became %s in %s"
        .formatted(
            request.target(),
            image.top().digest(),
            image.manifests().size() == 1 ? "" : image.manifests().size() + " platforms, ",
            image.layers().size(),
            reused == 0 ? "" : " (" + reused + " kept)",
            Quantity.bytes(image.sourceBytes()),
            Quantity.bytes(image.convertedBytes()),
            Quantity.millis(millis));
  }

  private String toJson(ConvertedImage image, long millis) {
    ObjectNode document = JsonMapper.shared().createObjectNode();
    document.put("source", request.source());
    document.put("target", request.target());
    document.put("digest", image.top().digest().toString());
    document.put("media_type", image.top().mediaType());
    document.put("millis", millis);
    document.put("source_bytes", image.sourceBytes());
    document.put("converted_bytes", image.convertedBytes());
    ArrayNode manifests = document.putArray("manifests");
    for (Descriptor manifest : image.manifests()) {
      ObjectNode node = manifests.addObject();
      node.put("digest", manifest.digest().toString());
      Platform platform = manifest.platform();
      if (platform != null) {
        node.put("platform", platform.toString());
      }
    }
    ArrayNode layers = document.putArray("layers");
    for (ConvertedLayer layer : image.layers()) {
      ObjectNode node = layers.addObject();
      node.put("source_digest", layer.source().digest().toString());
      node.put("source_bytes", layer.source().sizeBytes());
      node.put("digest", layer.descriptor().digest().toString());
      node.put("bytes", layer.descriptor().sizeBytes());
      node.put("toc_digest", layer.descriptor().annotations().get(LayerConverter.TOC_DIGEST));
      node.put("reused", layer.reused());
    }
    return document.toPrettyString();
  }
}
