package io.morsel.cli.inspect;

import io.morsel.cli.inspect.LayerInspector.Finding;
import io.morsel.cli.source.Images;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.cli.terminal.Interruption;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageIndex;
import io.morsel.registry.ImageSource;
import io.morsel.registry.Platform;
import io.morsel.registry.RegistryClient;
import io.morsel.registry.ResolvedImage;
import io.morsel.registry.TransferListener;
import io.morsel.registry.VerifiedContent;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** One run of {@code morsel inspect}. */
public final class InspectJob {
  /** How many layers are looked at at a time. */
  private static final int PARALLEL = 4;

  private static final Duration CLEANUP_GRACE = Duration.ofSeconds(5);

  private final String version;
  private final PrintWriter out;

  /**
   * A run that prints to {@code out}.
   *
   * @param version this program's version
   */
  public InspectJob(String version, PrintWriter out) {
    this.version = version;
    this.out = out;
  }

  /**
   * What to inspect and how to show it.
   *
   * @param name the image: a reference, or {@code oci:DIRECTORY[:TAG]}
   * @param layer the digest of the only layer to look at, or its beginning; null for all layers
   * @param platform which of an index's images
   * @param plainHttp whether to talk to the registry without TLS
   * @param json whether to print JSON
   * @param files whether to list the layers' files
   */
  public record Options(
      String name,
      @Nullable String layer,
      Platform platform,
      boolean plainHttp,
      boolean json,
      boolean files) {}

  /**
   * An image and its layers.
   *
   * @param name the name that it was asked for by
   * @param image what the registry says of it
   * @param platform the platform that was chosen
   * @param platforms the platforms that its index has, if it has an index
   * @param layers what was found, the lowest layer first
   */
  record Report(
      String name,
      ResolvedImage image,
      Platform platform,
      List<String> platforms,
      List<Finding> layers) {}

  /** Inspects, and prints what was found; returns the exit code. */
  public int run(Options options) throws Exception {
    return Interruption.guard(CLEANUP_GRACE, () -> inspect(options));
  }

  private int inspect(Options options) throws Exception {
    Set<String> plainHttpHosts = options.plainHttp() ? Images.registryOf(options.name()) : Set.of();
    try (RegistryClient client = Images.client(version, plainHttpHosts, TransferListener.NONE)) {
      ImageSource source = Images.source(client, options.name());
      ResolvedImage image = source.resolve(options.platform());
      List<Descriptor> layers = chosen(image.manifest().layers(), options);
      Report report =
          new Report(
              source.name(),
              image,
              options.platform(),
              platforms(image.index()),
              findings(source, layers, options.files()));
      if (options.json()) {
        out.println(JsonReport.of(report));
      } else {
        TextReport.print(report, out);
      }
    }
    return ExitCode.OK;
  }

  private static List<Descriptor> chosen(List<Descriptor> layers, Options options)
      throws CommandException {
    String wanted = options.layer();
    if (wanted == null) {
      return layers;
    }
    List<Descriptor> matching =
        layers.stream()
            .filter(
                layer ->
                    layer.digest().toString().startsWith(wanted)
                        || layer.digest().hex().startsWith(wanted))
            .toList();
    if (matching.size() == 1) {
      return matching;
    }
    throw CommandException.failed(
        "image "
            + options.name()
            + " has "
            + (matching.isEmpty() ? "no layer " : "more than one layer that starts with ")
            + wanted
            + "; its layers: "
            + String.join(", ", layers.stream().map(layer -> layer.digest().toString()).toList()));
  }

  private static List<Finding> findings(
      ImageSource source, List<Descriptor> layers, boolean listFiles)
      throws IOException, InterruptedException {
    LayerInspector inspector = new LayerInspector(listFiles);
    try (ExecutorService executor =
        Executors.newFixedThreadPool(PARALLEL, Thread.ofVirtual().factory())) {
      List<Future<Finding>> started = new ArrayList<>();
      for (Descriptor layer : layers) {
        started.add(executor.submit(() -> inspector.inspect(layer, source.blob(layer))));
      }
      List<Finding> findings = new ArrayList<>();
      try {
        for (Future<Finding> finding : started) {
          findings.add(finding.get());
        }
      } catch (ExecutionException failed) {
        executor.shutdownNow();
        if (failed.getCause() instanceof IOException failure) {
          throw failure;
        }
        throw new IllegalStateException(failed.getCause());
      } catch (InterruptedException interrupted) {
        executor.shutdownNow();
        throw interrupted;
      }
      return List.copyOf(findings);
    }
  }

  private static List<String> platforms(@Nullable VerifiedContent index) throws IOException {
    if (index == null) {
      return List.of();
    }
    return ImageIndex.parse(index.bytes(), index.descriptor().mediaType()).manifests().stream()
        .map(Descriptor::platform)
        .filter(Objects::nonNull)
        .map(Platform::toString)
        .distinct()
        .toList();
  }
}
