package io.morsel.bench.image;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.DockerRegistry;
import io.morsel.bench.host.HostException;
import io.morsel.bench.host.Http;
import io.morsel.cli.terminal.Progress;
import io.morsel.cli.terminal.Quantity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One run of building images into a registry, a few at a time. */
final class ImageBuild {
  /** An image's build is one thread's work, and converting takes every processor. */
  private static final int AT_A_TIME = 2;

  private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  private static final JsonMapper JSON = new JsonMapper();

  private final Size size;
  private final Recipes recipes;
  private final Markers markers;
  private final DockerRegistry registry;
  private final Path work;
  private final Progress progress;
  private final DebianImages debian;
  private final AtomicBoolean garbage = new AtomicBoolean();

  ImageBuild(
      Size size,
      Recipes recipes,
      Markers markers,
      DockerRegistry registry,
      Path cache,
      Path work,
      Progress progress) {
    this.size = size;
    this.recipes = recipes;
    this.markers = markers;
    this.registry = registry;
    this.work = work;
    this.progress = progress;
    this.debian = new DebianImages(cache.resolve("base").resolve(DebianImages.baseKey()));
  }

  /** An image in both forms. */
  private record Built(BenchImage image, List<StoredImage> plain, List<StoredImage> esgz) {}

  /**
   * Builds these images, and notes in the maps what came of it.
   *
   * @param plain what is there already of them is only converted
   */
  void all(
      List<BenchImage> missing,
      Map<BenchImage, List<StoredImage>> plain,
      Map<BenchImage, List<StoredImage>> esgz) {
    ExecutorService builders =
        Executors.newFixedThreadPool(
            AT_A_TIME, Thread.ofPlatform().daemon().name("image-", 0).factory());
    try {
      ExecutorCompletionService<Built> done = new ExecutorCompletionService<>(builders);
      for (BenchImage image : missing) {
        List<StoredImage> there = plain.getOrDefault(image, List.of());
        done.submit(() -> one(image, there));
      }
      for (int i = 0; i < missing.size(); i++) {
        Built built = done.take().get();
        plain.put(built.image(), built.plain());
        esgz.put(built.image(), built.esgz());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HostException("interrupted while building images", e);
    } catch (ExecutionException e) {
      throw failure(e);
    } finally {
      end(builders);
    }
  }

  private static RuntimeException failure(ExecutionException e) {
    return e.getCause() instanceof HostException known
        ? known
        : new HostException("images could not be built: " + e.getCause(), e);
  }

  /** Their programs end with them; the directory is removed only after that. */
  private static void end(ExecutorService builders) {
    boolean interrupted = Thread.interrupted();
    builders.shutdownNow();
    try {
      if (!builders.awaitTermination(1, TimeUnit.MINUTES)) {
        throw new HostException("programs that build images did not end within a minute");
      }
    } catch (InterruptedException e) {
      interrupted = true;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Whether something was replaced, so that the storage has blobs which nothing leads to. */
  boolean leftGarbage() {
    return garbage.get();
  }

  private Built one(BenchImage image, List<StoredImage> there) throws IOException {
    String name = Recipes.name(image, size);
    Path own = Files.createDirectory(work.resolve(name));
    long start = System.nanoTime();
    try {
      List<StoredImage> plain = there;
      if (plain.isEmpty()) {
        step(name, "building", start);
        plain = build(image, name, own);
      }
      step(name, "converting to eStargz", start);
      List<StoredImage> esgz = convert(image, name, plain, own);
      progress.ended(
          name,
          "image %s: %s, as eStargz %s, built in %s"
              .formatted(
                  name, Quantity.bytes(bytes(plain)), Quantity.bytes(bytes(esgz)), since(start)));
      return new Built(image, plain, esgz);
    } catch (HostException e) {
      progress.ended(name);
      throw new HostException("image " + name + " could not be built: " + e.getMessage(), e);
    } catch (UncheckedIOException e) {
      progress.ended(name);
      throw new HostException(
          "image %s could not be built in %s: %s".formatted(name, own, e.getMessage()), e);
    } finally {
      remove(own);
    }
  }

  private void step(String name, String step, long start) {
    progress.running(name, () -> "image %s: %s, %s".formatted(name, step, since(start)));
  }

  private static String since(long start) {
    return Quantity.millis(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
  }

  private static long bytes(List<StoredImage> images) {
    return images.stream().mapToLong(StoredImage::compressedBytes).sum();
  }

  private List<StoredImage> build(BenchImage image, String name, Path own) {
    List<OciLayout> layouts =
        image.isDebian()
            ? List.of(debian.build(image, own, work))
            : new GeneratedImages(recipes.busybox()).build(image, size, own);
    begin(name + ".plain");
    List<StoredImage> stored = new ArrayList<>();
    for (int i = 0; i < layouts.size(); i++) {
      String repository = image.repository() + (image == BenchImage.LAYERS ? "-" + i : "");
      String target = repository + ":" + Recipes.tag(image, size, false);
      layouts.get(i).push(registry.host() + "/" + target);
      stored.add(stored(target));
    }
    markers.put(name + ".plain", recipes.plain(image, size), stored);
    return List.copyOf(stored);
  }

  private List<StoredImage> convert(
      BenchImage image, String name, List<StoredImage> plain, Path own) {
    begin(name + ".esgz");
    List<StoredImage> stored = new ArrayList<>();
    for (StoredImage source : plain) {
      String repository = source.name().substring(0, source.name().lastIndexOf(':'));
      String target = repository + ":" + Recipes.tag(image, size, true);
      recipes
          .converter()
          .convert(
              registry.host() + "/" + source.name(),
              registry.host() + "/" + target,
              Recipes.convertLevel(image),
              own);
      stored.add(stored(target));
    }
    markers.put(name + ".esgz", recipes.esgz(plain), stored);
    return List.copyOf(stored);
  }

  private void begin(String marker) {
    if (markers.clear(marker)) {
      garbage.set(true);
    }
  }

  private StoredImage stored(String name) {
    int colon = name.lastIndexOf(':');
    String url =
        "http://%s/v2/%s/manifests/%s"
            .formatted(registry.host(), name.substring(0, colon), name.substring(colon + 1));
    HttpResponse<String> answer = Http.get(url, "Accept", MANIFEST);
    String digest = answer.headers().firstValue("Docker-Content-Digest").orElse("");
    long compressedBytes = 0;
    JsonNode layers = JSON.readTree(answer.body()).path("layers");
    for (JsonNode layer : layers) {
      compressedBytes += layer.path("size").asLong();
    }
    if (answer.statusCode() != 200 || digest.isEmpty() || layers.isEmpty()) {
      throw new HostException(
          "the registry has no manifest of %s after it was pushed: status %d\n%s"
              .formatted(name, answer.statusCode(), answer.body()));
    }
    return new StoredImage(name, digest, compressedBytes);
  }

  /** Early, so that disk space is free for the next; what stays here goes with the run's end. */
  private static void remove(Path own) {
    if (!Thread.currentThread().isInterrupted()) {
      Command.of("rm", "-rf", "--one-file-system", own).succeed();
    }
  }
}
