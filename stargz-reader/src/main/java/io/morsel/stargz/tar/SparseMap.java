package io.morsel.stargz.tar;

import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerFormatException.Kind;
import java.util.Arrays;

/**
 * Which parts of a sparse file a tar holds; everything between them is zeros.
 *
 * <p>Immutable.
 */
public final class SparseMap {
  /** The map of a file without holes, whose content is stored as a whole. */
  public static final SparseMap NONE = new SparseMap(false, new long[0]);

  /** More parts than this are refused: files seen in the wild have some thousands. */
  static final int MAX_PARTS = 1 << 20;

  private static final int FIELDS = 3;

  private final boolean sparse;

  /** Offset in the file, length, and offset in what is stored, of each part in turn. */
  private final long[] parts;

  private SparseMap(boolean sparse, long[] parts) {
    this.sparse = sparse;
    this.parts = parts;
  }

  /**
   * The map of a file with these parts.
   *
   * @param ranges offset and length of each part in turn
   * @param sizeBytes size of the file with its holes
   * @throws LayerFormatException if parts overlap, are out of order or leave the file
   */
  static SparseMap of(long[] ranges, long sizeBytes) throws LayerFormatException {
    if (ranges.length % 2 != 0) {
      throw new LayerFormatException(Kind.MALFORMED, "sparse map with an odd number of values");
    }
    int count = ranges.length / 2;
    long[] parts = new long[FIELDS * count];
    long end = 0;
    long stored = 0;
    for (int i = 0; i < count; i++) {
      long offset = ranges[2 * i];
      long length = ranges[2 * i + 1];
      if (offset < end || length < 0 || offset > sizeBytes || length > sizeBytes - offset) {
        throw new LayerFormatException(
            Kind.MALFORMED,
            "sparse map with %d bytes at %d, after %d, in a file of %d bytes"
                .formatted(length, offset, end, sizeBytes));
      }
      parts[FIELDS * i] = offset;
      parts[FIELDS * i + 1] = length;
      parts[FIELDS * i + 2] = stored;
      end = offset + length;
      stored += length;
    }
    return new SparseMap(true, parts);
  }

  /** Whether the file is stored in parts. */
  public boolean isSparse() {
    return sparse;
  }

  /** The bytes of all parts together. */
  public long storedBytes() {
    int last = count() - 1;
    return last < 0 ? 0 : storedOffset(last) + length(last);
  }

  /** How many parts there are. */
  public int count() {
    return parts.length / FIELDS;
  }

  /** Where in the file a part starts. */
  public long offset(int part) {
    return parts[FIELDS * part];
  }

  /** How many bytes a part has. */
  public long length(int part) {
    return parts[FIELDS * part + 1];
  }

  /** How many bytes of earlier parts are stored before a part. */
  public long storedOffset(int part) {
    return parts[FIELDS * part + 2];
  }

  /** The first part that ends after this place in the file; {@link #count} where there is none. */
  public int firstEndingAfter(long fileOffset) {
    int low = 0;
    int high = count();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (offset(middle) + length(middle) > fileOffset) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SparseMap map
        && sparse == map.sparse
        && Arrays.equals(parts, map.parts);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(parts);
  }

  @Override
  public String toString() {
    return sparse ? Arrays.toString(parts) : "not sparse";
  }
}
