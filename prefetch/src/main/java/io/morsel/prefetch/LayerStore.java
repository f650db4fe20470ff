package io.morsel.prefetch;

import io.morsel.registry.Digest;
import io.morsel.registry.RemoteBlob;
import io.morsel.stargz.LayerBlob;
import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerIndex;
import io.morsel.stargz.TocTrust;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The layers on disk, {@code <root>/layers/sha256/<digest>/}, and the engine that fills them.
 *
 * <p>A layer is opened once however many snapshots use it: handles are shared and counted. Safe for
 * use by many threads; different layers are opened in parallel.
 */
public final class LayerStore implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(LayerStore.class);

  /** One layer that somebody opens, uses, or deletes. */
  private static final class Entry {
    /** Held while the layer is opened, closed or deleted. */
    final ReentrantLock lock = new ReentrantLock();

    /** Guarded by {@link #lock}. */
    @Nullable OpenLayer layer;

    /** Guarded by the store's map. */
    int references;
  }

  private final FetchSettings settings;
  private final FetchScheduler scheduler;
  private final LayerDirectories directories;

  /** Guarded by itself; so are its entries' reference counts. */
  private final Map<Digest, Entry> entries = new HashMap<>();

  private volatile boolean closed;

  /** A store in {@code root} with these settings; deletes what a crash left half done there. */
  public LayerStore(Path root, FetchSettings settings, FetchObserver observer) {
    this.settings = settings;
    this.scheduler = new FetchScheduler(settings, observer, System::nanoTime);
    this.directories = new LayerDirectories(root);
    try {
      directories.reconcile();
    } catch (IOException e) {
      log.warn("{}: what an earlier run left can't be deleted: {}", root, e.toString());
    }
  }

  /**
   * Opens a layer: from disk where its index is there already, otherwise by reading footer and TOC
   * from the blob. Starts prefetch and background fill as configured, and waits for neither.
   *
   * <p>A layer that is on the disk with another TOC than the source names is built anew, and is
   * refused while others have it open: who named the other TOC need not be trusted.
   *
   * @throws LayerFormatException if the layer can't be read at random; of kind {@code
   *     NO_TOC_DIGEST} if the source names no TOC digest and the settings ask for one
   */
  public Layer open(LayerSource source, RemoteBlob blob) throws IOException {
    checkTrust(source);
    Entry entry = acquire(source.digest());
    boolean opened = false;
    try {
      entry.lock.lock();
      try {
        OpenLayer layer = entry.layer;
        if (layer == null) {
          checkNotClosed();
          layer = openOrBuild(source, blob);
          entry.layer = layer;
        } else {
          if (!isOfTheSameToc(layer.index(), source)) {
            throw new LayerFormatException(
                LayerFormatException.Kind.TOC_DIGEST_MISMATCH,
                "layer %s is in use with the TOC %s; %s names %s"
                    .formatted(
                        source.digest(),
                        layer.index().tocDigest(),
                        source.reference(),
                        source.tocDigest()));
          }
          layer.data().blob(() -> blob);
        }
        layer.data().startBulk();
        opened = true;
        return handle(source.digest(), entry, layer);
      } finally {
        entry.lock.unlock();
      }
    } finally {
      if (!opened) {
        release(source.digest(), entry);
      }
    }
  }

  /**
   * Opens a layer whose index is on disk, without the registry; the blob is first asked for when
   * something absent is read. Prefetch and background fill go on from then.
   *
   * @return empty where the store has no such layer
   */
  public Optional<Layer> restore(Digest layer, Supplier<RemoteBlob> blob) throws IOException {
    return restore(layer, _ -> blob);
  }

  /**
   * The same where nothing but the layer's digest is known.
   *
   * @param blob asked at once for what is asked for the blob later, by where the layer comes from
   */
  public Optional<Layer> restore(Digest layer, Function<LayerSource, Supplier<RemoteBlob>> blob)
      throws IOException {
    Entry entry = acquire(layer);
    boolean opened = false;
    try {
      entry.lock.lock();
      try {
        OpenLayer open = entry.layer;
        if (open == null) {
          checkNotClosed();
          Path directory = directories.of(layer);
          LayerSource source;
          LayerIndex index;
          try {
            source = SourceFile.read(directory);
            index = LayerIndex.open(directory);
          } catch (NoSuchFileException e) {
            return Optional.empty();
          }
          open = open(source, index, directory, blob.apply(source));
          entry.layer = open;
        }
        opened = true;
        return Optional.of(handle(layer, entry, open));
      } finally {
        entry.lock.unlock();
      }
    } finally {
      if (!opened) {
        release(layer, entry);
      }
    }
  }

  /**
   * Replays what earlier starts used of a layer, as by {@link Layer#replay}, if the layer is open.
   */
  public void replay(Digest layer, ImageReplay image) throws IOException {
    Entry entry = acquire(layer);
    try {
      entry.lock.lock();
      try {
        if (entry.layer != null) {
          entry.layer.data().replays.replay(image.order(layer), image);
        }
      } finally {
        entry.lock.unlock();
      }
    } finally {
      release(layer, entry);
    }
  }

  private void checkTrust(LayerSource source) throws LayerFormatException {
    if (source.tocDigest().isEmpty() && !settings.allowUnverifiedToc()) {
      throw new LayerFormatException(
          LayerFormatException.Kind.NO_TOC_DIGEST,
          "layer %s: the manifest of %s names no TOC digest to verify its content by; convert the image again, or allow unverified TOCs"
              .formatted(source.digest(), source.reference()));
    }
  }

  private static boolean isOfTheSameToc(LayerIndex index, LayerSource source) {
    return source.tocDigest().isEmpty() || source.tocDigest().equals(index.tocDigest());
  }

  private OpenLayer openOrBuild(LayerSource source, RemoteBlob blob) throws IOException {
    Path directory = directories.of(source.digest());
    try {
      LayerIndex index = LayerIndex.open(directory);
      if (isOfTheSameToc(index, source)) {
        return open(source, index, directory, () -> blob);
      }
      log.warn(
          "layer {}: its TOC on the disk is {}, {} names {}; it is built anew",
          source.digest(),
          index.tocDigest(),
          source.reference(),
          source.tocDigest());
      index.close();
    } catch (NoSuchFileException e) {
      // The usual case: the layer is new.
    } catch (LayerFormatException e) {
      log.warn("layer {}: its index is built anew: {}", source.digest(), e.getMessage());
    }
    build(source, blob);
    return open(source, LayerIndex.open(directory), directory, () -> blob);
  }

  private void build(LayerSource source, RemoteBlob blob) throws IOException {
    TocTrust trust =
        source.tocDigest().isEmpty()
            ? new TocTrust.Unverified()
            : new TocTrust.Expected(source.tocDigest());
    Path temporary = directories.temporary(source.digest());
    boolean published = false;
    try {
      LayerIndex.build(new Blob(blob, scheduler.link), trust, temporary, settings.limits()).close();
      SourceFile.write(temporary, source);
      directories.publish(temporary, source.digest());
      published = true;
    } finally {
      if (!published) {
        LayerDirectories.deleteTree(temporary);
      }
    }
  }

  private OpenLayer open(
      LayerSource source, LayerIndex index, Path directory, Supplier<RemoteBlob> blob)
      throws IOException {
    boolean opened = false;
    try {
      checkTrust(source);
      LayerData.Spec spec =
          new LayerData.Spec(
              source.digest().toString(),
              directory,
              identity(source.digest(), directory),
              index.chunks(),
              index.decoder(),
              index.dataBytes(),
              index.prefetchEndBytes(),
              index::pathOf);
      LayerData data = LayerData.open(scheduler, spec, blob);
      opened = true;
      return new OpenLayer(source, index, data, new LayerReader(data));
    } finally {
      if (!opened) {
        index.close();
      }
    }
  }

  /** What the bitmap belongs to: this layer with this chunk table, which lays out the data. */
  private static String identity(Digest layer, Path directory) throws IOException {
    MessageDigest sha256 = Digest.hasher(Digest.SHA256);
    sha256.update(layer.toString().getBytes(StandardCharsets.UTF_8));
    byte[] buffer = new byte[64 << 10];
    try (InputStream in = Files.newInputStream(directory.resolve(LayerIndex.CHUNKS_FILE))) {
      int n;
      while ((n = in.read(buffer)) > 0) {
        sha256.update(buffer, 0, n);
      }
    }
    return HexFormat.of().formatHex(sha256.digest());
  }

  private Layer handle(Digest digest, Entry entry, OpenLayer layer) {
    return new Layer(layer, () -> release(digest, entry));
  }

  private Entry acquire(Digest digest) throws IOException {
    synchronized (entries) {
      checkNotClosed();
      Entry entry = entries.computeIfAbsent(digest, _ -> new Entry());
      entry.references++;
      return entry;
    }
  }

  private void release(Digest digest, Entry entry) throws IOException {
    entry.lock.lock();
    try {
      synchronized (entries) {
        entry.references--;
        if (entry.references > 0) {
          return;
        }
      }
      OpenLayer layer = entry.layer;
      entry.layer = null;
      try {
        if (layer != null) {
          layer.close();
        }
      } finally {
        synchronized (entries) {
          // Somebody may have come for the layer meanwhile: he waits for the lock, and opens it.
          if (entry.references == 0) {
            entries.remove(digest, entry);
          }
        }
      }
    } finally {
      entry.lock.unlock();
    }
  }

  /** Deletes a layer's files; a no-op where there are none, and an error while it is open. */
  public void delete(Digest layer) throws IOException {
    Entry entry = acquire(layer);
    try {
      entry.lock.lock();
      try {
        if (entry.layer != null) {
          throw new IOException("layer " + layer + " can't be deleted: it is in use");
        }
        directories.delete(layer);
      } finally {
        entry.lock.unlock();
      }
    } finally {
      release(layer, entry);
    }
  }

  /** The layers on the disk; those that can't be read are left out, with a warning. */
  public List<StoredLayer> list() throws IOException {
    List<StoredLayer> layers = new ArrayList<>();
    for (Digest digest : directories.list()) {
      Path directory = directories.of(digest);
      try {
        long bytes = 0;
        try (var files = Files.list(directory)) {
          for (Path file : files.toList()) {
            bytes += PosixFile.allocatedBytes(file);
          }
        }
        boolean open;
        synchronized (entries) {
          open = entries.containsKey(digest);
        }
        layers.add(new StoredLayer(SourceFile.read(directory), bytes, open));
      } catch (IOException e) {
        log.warn("layer {} can't be listed: {}", digest, e.toString());
      }
    }
    return layers;
  }

  private void checkNotClosed() throws IOException {
    if (closed) {
      throw new IOException("the layer store is closed");
    }
  }

  /** Closes every layer, whoever has a handle on it, and stops the engine. */
  @Override
  public void close() throws IOException {
    List<Entry> remaining;
    synchronized (entries) {
      if (closed) {
        return;
      }
      closed = true;
      remaining = List.copyOf(entries.values());
    }
    IOException failure = null;
    for (Entry entry : remaining) {
      entry.lock.lock();
      try {
        OpenLayer layer = entry.layer;
        entry.layer = null;
        if (layer != null) {
          layer.close();
        }
      } catch (IOException e) {
        failure = e;
      } finally {
        entry.lock.unlock();
      }
    }
    scheduler.close();
    if (failure != null) {
      throw failure;
    }
  }

  /** A registry's blob as a layer's; what is read of it tells how fast the network is. */
  private record Blob(RemoteBlob blob, LinkEstimate link) implements LayerBlob {
    @Override
    public long sizeBytes() {
      return blob.sizeBytes();
    }

    @Override
    public InputStream open(long offsetBytes, long lengthBytes) throws IOException {
      InputStream in = blob.open(offsetBytes, lengthBytes);
      long opened = System.nanoTime();
      return new FilterInputStream(in) {
        private long readBytes;

        @Override
        public int read() throws IOException {
          int read = super.read();
          readBytes += read < 0 ? 0 : 1;
          return read;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
          int read = super.read(target, offset, length);
          readBytes += Math.max(0, read);
          return read;
        }

        @Override
        public void close() throws IOException {
          link.transferred(readBytes, System.nanoTime() - opened);
          super.close();
        }
      };
    }
  }
}
