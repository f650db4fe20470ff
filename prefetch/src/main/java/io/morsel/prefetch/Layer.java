package io.morsel.prefetch;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import io.morsel.registry.Digest;
import io.morsel.registry.RemoteBlob;
import io.morsel.stargz.LayerIndex;
import io.morsel.stargz.erofs.ErofsImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * An open layer: its index, what is present of its data, and the way to get the rest.
 *
 * <p>A handle: several may be open on one layer, and the layer stays open until the last of them is
 * closed. Safe for use by many threads until closed.
 */
public final class Layer implements LayerContent, AutoCloseable {
  /** Takes a handle back. */
  @FunctionalInterface
  interface Release {
    void release() throws IOException;
  }

  private final OpenLayer layer;
  private final Release release;
  private final AtomicBoolean closed = new AtomicBoolean();

  Layer(OpenLayer layer, Release release) {
    this.layer = layer;
    this.release = release;
  }

  /** The layer's index; closed together with the layer. */
  public LayerIndex index() {
    return layer.index();
  }

  /** Where the layer comes from. */
  public LayerSource source() {
    return layer.source();
  }

  /**
   * Returns once these bytes of the layer's data are present and verified, and fetches those that
   * are not.
   *
   * <p>Bytes past the end of the data are not asked for. With {@link FetchPriority#DEMAND} a
   * failing network is retried until the read timeout; with others its first failure ends the call.
   *
   * @throws IOException if a byte can't be fetched, fails its verification, or can't be stored
   * @throws java.io.InterruptedIOException if the calling thread is interrupted while it waits; its
   *     interrupt status is clear then
   * @throws IndexOutOfBoundsException if offset or length are negative
   */
  public void ensure(long dataOffset, long lengthBytes, FetchPriority priority) throws IOException {
    checkOpen();
    layer.reader().ensure(dataOffset, lengthBytes, priority);
  }

  /** Whether the whole layer is present. */
  public boolean isComplete() {
    return layer.data().present.isFull();
  }

  /** How many bytes of the layer's data are present and verified. */
  public long presentBytes() {
    return layer.data().presentBytes();
  }

  /**
   * How many of the present bytes are not yet recorded on the disk: a restart would not find them.
   */
  public long unsyncedBytes() {
    return layer.data().unsyncedBytes();
  }

  /**
   * How many bytes all chunks have: what {@link #presentBytes} is when the layer is complete. Less
   * than {@link #dataBytes}, which has padding between files.
   */
  public long chunkBytes() {
    return layer.data().chunkBytes();
  }

  /** Records on the disk what is present; otherwise that happens every few seconds. */
  public void sync() throws IOException {
    checkOpen();
    layer.data().sync().flush();
  }

  /**
   * Fetches what the replay has of this layer and is absent, ahead of readers and in the
   * background: at priority {@link FetchPriority#PREFETCH}. Returns at once.
   */
  public void replay(ImageReplay image) {
    layer.data().replays.replay(image.order(layer.source().digest()), image);
  }

  /** Has later requests of this layer, through whichever handle, go to this blob. */
  public void replaceBlob(Supplier<RemoteBlob> blob) {
    layer.data().blob(blob);
  }

  @Override
  public String name() {
    return layer.data().name();
  }

  @Override
  public ErofsImage tree() {
    return layer.index().tree();
  }

  @Override
  public boolean isPresent(long dataOffset, int lengthBytes) {
    return !closed.get() && layer.reader().isPresent(dataOffset, lengthBytes);
  }

  /**
   * {@inheritDoc}
   *
   * <p>At the end of the data it reads less than there is room for. A direct buffer is read into
   * without a copy. After an {@link java.io.InterruptedIOException} the thread's interrupt status
   * is clear.
   */
  @Override
  public void read(long dataOffset, ByteBuffer target) throws IOException {
    checkOpen();
    layer.reader().read(dataOffset, target);
  }

  @Override
  public Path dataFile() {
    return layer.data().spec.directory().resolve(LayerData.DATA_FILE);
  }

  @Override
  public CompletableFuture<Void> completed() {
    return layer.data().sync().completed();
  }

  @Override
  public long dataBytes() {
    return layer.data().spec.dataBytes();
  }

  /**
   * {@inheritDoc}
   *
   * <p>The tree's is that of the index as it lies on the disk: built anew, by another version say,
   * it may number the same names in another way.
   */
  @Override
  public Optional<ContentIdentity> identity() throws IOException {
    BasicFileAttributes tree =
        Files.readAttributes(layer.index().tree().file(), BasicFileAttributes.class);
    MessageDigest sha256 = Digest.hasher(Digest.SHA256);
    String built =
        layer.data().spec.identity()
            + " "
            + tree.size()
            + " "
            + tree.lastModifiedTime().to(NANOSECONDS);
    sha256.update(built.getBytes(StandardCharsets.US_ASCII));
    int digits = ContentIdentity.DIGITS;
    return Optional.of(
        new ContentIdentity(
            layer.source().digest(),
            layer.data().spec.identity().substring(0, digits),
            HexFormat.of().formatHex(sha256.digest()).substring(0, digits)));
  }

  /** The data that all handles share. */
  LayerData data() {
    return layer.data();
  }

  private void checkOpen() throws IOException {
    if (closed.get()) {
      throw layer.data().closedException();
    }
  }

  /**
   * Gives the handle back. With the last one the layer closes: readers that wait get an {@link
   * IOException}, what is being written is finished, and what is present is recorded.
   */
  @Override
  public void close() throws IOException {
    if (closed.compareAndSet(false, true)) {
      release.release();
    }
  }
}
