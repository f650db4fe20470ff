package io.morsel.stargz;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A chunk table that a test fills by hand. */
public final class ListedChunks implements ChunkTable {
  /** One chunk; {@code sha256} in hexadecimal digits, all zero for none. */
  public record Chunk(
      long dataOffset,
      int dataLength,
      long blobOffset,
      long blobLength,
      long innerOffset,
      String sha256) {}

  private final List<Chunk> list = new ArrayList<>();

  /** Adds a chunk behind those added before. */
  public ListedChunks add(Chunk chunk) {
    list.add(chunk);
    return this;
  }

  @Override
  public int count() {
    return list.size();
  }

  @Override
  public long dataOffset(int chunk) {
    return list.get(chunk).dataOffset;
  }

  @Override
  public int dataLength(int chunk) {
    return list.get(chunk).dataLength;
  }

  @Override
  public long blobOffset(int chunk) {
    return list.get(chunk).blobOffset;
  }

  @Override
  public long blobLength(int chunk) {
    return list.get(chunk).blobLength;
  }

  @Override
  public long innerOffset(int chunk) {
    return list.get(chunk).innerOffset;
  }

  @Override
  public void sha256(int chunk, byte[] target) {
    System.arraycopy(HexFormat.of().parseHex(list.get(chunk).sha256), 0, target, 0, 32);
  }

  @Override
  public int firstEndingAfter(long dataOffset) {
    for (int i = 0; i < list.size(); i++) {
      if (dataOffset(i) + dataLength(i) > dataOffset) {
        return i;
      }
    }
    return list.size();
  }
}
