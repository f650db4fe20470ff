package io.morsel.prefetch;

import io.morsel.stargz.LayerIndex;
import java.io.IOException;

/**
 * What all handles of one open layer share.
 *
 * @param source where the layer comes from
 * @param index its index
 * @param data its data
 * @param reader the side of the data that waits
 */
record OpenLayer(LayerSource source, LayerIndex index, LayerData data, LayerReader reader)
    implements AutoCloseable {
  @Override
  public void close() throws IOException {
    // The engine uses the index until the data is closed.
    try {
      data.close();
    } finally {
      index.close();
    }
  }
}
