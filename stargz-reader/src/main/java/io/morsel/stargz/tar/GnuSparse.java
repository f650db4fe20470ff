package io.morsel.stargz.tar;

import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerFormatException.Kind;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * GNU tar's ways to describe a sparse file, as in its manual, "Storing Sparse Files": the old
 * header, and PAX 0.0, 0.1 and 1.0.
 */
final class GnuSparse {
  private static final String MAJOR = "GNU.sparse.major";
  private static final String MINOR = "GNU.sparse.minor";
  private static final String NAME = "GNU.sparse.name";
  private static final String SIZE = "GNU.sparse.size";
  private static final String REAL_SIZE = "GNU.sparse.realsize";

  /** Delivers the next block of the entry's content. */
  interface Blocks {
    byte[] next() throws IOException;
  }

  private GnuSparse() {}

  /** Whether these records say that the entry is sparse. */
  static boolean describes(Map<String, String> pax) {
    return pax.containsKey(PaxRecords.GNU_SPARSE_MAP) || pax.containsKey(MAJOR);
  }

  /** The name of the file; the entry itself may bear one made up. */
  static String name(Map<String, String> pax, String headerName) {
    String name = pax.get(NAME);
    return name == null || name.isEmpty() ? headerName : name;
  }

  /** The file's size with its holes. */
  static long sizeBytes(Map<String, String> pax, long fallback) throws LayerFormatException {
    @Nullable String size = pax.containsKey(REAL_SIZE) ? pax.get(REAL_SIZE) : pax.get(SIZE);
    return size == null ? fallback : TarReader.decimal(size, REAL_SIZE);
  }

  /** The map, from the records or from the start of the content. */
  static SparseMap map(Map<String, String> pax, long sizeBytes, Blocks content) throws IOException {
    @Nullable String major = pax.get(MAJOR);
    @Nullable String inRecord = pax.get(PaxRecords.GNU_SPARSE_MAP);
    Parts parts = new Parts();
    if (major == null || major.equals("0")) {
      for (String value : inRecord == null ? new String[0] : inRecord.split(",", -1)) {
        parts.add(TarReader.decimal(value, PaxRecords.GNU_SPARSE_MAP));
      }
    } else if (major.equals("1") && "0".equals(pax.get(MINOR))) {
      LineReader lines = new LineReader(content);
      long count = lines.number();
      if (count > SparseMap.MAX_PARTS) {
        throw tooMany();
      }
      for (long i = 0; i < 2 * count; i++) {
        parts.add(lines.number());
      }
    } else {
      throw new LayerFormatException(
          Kind.MALFORMED,
          "tar with a file in GNU's sparse format %s.%s; 0.0, 0.1 and 1.0 are known"
              .formatted(ByteStrings.text(major), ByteStrings.text(pax.getOrDefault(MINOR, "?"))));
    }
    return parts.map(sizeBytes);
  }

  private static LayerFormatException tooMany() {
    return new LayerFormatException(
        Kind.TOO_LARGE,
        "tar with a sparse file of more than %d parts".formatted(SparseMap.MAX_PARTS));
  }

  /** Collects a map. */
  static final class Parts {
    private long[] values = new long[16];
    private int count;

    void add(long value) throws LayerFormatException {
      if (count >= 2 * SparseMap.MAX_PARTS) {
        throw tooMany();
      }
      if (count == values.length) {
        values = Arrays.copyOf(values, 2 * count);
      }
      values[count++] = value;
    }

    /**
     * Adds the slots of a block of the old format, up to the first unused one.
     *
     * @return whether another block follows
     */
    boolean addOldFormat(byte[] block, int offset, int slots, int moreFlag)
        throws LayerFormatException {
      for (int slot = 0; slot < slots; slot++) {
        int at = offset + slot * 24;
        if (block[at] == 0 || block[at + 12] == 0) {
          break;
        }
        add(TarField.number(block, at, 12, "sparse offset"));
        add(TarField.number(block, at + 12, 12, "sparse length"));
      }
      return block[moreFlag] != 0;
    }

    SparseMap map(long sizeBytes) throws LayerFormatException {
      return SparseMap.of(Arrays.copyOf(values, count), sizeBytes);
    }
  }

  /** Reads decimal numbers, one a line, from blocks of content. */
  private static final class LineReader {
    private final Blocks content;
    private byte @Nullable [] block;
    private int at;

    LineReader(Blocks content) {
      this.content = content;
    }

    long number() throws IOException {
      StringBuilder digits = new StringBuilder();
      int next = next();
      while (next != '\n') {
        digits.append((char) next);
        if (digits.length() > 20) {
          break; // Refused below.
        }
        next = next();
      }
      return TarReader.decimal(digits.toString(), PaxRecords.GNU_SPARSE_MAP);
    }

    private int next() throws IOException {
      if (block == null || at == block.length) {
        block = content.next();
        at = 0;
      }
      return block[at++] & 0xff;
    }
  }
}
