package io.morsel.bench.fleet;

import io.morsel.prefetch.FetchObserver;
import io.morsel.prefetch.FetchPriority;
import io.morsel.prefetch.FetchSettings;
import io.morsel.prefetch.Layer;
import io.morsel.prefetch.LayerSource;
import io.morsel.prefetch.LayerStore;
import io.morsel.registry.Credentials;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageIndex;
import io.morsel.registry.ImageReference;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.Platform;
import io.morsel.registry.RegistryClient;
import io.morsel.registry.RegistrySettings;
import io.morsel.registry.TransferListener;
import io.morsel.registry.VerifiedContent;
import io.morsel.stargz.ChunkTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One node: the fetch engine and the registry client as the daemon has them, and instead of mounts
 * a list of what would be read through them. Shares nothing with other nodes but the JVM.
 *
 * <p>For use by one thread; figures may be read by others once it is done.
 */
final class FleetNode implements AutoCloseable {
  /** What a start keeps under way: the program's threads, and the kernel's read-ahead. */
  private static final int READERS = 4;

  /** The layer descriptor's annotation that names the TOC's digest: estargz.md, "TOC digest". */
  private static final String TOC_ANNOTATION = "containerd.io/snapshot/stargz/toc.digest";

  /**
   * No bulk and no read-ahead: what has come when the last read returns would else depend on
   * chance.
   */
  private static final FetchSettings SETTINGS =
      new FetchSettings(
          false,
          false,
          FetchSettings.DEFAULT.backgroundFillDelayMillis(),
          FetchSettings.DEFAULT.maxRequests(),
          FetchSettings.DEFAULT.maxRequestBytes(),
          0,
          FetchSettings.DEFAULT.hotChunkBytes(),
          FetchSettings.DEFAULT.readTimeoutMillis(),
          false,
          FetchSettings.DEFAULT.limits());

  private final ImageReference reference;
  private final AtomicLong receivedBytes = new AtomicLong();
  private final RegistryClient registry;
  private final LayerStore store;
  private final List<Layer> layers = new ArrayList<>();
  private long manifestBytes;

  /**
   * A node that has contacted nobody yet.
   *
   * @param port where it finds the registry, on loopback
   * @param directory where it keeps its layers
   */
  FleetNode(int port, String repositoryAndTag, Path directory) {
    this.reference = ImageReference.parse("localhost:" + port + "/" + repositoryAndTag);
    this.registry =
        new RegistryClient(
            RegistrySettings.defaults("bench"),
            Credentials.anonymous(),
            new TransferListener() {
              @Override
              public void received(String host, long bytes) {
                receivedBytes.addAndGet(bytes);
              }
            });
    this.store = new LayerStore(directory, SETTINGS, FetchObserver.NONE);
  }

  /**
   * Reads the manifest, and footer and TOC of all layers at once.
   *
   * @throws IOException if the registry does not serve the image, or it is not eStargz
   * @throws InterruptedException if the thread is interrupted
   */
  void open() throws IOException, InterruptedException {
    layers.addAll(
        inParallel(manifest().layers().stream().<Callable<Layer>>map(d -> () -> open(d)).toList()));
  }

  /** As the daemon does: it has no use for the image's configuration. */
  private Manifest manifest() throws IOException {
    VerifiedContent top = registry.manifest(reference);
    manifestBytes += top.bytes().length;
    String type = top.descriptor().mediaType();
    if (!MediaTypes.isIndex(type)) {
      return Manifest.parse(top.bytes(), type);
    }
    Descriptor chosen =
        ImageIndex.parse(top.bytes(), type)
            .choose(Platform.current())
            .orElseThrow(() -> new IOException(reference + " is not for " + Platform.current()));
    manifestBytes += chosen.sizeBytes();
    return Manifest.parse(registry.manifest(reference, chosen).bytes(), chosen.mediaType());
  }

  private Layer open(Descriptor descriptor) throws IOException {
    String toc = descriptor.annotations().getOrDefault(TOC_ANNOTATION, "");
    return store.open(
        new LayerSource(reference.toString(), descriptor.digest(), descriptor.sizeBytes(), toc),
        registry.blob(reference, descriptor));
  }

  /** The chunks of all layers, the lowest first. */
  List<ChunkTable> chunks() {
    return layers.stream().map(layer -> layer.index().chunks()).toList();
  }

  /**
   * Returns once all that the start touches is there and verified.
   *
   * @throws IOException if a byte can't be had
   * @throws InterruptedException if the thread is interrupted
   */
  void start(StartTrace trace) throws IOException, InterruptedException {
    AtomicInteger next = new AtomicInteger();
    Callable<Boolean> reader =
        () -> {
          for (int i = next.getAndIncrement();
              i < trace.ranges().size();
              i = next.getAndIncrement()) {
            StartTrace.Range range = trace.ranges().get(i);
            layers
                .get(range.layer())
                .ensure(range.dataOffset(), range.lengthBytes(), FetchPriority.DEMAND);
          }
          return true;
        };
    inParallel(Collections.nCopies(READERS, reader));
  }

  /** How many bytes of the layers' data are there; digests have been compared. */
  long presentBytes() {
    return layers.stream().mapToLong(Layer::presentBytes).sum();
  }

  /** Whether all that the start touches is there. */
  boolean has(StartTrace trace) {
    return trace.ranges().stream()
        .allMatch(
            range ->
                layers
                    .get(range.layer())
                    .isPresent(range.dataOffset(), Math.toIntExact(range.lengthBytes())));
  }

  /** How many bytes its manifest had, and the index that names it. */
  long manifestBytes() {
    return manifestBytes;
  }

  /** Size of all layers as the registry has them. */
  long compressedBytes() {
    return layers.stream().mapToLong(layer -> layer.source().sizeBytes()).sum();
  }

  /**
   * How many bytes of blobs came over the network, those that were read and not needed included.
   */
  long receivedBytes() {
    return receivedBytes.get();
  }

  private static <T> List<T> inParallel(List<Callable<T>> tasks)
      throws IOException, InterruptedException {
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<T> results = new ArrayList<>();
      for (Future<T> each : executor.invokeAll(tasks)) {
        results.add(each.get());
      }
      return results;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw new IOException(e.getCause());
    }
  }

  /** Closes layers and connections; the directory is left to whoever made it. */
  @Override
  public void close() throws IOException {
    try {
      store.close();
    } finally {
      registry.close();
    }
  }
}
