package io.morsel.prefetch;

import io.morsel.stargz.LayerIndex;
import io.morsel.stargz.erofs.ErofsImage;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * An open layer: its index, what is present of its data, and the way to get the rest.
 *
 * <p>Safe for use by many threads until closed.
 */
public final class Layer implements LayerContent, AutoCloseable {
  private Layer() {}

  /** The layer's index. */
  public LayerIndex index() {
    throw new UnsupportedOperationException();
  }

  /**
   * Returns once these bytes of the layer's data are present and verified, and fetches those that
   * are not.
   *
   * @throws IOException if a byte can't be fetched or fails its verification
   */
  public void ensure(long dataOffset, long lengthBytes, FetchPriority priority) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** Whether the whole layer is present. */
  public boolean isComplete() {
    throw new UnsupportedOperationException();
  }

  /** How many bytes of the layer's data are present and verified. */
  public long presentBytes() {
    throw new UnsupportedOperationException();
  }

  @Override
  public String name() {
    throw new UnsupportedOperationException();
  }

  @Override
  public ErofsImage tree() {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean isPresent(long dataOffset, int lengthBytes) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void read(long dataOffset, ByteBuffer target) throws IOException {
    throw new UnsupportedOperationException();
  }

  @Override
  public long dataBytes() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() throws IOException {
    throw new UnsupportedOperationException();
  }
}
