package io.morsel.snapshotter;

import io.morsel.registry.Digest;
import io.morsel.registry.RemoteBlob;
import io.morsel.stargz.LayerBlob;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.Objects;

/** A {@link WarmUpLayer}'s bytes, as a registry would have them. */
final class WarmUpBlob implements LayerBlob, RemoteBlob {
  private final byte[] bytes;
  private final Digest digest;

  WarmUpBlob(byte[] bytes) {
    this.bytes = bytes;
    this.digest = Digest.of(bytes);
  }

  @Override
  public Digest digest() {
    return digest;
  }

  @Override
  public long sizeBytes() {
    return bytes.length;
  }

  @Override
  public InputStream open(long offsetBytes, long lengthBytes) {
    Objects.checkFromIndexSize(offsetBytes, lengthBytes, bytes.length);
    return new ByteArrayInputStream(bytes, (int) offsetBytes, (int) lengthBytes);
  }
}
