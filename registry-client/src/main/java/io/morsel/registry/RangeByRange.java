package io.morsel.registry;

import java.io.IOException;
import java.io.InputStream;
import java.util.Iterator;
import java.util.Objects;

/** Ranges of a blob one after the other, each by a request of its own. Used by one thread. */
final class RangeByRange extends InputStream {
  private final RemoteBlob blob;
  private final Iterator<ByteRange> rest;
  private InputStream current;

  RangeByRange(RemoteBlob blob, InputStream first, Iterator<ByteRange> rest) {
    this.blob = blob;
    this.rest = rest;
    this.current = first;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (length == 0) {
      return 0;
    }
    while (true) {
      int count = current.read(target, offset, length);
      if (count >= 0 || !rest.hasNext()) {
        return count;
      }
      current.close();
      ByteRange next = rest.next();
      current = blob.open(next.offset(), next.lengthBytes());
    }
  }

  @Override
  public void close() throws IOException {
    current.close();
  }
}
