package io.morsel.cli.pull;

import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.image.LazyBytes;
import io.morsel.cli.pull.PullSummary.Outcome;
import io.morsel.cli.source.Images;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.cli.terminal.Interruption;
import io.morsel.cli.terminal.Progress;
import io.morsel.cli.terminal.Quantity;
import io.morsel.registry.ImageSource;
import io.morsel.registry.RegistryClient;
import io.morsel.registry.TransferListener;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** One run of {@code morsel pull}: the pull, its progress, and what is said in the end. */
public final class PullJob {
  /** How long the program's end waits for the lease to be given back. */
  private static final Duration CLEANUP_GRACE = Duration.ofSeconds(15);

  private static final Logger log = LoggerFactory.getLogger(PullJob.class);

  private final PullRequest request;
  private final String version;
  private final PrintWriter out;
  private final PrintWriter err;

  /**
   * A run that prints to these.
   *
   * @param version this program's version
   */
  public PullJob(PullRequest request, String version, PrintWriter out, PrintWriter err) {
    this.request = request;
    this.version = version;
    this.out = out;
    this.err = err;
  }

  /**
   * Pulls, and prints what came of it.
   *
   * @param json whether to print the summary as JSON, without progress
   * @param quiet whether to print the image's digest only
   * @return the exit code
   */
  public int run(boolean json, boolean quiet) throws Exception {
    return Interruption.guard(CLEANUP_GRACE, () -> pull(json, quiet));
  }

  private int pull(boolean json, boolean quiet) throws Exception {
    long start = System.nanoTime();
    LongAdder received = new LongAdder();
    TransferListener listener =
        new TransferListener() {
          @Override
          public void received(String host, long bytes) {
            received.add(bytes);
          }
        };
    Set<String> plainHttpHosts =
        request.plainHttp() ? Set.of(request.reference().registry()) : Set.of();
    ImagePull.Result result;
    try (RegistryClient client =
            Images.client(version, plainHttpHosts, request.hostsDirectory(), listener);
        Progress progress = Progress.start(err, json || quiet)) {
      ImageSource source = client.source(request.reference());
      result = ImagePull.run(request, source, progress);
    }
    long millis = (System.nanoTime() - start) / 1_000_000;
    PullSummary summary =
        new PullSummary(
            request.reference().toString(),
            result.digest().toString(),
            quiet && !json ? result.layers() : asOfNow(result.layers()),
            millis,
            received.sum());
    if (json) {
      out.println(toJson(summary));
    } else if (quiet) {
      out.println(summary.digest());
    } else {
      out.println(describe(summary));
    }
    return ExitCode.OK;
  }

  /** While the last layers were pulled in full, the first may have come far. */
  private List<PullSummary.Layer> asOfNow(List<PullSummary.Layer> layers) {
    if (layers.stream().allMatch(layer -> layer.lazyBytes().isEmpty())) {
      return layers;
    }
    List<PullSummary.Layer> now = new ArrayList<>();
    try (CoreClient client = CoreClient.connect(request.address(), request.namespace())) {
      for (PullSummary.Layer layer : layers) {
        now.add(
            layer.lazyBytes().isEmpty()
                ? layer
                : layer.at(LazyBytes.ask(client, request.snapshotter(), layer.chainId())));
      }
    } catch (StatusException | CommandException failure) {
      // The image is pulled all the same.
      log.warn("can't ask how far the lazy layers are: {}", failure.getMessage());
      return layers;
    }
    return now;
  }

  private String describe(PullSummary summary) {
    StringBuilder counts = new StringBuilder();
    append(counts, summary.count(Outcome.LAZY), "lazy");
    append(counts, summary.count(Outcome.FULL), "pulled in full");
    append(counts, summary.count(Outcome.PRESENT), "already there");
    return "%s: %d layers (%s), %s of %s fetched in %s"
            .formatted(
                summary.image(),
                summary.layers().size(),
                counts,
                Quantity.bytes(summary.bytesFetched()),
                Quantity.bytes(summary.imageBytes()),
                Quantity.millis(summary.millis()))
        + summary.lazyBytes().map(bytes -> "; of lazy layers " + bytes + " here").orElse("");
  }

  private static void append(StringBuilder counts, long count, String what) {
    if (count > 0) {
      counts.append(counts.isEmpty() ? "" : ", ").append(count).append(' ').append(what);
    }
  }

  private String toJson(PullSummary summary) {
    ObjectNode document = JsonMapper.shared().createObjectNode();
    document.put("image", summary.image());
    document.put("digest", summary.digest());
    document.put("platform", request.platform().toString());
    document.put("namespace", request.namespace());
    document.put("snapshotter", request.snapshotter());
    document.put("millis", summary.millis());
    document.put("bytes_fetched", summary.bytesFetched());
    document.put("image_bytes", summary.imageBytes());
    document.put("layers_lazy", summary.count(Outcome.LAZY));
    document.put("layers_full", summary.count(Outcome.FULL));
    document.put("layers_present", summary.count(Outcome.PRESENT));
    summary.lazyBytes().ifPresent(bytes -> bytes.write(document));
    ArrayNode layers = document.putArray("layers");
    for (PullSummary.Layer layer : summary.layers()) {
      ObjectNode node = layers.addObject();
      node.put("digest", layer.digest());
      node.put("size_bytes", layer.sizeBytes());
      node.put("chain_id", layer.chainId());
      node.put("outcome", layer.outcome().name().toLowerCase(Locale.ROOT));
      node.put("note", layer.note());
      layer.lazyBytes().ifPresent(bytes -> bytes.write(node));
    }
    return document.toPrettyString();
  }
}
