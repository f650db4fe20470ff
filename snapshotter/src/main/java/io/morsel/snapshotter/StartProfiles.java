package io.morsel.snapshotter;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.morsel.prefetch.ImageReplay;
import io.morsel.prefetch.Layer;
import io.morsel.prefetch.LayerStore;
import io.morsel.prefetch.StartRecording;
import io.morsel.prefetch.profile.ChunkUse;
import io.morsel.prefetch.profile.ImageProfile;
import io.morsel.prefetch.profile.ProfileStore;
import io.morsel.prefetch.profile.RecordedStart;
import io.morsel.prefetch.profile.SharedProfiles;
import io.morsel.registry.Digest;
import io.morsel.registry.RegistryClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Learns what containers read of their image while they start, and has it fetched ahead at later
 * starts.
 *
 * <p>Nobody waits for any of this: methods return at once, and what fails is logged and done
 * without. Safe for use by many threads.
 */
final class StartProfiles implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(StartProfiles.class);

  private static final int MAX_RECORDINGS = 64;
  private static final int MAX_EXPECTED = 1_000;

  /** A pull names an image once with each layer: one look for its profile serves all of them. */
  private static final Duration EXPECTED_LIFETIME = Duration.ofMinutes(2);

  /** How often a recording is looked at. */
  private static final long POLL_MILLIS = 100;

  /**
   * A client that looks up a user reads a file or two when it makes the container, and may start it
   * much later: so little is not taken for a start while more may come.
   */
  private static final int LEAST_TOUCHES = 4;

  /** How long a container may take from being made to its first reads. */
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  /** The same where the kernel has most of what it reads in its cache, so that none may come. */
  private static final Duration CACHED_PATIENCE = Duration.ofSeconds(20);

  /** How long a container that goes on reading is taken to be starting. */
  private static final Duration LONGEST_START = Duration.ofMinutes(2);

  /** An image whose registry had no profile is not asked for again so soon. */
  private static final Duration MISSING_LIFETIME = Duration.ofMinutes(10);

  private static final int MAX_MISSING = 10_000;

  private static final Duration CLOSE_GRACE = Duration.ofSeconds(2);

  private final LayerStore layers;
  private final ProfileStore files;
  private final Optional<SharedProfiles> shared;
  private final DaemonMetrics metrics;
  private final boolean records;
  private final boolean replays;
  private final long settleMillis;
  private final long maxBytes;
  private final long maxPercent;

  /** What is to be replayed of images, once it is known. */
  private final Cache<Digest, CompletableFuture<ImageReplay>> expected =
      Caffeine.newBuilder().maximumSize(MAX_EXPECTED).expireAfterWrite(EXPECTED_LIFETIME).build();

  /** Images of which nobody has shared a profile. */
  private final Cache<Digest, Boolean> missing =
      Caffeine.newBuilder().maximumSize(MAX_MISSING).expireAfterWrite(MISSING_LIFETIME).build();

  private final Map<Digest, StartRecording> recordings = new ConcurrentHashMap<>();

  /** Held while a profile is read, added to, and written. */
  private final KeyLocks locks = new KeyLocks();

  private final CountDownLatch closing = new CountDownLatch(1);
  private final ExecutorService executor =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("profile-", 0).factory());

  /**
   * Profiles below {@code root}.
   *
   * @param registry where those are found that others have shared
   */
  StartProfiles(
      Path root,
      LayerStore layers,
      RegistryClient registry,
      MorselConfig config,
      DaemonMetrics metrics) {
    this.layers = layers;
    this.files = new ProfileStore(root, Math.toIntExact(config.get(ConfigKeys.PROFILE_MAX_KEPT)));
    this.shared =
        config.get(ConfigKeys.PROFILE_FROM_REGISTRY)
            ? Optional.of(new SharedProfiles(registry))
            : Optional.empty();
    this.metrics = metrics;
    this.records = config.get(ConfigKeys.PROFILE_RECORD);
    this.replays = config.get(ConfigKeys.PROFILE_REPLAY);
    this.settleMillis = config.get(ConfigKeys.PROFILE_SETTLE_MILLIS);
    this.maxBytes = config.get(ConfigKeys.PROFILE_MAX_BYTES);
    this.maxPercent = config.get(ConfigKeys.PROFILE_MAX_PERCENT);
  }

  /** Layers of this image are going to be opened: looks for its profile. */
  void expected(LayerImage image) {
    if (replays) {
      var _ = replay(image);
    }
  }

  /** A layer of the image is open: fetches what the image's profile has of it. */
  void opened(LayerImage image, Digest layer) {
    if (replays) {
      var _ = replay(image).thenAcceptAsync(replay -> fetch(layer, replay), executor);
    }
  }

  private CompletableFuture<ImageReplay> replay(LayerImage image) {
    return expected.get(
        image.manifest(),
        _ ->
            CompletableFuture.supplyAsync(() -> find(image), executor)
                .thenApply(found -> replay(found, image.layerBytes())));
  }

  /** The image's profile, from here or from where the image is. */
  private Optional<ImageProfile> find(LayerImage image) {
    Optional<ImageProfile> kept = findHere(image.manifest());
    if (kept.isPresent()) {
      metrics.profileLookup(ProfileLookup.NODE);
      return kept;
    }
    Optional<ImageProfile> found = shared.flatMap(profiles -> findThere(profiles, image));
    metrics.profileLookup(found.isPresent() ? ProfileLookup.REGISTRY : ProfileLookup.NONE);
    return found;
  }

  private Optional<ImageProfile> findHere(Digest image) {
    try {
      Optional<ImageProfile> profile = files.read(image);
      if (profile.isPresent()) {
        files.used(image);
      }
      return profile;
    } catch (IOException e) {
      log.warn("the profile of image {} can't be read: {}", image, e.toString());
      return Optional.empty();
    }
  }

  private Optional<ImageProfile> findThere(SharedProfiles profiles, LayerImage image) {
    Digest digest = image.manifest();
    if (missing.getIfPresent(digest) != null) {
      return Optional.empty();
    }
    Optional<ImageProfile> found = Optional.empty();
    try {
      found = profiles.find(image.reference(), digest);
      if (found.isPresent()) {
        keep(found.get());
      }
    } catch (IOException e) {
      log.info(
          "no profile of {} is taken from its registry: {}", image.reference(), e.getMessage());
    }
    if (found.isEmpty()) {
      missing.put(digest, true);
    }
    return found;
  }

  /** Keeps a profile that others made, unless a start was recorded here meanwhile. */
  private void keep(ImageProfile profile) throws IOException {
    try (var _ = locks.lock(profile.image().toString())) {
      if (files.read(profile.image()).isEmpty()) {
        files.write(profile);
      }
    }
  }

  private ImageReplay replay(Optional<ImageProfile> profile, long imageBytes) {
    return profile
        .map(found -> found.replay(budgetBytes(imageBytes)))
        .orElseGet(ImageReplay::nothing);
  }

  private void fetch(Digest layer, ImageReplay replay) {
    try {
      layers.replay(layer, replay);
    } catch (IOException e) {
      log.debug("layer {} is not replayed: {}", layer, e.toString());
    }
  }

  private long budgetBytes(long imageBytes) {
    return Math.min(maxBytes, (long) (imageBytes / 100.0 * maxPercent));
  }

  /**
   * A container is being made of an image: records what it is going to read.
   *
   * @param image the digest of the image's manifest
   * @param opened the image's layers
   * @param again whether another container was made of the same layers since they were mounted, so
   *     that the kernel has much of them in its cache and does not ask here
   */
  void starting(Digest image, Map<Digest, Layer> opened, boolean again) {
    long imageBytes = opened.values().stream().mapToLong(l -> l.source().sizeBytes()).sum();
    CompletableFuture<ImageReplay> replay = expected.getIfPresent(image);
    if (replays && replay == null) {
      execute(() -> replayAgain(image, opened, imageBytes));
    } else if (replay != null) {
      var _ = replay.thenAccept(ImageReplay::started);
    }
    if (!records || closing.getCount() == 0 || recordings.size() >= MAX_RECORDINGS) {
      return;
    }
    StartRecording recording = new StartRecording(RecordedStart.MAX_USES, budgetBytes(imageBytes));
    if (recordings.putIfAbsent(image, recording) != null) {
      // What several containers of an image read at once is taken for one start.
      return;
    }
    List<Digest> digests = List.copyOf(opened.keySet());
    for (int i = 0; i < digests.size(); i++) {
      Layer layer = opened.get(digests.get(i));
      if (layer != null) {
        recording.add(i, layer);
      }
    }
    execute(
        () -> {
          boolean settled = false;
          try {
            settled = await(recording, again ? CACHED_PATIENCE : PATIENCE);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } finally {
            recording.end();
            recordings.remove(image, recording);
          }
          learn(image, digests, recording, again || !settled);
        });
  }

  private void execute(Runnable task) {
    try {
      executor.execute(task);
    } catch (RejectedExecutionException e) {
      log.debug("the daemon is stopping");
    }
  }

  /** What was mounted long ago may have been fetched only in part. */
  private void replayAgain(Digest image, Map<Digest, Layer> opened, long imageBytes) {
    if (opened.values().stream().allMatch(Layer::isComplete)) {
      return;
    }
    ImageReplay replay = replay(findHere(image), imageBytes);
    replay.started();
    opened.keySet().forEach(layer -> fetch(layer, replay));
  }

  /** Returns when the container has started; false where that is not sure. */
  private boolean await(StartRecording recording, Duration patience) throws InterruptedException {
    long begin = System.nanoTime();
    long first = begin;
    while (!recording.hasEnded()) {
      if (closing.await(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
        return false;
      }
      long now = System.nanoTime();
      int touches = recording.size();
      if (touches == 0) {
        first = now;
      }
      if (touches >= LEAST_TOUCHES && recording.quietMillis() >= settleMillis) {
        return true;
      }
      if (now - first > LONGEST_START.toNanos()) {
        return true;
      }
      if (touches < LEAST_TOUCHES && now - begin > patience.toNanos()) {
        return true;
      }
    }
    return true;
  }

  private void learn(Digest image, List<Digest> digests, StartRecording recording, boolean partly) {
    List<ChunkUse> uses = new ArrayList<>();
    for (StartRecording.Touch touch : recording.touches()) {
      uses.add(new ChunkUse(touch.layer(), touch.blobOffset(), touch.blobBytes()));
    }
    if (uses.isEmpty()) {
      return;
    }
    try (var _ = locks.lock(image.toString())) {
      ImageProfile known = files.read(image).orElse(ImageProfile.empty(image));
      ImageProfile learned = known.with(digests, new RecordedStart(Instant.now(), uses), partly);
      if (!learned.equals(known)) {
        files.write(learned);
        log.debug("image {}: a start was recorded, {} chunks", image, uses.size());
      }
    } catch (IOException e) {
      log.warn("what a start of image {} read can't be kept: {}", image, e.toString());
    }
    metrics.startRecorded();
  }

  /** Ends recordings; what they have so far is kept. */
  @Override
  public void close() {
    closing.countDown();
    executor.shutdown();
    try {
      if (executor.awaitTermination(CLOSE_GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    // A registry that does not answer must not keep the daemon from stopping.
    executor.shutdownNow();
  }
}
