package io.morsel.registry;

import java.io.IOException;
import java.io.InputStream;

/**
 * A blob in a registry, readable at random by HTTP range requests.
 *
 * <p>The bytes are what the registry sent: nothing here is verified, since a part of a blob has no
 * digest of its own. Implementations are safe for use by many threads.
 */
public interface RemoteBlob {
  /** The digest under which the registry serves the blob. */
  Digest digest();

  /** The size of the whole blob, from its descriptor, in bytes. */
  long sizeBytes();

  /**
   * Opens {@code lengthBytes} bytes from {@code offsetBytes} on, by one request.
   *
   * <p>The stream delivers exactly that many bytes or fails with a {@link RegistryException}: a
   * connection that breaks in the middle is continued by a further request, within the client's
   * retry bounds. Closing it early releases the connection and stops the transfer.
   *
   * @throws IndexOutOfBoundsException if the range is not within the blob
   * @throws RegistryException if the registry does not serve the range
   */
  InputStream open(long offsetBytes, long lengthBytes) throws IOException;

  /**
   * Says that bytes of the blob were not what they should be: for a while they are asked for at the
   * registry itself, where another host has answered for it. Asks for nothing.
   */
  default void mistrust() {}
}
