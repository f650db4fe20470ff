package io.morsel.stargz;

import java.io.IOException;
import java.io.InputStream;

/** The compressed bytes of one layer, readable at random; safe for use by many threads. */
public interface LayerBlob {
  /** The size of the whole compressed layer in bytes. */
  long sizeBytes();

  /**
   * Opens {@code lengthBytes} bytes from {@code offsetBytes} on; the stream delivers exactly that
   * many bytes or fails.
   *
   * @throws IndexOutOfBoundsException if the range is not within the blob
   */
  InputStream open(long offsetBytes, long lengthBytes) throws IOException;
}
