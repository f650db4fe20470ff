package io.morsel.cli;

import io.morsel.cli.convert.ConvertJob;
import io.morsel.cli.convert.ConvertRequest;
import io.morsel.cli.convert.PlatformChoice;
import io.morsel.cli.convert.PrioritizedFiles;
import io.morsel.cli.source.Images;
import io.morsel.cli.terminal.CommandException;
import io.morsel.registry.Platform;
import io.morsel.stargz.LayerFormat;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.writer.EstargzOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code morsel convert}. */
@Command(
    name = "convert",
    description = {
      "Makes an image lazily readable: a new image whose layers are eStargz.",
      "",
      "SRC and DST are [HOST[:PORT]/]NAME[:TAG][@DIGEST] in a registry, or oci:DIRECTORY[:TAG] in an"
          + " OCI image layout. The new image is an ordinary one to who does not know eStargz."
          + " Layers that are eStargz already stay as they are. The same image always gives the"
          + " same digest.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  morsel convert python:3.13-slim registry.example/python:3.13-slim-lazy",
      "  morsel convert --platform linux/amd64 --platform linux/arm64 app:1 registry.example/app:1",
      "  morsel convert --prioritized-files accessed.txt oci:build/image oci:build/lazy:latest"
    })
final class ConvertCommand implements Callable<Integer> {
  /** The formats by the names that the command line has for them. */
  enum Format {
    /** With chunk digests and landmarks. */
    ESTARGZ,
    /** As CRFS had it. */
    STARGZ
  }

  private static final int DEFAULT_JOBS = Math.max(2, Runtime.getRuntime().availableProcessors());
  private static final int MAX_JOBS = 256;

  @Parameters(index = "0", paramLabel = "SRC", description = "The image.")
  String source = "";

  @Parameters(index = "1", paramLabel = "DST", description = "The new image.")
  String target = "";

  @Option(
      names = "--platform",
      paramLabel = "OS/ARCH",
      description = "A platform to convert; may be given again. This machine's by default.")
  List<String> platforms = new ArrayList<>();

  @Option(names = "--all-platforms", description = "Convert every platform that the image has.")
  boolean allPlatforms;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description =
          "estargz, or stargz: the older format that has no digests of chunks (${DEFAULT-VALUE}).",
      defaultValue = "estargz")
  Format format = Format.ESTARGZ;

  @Option(
      names = "--chunk-size",
      paramLabel = "BYTES",
      description = "Cut bigger files into chunks of this size (${DEFAULT-VALUE}).",
      defaultValue = "524288")
  int chunkSize = EstargzOptions.DEFAULT.chunkBytes();

  @Option(
      names = "--min-chunk-size",
      paramLabel = "BYTES",
      description =
          "Let small files share a gzip stream until it holds this much content, which makes the"
              + " image smaller; stargz-snapshotter before 0.13 can't read it (${DEFAULT-VALUE}).",
      defaultValue = "0")
  int minChunkSize;

  @Option(
      names = "--compression-level",
      paramLabel = "LEVEL",
      description = "gzip's level, 0 to 9 (${DEFAULT-VALUE}).",
      defaultValue = "6")
  int compressionLevel = EstargzOptions.DEFAULT.compressionLevel();

  @Option(
      names = "--prioritized-files",
      paramLabel = "FILE",
      description =
          "Put the files that FILE names first, to be fetched at once when a container starts: a"
              + " path a line, or what 'ctr-remote images optimize --record-out' wrote.")
  @Nullable Path prioritizedFiles;

  @Option(
      names = "--jobs",
      paramLabel = "N",
      description = "How many layers to work on at a time; by default as many as processors.")
  int jobs = DEFAULT_JOBS;

  @Option(
      names = "--temp-dir",
      paramLabel = "DIR",
      description =
          "Where layers are kept meanwhile, uncompressed; TMPDIR or ${DEFAULT-VALUE} by default.",
      defaultValue = "${env:TMPDIR:-/tmp}")
  Path temporaryDirectory = Path.of("/tmp");

  @Option(
      names = "--plain-http",
      description = "Talk to the registries without TLS. Loopback addresses need no such option.")
  boolean plainHttp;

  @Option(names = "--json", description = "Print a summary as JSON, and no progress.")
  boolean json;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print the new image's digest only.")
  boolean quiet;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    if (jobs < 1 || jobs > MAX_JOBS) {
      throw CommandException.usage("--jobs %d: 1 to %d are possible".formatted(jobs, MAX_JOBS));
    }
    ConvertRequest request =
        new ConvertRequest(
            source, target, platforms(), options(), jobs, plainHttp, temporaryDirectory);
    return new ConvertJob(
            request, BuildInfo.load().version(), Commands.out(spec), Commands.err(spec))
        .run(json, quiet);
  }

  private PlatformChoice platforms() throws CommandException {
    if (allPlatforms) {
      if (!platforms.isEmpty()) {
        throw CommandException.usage("--platform and --all-platforms exclude each other");
      }
      return new PlatformChoice.All();
    }
    if (platforms.isEmpty()) {
      return new PlatformChoice.Default();
    }
    List<Platform> parsed = new ArrayList<>();
    for (String platform : platforms) {
      parsed.add(Images.platform(platform));
    }
    return new PlatformChoice.Listed(parsed);
  }

  private EstargzOptions options() throws CommandException, IOException {
    try {
      return new EstargzOptions(
          format == Format.STARGZ ? LayerFormat.STARGZ : LayerFormat.ESTARGZ,
          chunkSize,
          minChunkSize,
          compressionLevel,
          prioritizedFiles == null ? List.of() : PrioritizedFiles.read(prioritizedFiles),
          LayerLimits.DEFAULT);
    } catch (IllegalArgumentException outOfBounds) {
      throw CommandException.usage(String.valueOf(outOfBounds.getMessage()));
    }
  }
}
