package io.morsel.prefetch;

import io.morsel.registry.Digest;
import io.morsel.registry.RemoteBlob;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The layers on disk, {@code <root>/layers/sha256/<digest>/}, and the engine that fills them.
 *
 * <p>A layer is opened once however many snapshots use it: handles are shared and counted. Safe for
 * use by many threads.
 */
public final class LayerStore implements AutoCloseable {
  /** A store in {@code root} with these settings. */
  public LayerStore(Path root, FetchSettings settings, FetchObserver observer) {
    throw new UnsupportedOperationException();
  }

  /**
   * Opens a layer: from disk where its index is there already, otherwise by reading footer and TOC
   * from the blob. Starts prefetch and background fill as configured, and waits for neither.
   *
   * @throws io.morsel.stargz.LayerFormatException if the layer can't be read at random
   */
  public Layer open(LayerSource source, RemoteBlob blob) throws IOException {
    throw new UnsupportedOperationException();
  }

  /**
   * Opens a layer whose index is on disk, without the registry; the blob is first asked for when
   * something absent is read.
   *
   * @return empty where the store has no such layer
   */
  public Optional<Layer> restore(Digest layer, Supplier<RemoteBlob> blob) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** Deletes a layer's files; a no-op where there are none, and an error while it is open. */
  public void delete(Digest layer) throws IOException {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() throws IOException {
    throw new UnsupportedOperationException();
  }
}
