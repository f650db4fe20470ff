package io.morsel.stargz.tar;

import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerFormatException.Kind;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Which parts of a sparse file a tar holds; everything between them is zeros.
 *
 * <p>Immutable.
 */
public final class SparseMap {
  /** The map of a file without holes, whose content is stored as a whole. */
  public static final SparseMap NONE = new SparseMap(null, 0);

  /** More parts than this are refused: files seen in the wild have some thousands. */
  static final int MAX_PARTS = 1 << 20;

  /** Offset and length of each part in turn; null where the file is stored as a whole. */
  private final long @Nullable [] parts;

  private final long storedBytes;

  private SparseMap(long @Nullable [] parts, long storedBytes) {
    this.parts = parts;
    this.storedBytes = storedBytes;
  }

  /**
   * The map of a file with these parts.
   *
   * @param parts offset and length of each part in turn
   * @param sizeBytes size of the file with its holes
   * @throws LayerFormatException if parts overlap, are out of order or leave the file
   */
  static SparseMap of(long[] parts, long sizeBytes) throws LayerFormatException {
    if (parts.length % 2 != 0) {
      throw new LayerFormatException(Kind.MALFORMED, "sparse map with an odd number of values");
    }
    long end = 0;
    long stored = 0;
    for (int i = 0; i < parts.length; i += 2) {
      long offset = parts[i];
      long length = parts[i + 1];
      if (offset < end || length < 0 || offset > sizeBytes || length > sizeBytes - offset) {
        throw new LayerFormatException(
            Kind.MALFORMED,
            "sparse map with %d bytes at %d, after %d, in a file of %d bytes"
                .formatted(length, offset, end, sizeBytes));
      }
      end = offset + length;
      stored += length;
    }
    return new SparseMap(parts.clone(), stored);
  }

  /** Whether the file is stored in parts. */
  public boolean isSparse() {
    return parts != null;
  }

  /** The bytes of all parts together. */
  public long storedBytes() {
    return storedBytes;
  }

  /** How many parts there are. */
  public int count() {
    return parts == null ? 0 : parts.length / 2;
  }

  /** Where in the file a part starts. */
  public long offset(int part) {
    return parts == null ? 0 : parts[2 * part];
  }

  /** How many bytes a part has. */
  public long length(int part) {
    return parts == null ? 0 : parts[2 * part + 1];
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SparseMap map && Arrays.equals(parts, map.parts);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(parts);
  }

  @Override
  public String toString() {
    return isSparse() ? Arrays.toString(parts) : "not sparse";
  }
}
