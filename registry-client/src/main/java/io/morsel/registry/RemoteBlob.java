package io.morsel.registry;

import java.io.IOException;
import java.io.InputStream;
import java.util.Iterator;
import java.util.List;

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
   * Opens several ranges, by one request where {@link #servesRanges} and else by one for each, when
   * its turn comes. The stream delivers them one after the other, and is like that of {@link
   * #open(long, long)} otherwise.
   *
   * @param ranges in ascending order, apart from each other; at least one
   * @throws IndexOutOfBoundsException if they are not, or not within the blob
   */
  default InputStream open(List<ByteRange> ranges) throws IOException {
    ByteRange.check(ranges, sizeBytes());
    Iterator<ByteRange> rest = ranges.iterator();
    ByteRange first = rest.next();
    InputStream opened = open(first.offset(), first.lengthBytes());
    return rest.hasNext() ? new RangeByRange(this, opened, rest) : opened;
  }

  /** Whether one request can bring several ranges, as far as is known. */
  default boolean servesRanges() {
    return false;
  }

  /**
   * Says that bytes of the blob were not what they should be: for a while they are asked for at the
   * registry itself, where another host has answered for it. Asks for nothing.
   */
  default void mistrust() {}
}
