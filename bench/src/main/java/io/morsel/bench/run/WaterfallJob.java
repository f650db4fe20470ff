package io.morsel.bench.run;

import io.morsel.bench.host.Directories;
import io.morsel.bench.host.DockerRegistry;
import io.morsel.bench.host.HostException;
import io.morsel.bench.host.Uninterrupted;
import io.morsel.bench.image.ImageCache;
import io.morsel.bench.image.ImageLibrary;
import io.morsel.bench.image.Workload;
import io.morsel.bench.net.Exchange;
import io.morsel.bench.net.ExchangeLog;
import io.morsel.bench.net.Link;
import io.morsel.bench.net.Links;
import io.morsel.bench.net.Net;
import io.morsel.bench.node.Mode;
import io.morsel.bench.node.Node;
import io.morsel.bench.result.Recorder;
import io.morsel.bench.result.Waterfall;
import io.morsel.cli.terminal.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Takes one cold start apart. Several are made, and the one of the median time is shown. */
public final class WaterfallJob {
  private static final Pattern FIRST_BYTE = Pattern.compile("bytes=(\\d{1,18})-.*");

  private final RunSettings settings;
  private final Workload workload;
  private final Mode mode;
  private final boolean profiled;
  private final Progress progress;

  /**
   * A job.
   *
   * @param settings says where, over which network (the first one) and how often
   * @param profiled whether an earlier start's profile is shared, and found
   */
  public WaterfallJob(
      RunSettings settings, Workload workload, Mode mode, boolean profiled, Progress progress) {
    this.settings = settings;
    this.workload = workload;
    this.mode = mode;
    this.profiled = profiled;
    this.progress = progress;
  }

  /**
   * Makes the starts. Whatever ends it, no process, mount or directory of it is left.
   *
   * @throws HostException if none of them did what it should
   */
  public Waterfall run() {
    ImageLibrary images =
        new ImageCache(settings.cache(), settings.checkout())
            .prepare(EnumSet.of(workload.image()), settings.size(), progress);
    Path work = Directories.temporary(settings.work(), "morsel-bench-");
    List<Waterfall> waterfalls = new ArrayList<>();
    List<String> voids = new ArrayList<>();
    try (DockerRegistry registry =
            DockerRegistry.start(images.storage(), Directories.temporary(work, "registry-"));
        OpenLinks links = new OpenLinks(registry.port())) {
      Bench bench = new Bench(settings, images, registry, links, new Recorder(), progress, work);
      AotRecording.ensure(bench);
      if (profiled) {
        new ProfileSharing(bench).share(List.of(workload));
      }
      for (int round = 1; round <= settings.rounds(); round++) {
        take(bench, round, waterfalls, voids);
      }
    } finally {
      Uninterrupted.run(() -> Directories.delete(work));
    }
    if (waterfalls.isEmpty()) {
      throw new HostException("no start succeeded: " + voids.getFirst());
    }
    waterfalls.sort(Comparator.comparingDouble(Waterfall::totalMillis));
    return waterfalls.get(waterfalls.size() / 2);
  }

  private void take(Bench bench, int round, List<Waterfall> waterfalls, List<String> voids) {
    Net net = settings.nets().getFirst();
    String repository = bench.repository(workload.image(), mode);
    bench.sample(
        "waterfall %s %s %s %d/%d"
            .formatted(net.name(), workload.name(), mode.name(), round, settings.rounds()),
        step -> {
          // Of its own, so that no connection is left from before.
          try (Link link = Links.open(net, bench.registry().port());
              Node node = bench.startNode(mode, profiled ? "" : ProfileSharing.NO_PROFILE)) {
            ExchangeLog log = new ExchangeLog();
            link.watch(log);
            StartFigures figures =
                new ColdStart(bench.registry()).measure(node, link, repository, workload, step);
            return waterfall(
                net, RegistryImage.read(bench.registry(), repository), figures, log.exchanges());
          }
        },
        waterfall -> "%.0f ms".formatted(waterfall.totalMillis()),
        waterfalls::add,
        voids::add);
  }

  private Waterfall waterfall(
      Net net, RegistryImage image, StartFigures figures, List<Exchange> exchanges) {
    return new Waterfall(
        "%s over %s by %s"
            .formatted(
                workload.name(),
                net.name(),
                profiled || !mode.isLazy() ? mode.name() : mode.name() + " without a profile"),
        List.of(
            new Waterfall.Phase("pull", figures.pullMillis()),
            new Waterfall.Phase("create", figures.createMillis()),
            new Waterfall.Phase("start", figures.startMillis())),
        exchanges.stream()
            .filter(
                exchange ->
                    (exchange.startNanos() - figures.beginNanos()) / 1e6 < figures.totalMillis())
            .map(exchange -> request(image, figures.beginNanos(), exchange))
            .toList());
  }

  private static Waterfall.Request request(
      RegistryImage image, long beginNanos, Exchange exchange) {
    String target = exchange.target();
    int layer = image.layers().indexOf(target.substring(target.lastIndexOf('/') + 1)) + 1;
    String what;
    if (layer > 0) {
      what = "layer " + layer + offset(exchange.range());
    } else if (target.contains("/manifests/")) {
      what = "manifest";
    } else if (target.contains("/blobs/")) {
      what = "blob";
    } else {
      what = target;
    }
    return new Waterfall.Request(
        what,
        layer,
        (exchange.startNanos() - beginNanos) / 1e6,
        (exchange.firstNanos() - beginNanos) / 1e6,
        (exchange.endNanos() - beginNanos) / 1e6,
        exchange.receivedBytes());
  }

  /** Where in the layer a range begins, as people read it. */
  private static String offset(String range) {
    Matcher matcher = FIRST_BYTE.matcher(range);
    return matcher.matches()
        ? " from %.1f MB".formatted(Long.parseLong(matcher.group(1)) / 1e6)
        : "";
  }
}
