package io.morsel.stargz.tar;

import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerFormatException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a tar from a stream: ustar, GNU (long names, base-256 numbers, sparse files) and PAX
 * (extended headers, sparse files 0.0, 0.1 and 1.0).
 *
 * <p>Global PAX headers are checked and otherwise ignored, as containerd does when it unpacks a
 * layer. The input is hostile: what one entry can make this class allocate is bounded by {@link
 * #MAX_EXTENSION_BYTES}. For one thread.
 */
public final class TarReader {
  /** The size of one extended header, long name or sparse map that is accepted, in bytes. */
  public static final int MAX_EXTENSION_BYTES = 1 << 20;

  /** Sizes and times beyond this are none; PAX records of 18 digits hold all up to it. */
  private static final long MAX_NUMBER = 1L << 59;

  private static final int BLOCK = TarField.BLOCK_BYTES;

  private final InputStream source;
  private final byte[] block = new byte[BLOCK];
  private final byte[] copyBuffer = new byte[64 << 10];

  private long position;
  private long headerPosition;

  /** Bytes of the current entry that have not been read yet, without its padding. */
  private long remaining;

  private int padding;

  /** Reads the tar that starts at the stream's position; the stream stays open. */
  public TarReader(InputStream source) {
    this.source = source;
  }

  /** How many bytes of the tar have been read. */
  public long position() {
    return position;
  }

  /**
   * Passes over what is left of the current entry and reads the next one's headers.
   *
   * @return null at the end of the tar
   * @throws LayerFormatException if the tar is malformed or holds what image layers may not hold
   */
  public @Nullable TarEntry next() throws IOException {
    skipContent();
    Extensions extensions = new Extensions();
    while (true) {
      headerPosition = position;
      if (!readHeaderBlock()) {
        if (extensions.any()) {
          throw malformed("an extended header that nothing follows");
        }
        return null;
      }
      char flag = (char) (block[TarField.TYPE_FLAG.offset] & 0xff);
      switch (flag) {
        case 'x' -> extensions.pax = PaxRecords.parse(readExtension("PAX header"));
        case 'g' -> PaxRecords.parse(readExtension("global PAX header"));
        case 'L' -> extensions.longName = readLongName();
        case 'K' -> extensions.longLink = readLongName();
        default -> {
          return entry(flag, extensions);
        }
      }
    }
  }

  /**
   * Reads content of the current entry as it is stored: of a sparse file its parts only.
   *
   * @return how many bytes were read, or -1 at the end of the content
   */
  public int read(byte[] target, int offset, int length) throws IOException {
    if (remaining == 0) {
      return -1;
    }
    int read = source.read(target, offset, (int) Math.min(length, remaining));
    if (read < 0) {
      throw cutOff();
    }
    remaining -= read;
    position += read;
    return read;
  }

  /** Writes what is left of the current entry's stored content; returns how much that was. */
  public long copyTo(OutputStream target) throws IOException {
    long copied = 0;
    int read = read(copyBuffer, 0, copyBuffer.length);
    while (read >= 0) {
      target.write(copyBuffer, 0, read);
      copied += read;
      read = read(copyBuffer, 0, copyBuffer.length);
    }
    return copied;
  }

  /** What extended headers say of the entry that follows them. */
  private static final class Extensions {
    Map<String, String> pax = Map.of();
    @Nullable String longName;
    @Nullable String longLink;

    boolean any() {
      return !pax.isEmpty() || longName != null || longLink != null;
    }

    /** A record's value; null where there is none, or an empty one, which undoes a record. */
    @Nullable String record(String key) {
      String value = pax.get(key);
      return value == null || value.isEmpty() ? null : value;
    }

    String text(String key, String fromHeader) {
      String value = record(key);
      return value == null ? fromHeader : value;
    }

    long number(String key, long fromHeader) throws LayerFormatException {
      String value = record(key);
      return value == null ? fromHeader : decimal(value, key);
    }
  }

  private TarEntry entry(char flag, Extensions extensions) throws IOException {
    boolean ustar = TarField.MAGIC.text(block).startsWith("ustar");
    String headerName = TarField.NAME.text(block);
    String prefix = ustar && !isOldGnu() ? TarField.PREFIX.text(block) : "";
    String name = prefix.isEmpty() ? headerName : prefix + "/" + headerName;
    name = extensions.text(PaxRecords.PATH, name);
    String linkName = extensions.text(PaxRecords.LINK_PATH, TarField.LINK_NAME.text(block));
    if (extensions.longName != null) {
      name = extensions.longName;
    }
    if (extensions.longLink != null) {
      linkName = extensions.longLink;
    }
    TarType type = type(flag, name);
    long stored = extensions.number(PaxRecords.SIZE, TarField.SIZE.number(block));
    if (type != TarType.REGULAR) {
      stored = 0; // Some tars give sizes of links and directories, with no content behind.
    }
    if (stored < 0 || stored > MAX_NUMBER) {
      throw malformed("a size of " + stored);
    }
    PaxTime mtime =
        extensions.record(PaxRecords.MTIME) == null
            ? new PaxTime(TarField.MTIME.number(block), 0)
            : PaxTime.parse(extensions.text(PaxRecords.MTIME, ""));
    if (mtime.seconds() > MAX_NUMBER || mtime.seconds() < -MAX_NUMBER) {
      throw malformed("a modification time of " + mtime.seconds());
    }
    int mode = (int) (TarField.MODE.number(block) & 07777);
    long userId = id(extensions.number(PaxRecords.USER_ID, TarField.USER_ID.number(block)));
    long groupId = id(extensions.number(PaxRecords.GROUP_ID, TarField.GROUP_ID.number(block)));
    String userName =
        extensions.text(PaxRecords.USER_NAME, ustar ? TarField.USER_NAME.text(block) : "");
    String groupName =
        extensions.text(PaxRecords.GROUP_NAME, ustar ? TarField.GROUP_NAME.text(block) : "");
    long major = type.isDevice() ? TarField.DEVICE_MAJOR.number(block) : 0;
    long minor = type.isDevice() ? TarField.DEVICE_MINOR.number(block) : 0;
    remaining = stored;
    padding = padding(stored);

    long size = stored;
    SparseMap holes = SparseMap.NONE;
    if (type == TarType.REGULAR) {
      if (flag == 'S') {
        size = TarField.GNU_REAL_SIZE.number(block);
        holes = oldGnuMap(size);
      } else if (GnuSparse.describes(extensions.pax)) {
        name = GnuSparse.name(extensions.pax, name);
        size = GnuSparse.sizeBytes(extensions.pax, stored);
        holes = GnuSparse.map(extensions.pax, size, this::readInContent);
      }
      if (size < 0 || size > MAX_NUMBER) {
        throw malformed("a size of " + size);
      }
      if (holes.isSparse() && holes.storedBytes() != remaining) {
        throw malformed(
            "a sparse map of %d bytes, but %d bytes of content"
                .formatted(holes.storedBytes(), remaining));
      }
    }
    check(type, name, linkName);
    if (userName.indexOf('\0') >= 0 || groupName.indexOf('\0') >= 0) {
      throw malformed("a user's or group's name that holds a zero byte");
    }
    return new TarEntry(
        type,
        name,
        type.isLink() ? linkName : "",
        mode,
        userId,
        groupId,
        userName,
        groupName,
        mtime.seconds(),
        mtime.nanos(),
        major,
        minor,
        xattrs(extensions.pax),
        otherRecords(extensions.pax),
        size,
        holes);
  }

  private TarType type(char flag, String name) throws LayerFormatException {
    return switch (flag) {
      case '\0' -> name.endsWith("/") ? TarType.DIRECTORY : TarType.REGULAR;
      case '0', '7', 'S' -> TarType.REGULAR;
      case '1' -> TarType.HARD_LINK;
      case '2' -> TarType.SYMLINK;
      case '3' -> TarType.CHARACTER_DEVICE;
      case '4' -> TarType.BLOCK_DEVICE;
      case '5' -> TarType.DIRECTORY;
      case '6' -> TarType.FIFO;
      default ->
          throw malformed(
              "an entry of type 0x%02x (%s), which no image layer can hold"
                  .formatted((int) flag, ByteStrings.text(name)));
    };
  }

  private void check(TarType type, String name, String linkName) throws LayerFormatException {
    if (name.isEmpty() || name.indexOf('\0') >= 0) {
      throw malformed("an entry whose name is empty or holds a zero byte");
    }
    if (type.isLink() && (linkName.isEmpty() || linkName.indexOf('\0') >= 0)) {
      throw malformed(
          "a link %s whose target is empty or holds a zero byte".formatted(ByteStrings.text(name)));
    }
  }

  private long id(long id) throws LayerFormatException {
    if (id < 0 || id > 0xffff_ffffL) {
      throw malformed("an owner or group of " + id);
    }
    return id;
  }

  private static Map<String, String> xattrs(Map<String, String> pax) {
    Map<String, String> xattrs = new LinkedHashMap<>();
    pax.forEach(
        (key, value) -> {
          if (key.startsWith(PaxRecords.XATTR) && key.length() > PaxRecords.XATTR.length()) {
            xattrs.put(key.substring(PaxRecords.XATTR.length()), value);
          }
        });
    return xattrs.isEmpty() ? Map.of() : xattrs;
  }

  private static Map<String, String> otherRecords(Map<String, String> pax) {
    Map<String, String> others = new LinkedHashMap<>(pax);
    others
        .keySet()
        .removeIf(
            key ->
                switch (key) {
                  case PaxRecords.PATH,
                      PaxRecords.LINK_PATH,
                      PaxRecords.SIZE,
                      PaxRecords.USER_ID,
                      PaxRecords.GROUP_ID,
                      PaxRecords.USER_NAME,
                      PaxRecords.GROUP_NAME,
                      PaxRecords.MTIME,
                      PaxRecords.HEADER_CHARSET ->
                      true;
                  default ->
                      key.startsWith(PaxRecords.XATTR) || key.startsWith(PaxRecords.GNU_SPARSE);
                });
    return others.isEmpty() ? Map.of() : others;
  }

  /** The map in the header and its extension blocks, as in GNU tar's old format. */
  private SparseMap oldGnuMap(long sizeBytes) throws IOException {
    GnuSparse.Parts parts = new GnuSparse.Parts();
    boolean more = parts.addOldFormat(block, 386, 4, 482);
    while (more) {
      readBlock();
      more = parts.addOldFormat(block, 0, 21, 504);
    }
    return parts.map(sizeBytes);
  }

  /** Reads a block at the start of the current entry's content. */
  private byte[] readInContent() throws IOException {
    if (remaining < BLOCK) {
      throw malformed("a sparse map that is cut off");
    }
    readBlock();
    remaining -= BLOCK;
    return block;
  }

  /** GNU tar's own format has other things where ustar has its prefix. */
  private boolean isOldGnu() {
    int at = TarField.MAGIC.offset;
    return block[at + 5] == ' ' && block[at + 6] == ' ';
  }

  private byte[] readExtension(String what) throws IOException {
    long size = TarField.SIZE.number(block);
    if (size < 0) {
      throw malformed("a " + what + " of negative size");
    }
    if (size > MAX_EXTENSION_BYTES) {
      throw new LayerFormatException(
          Kind.TOO_LARGE,
          "tar at byte %d: a %s of %d bytes; at most %d are accepted"
              .formatted(headerPosition, what, size, MAX_EXTENSION_BYTES));
    }
    byte[] data = source.readNBytes((int) size);
    position += data.length;
    if (data.length < size) {
      throw cutOff();
    }
    skip(padding(size));
    return data;
  }

  private String readLongName() throws IOException {
    String name = ByteStrings.of(readExtension("long name"));
    int zero = name.indexOf('\0');
    return zero < 0 ? name : name.substring(0, zero);
  }

  /** Reads a header block and checks it; false at the end of the tar. */
  private boolean readHeaderBlock() throws IOException {
    int read = source.readNBytes(block, 0, BLOCK);
    position += read;
    if (read == 0) {
      return false; // Some tars come without the blocks of zeros at their end.
    }
    if (read < BLOCK) {
      throw cutOff();
    }
    if (isZero()) {
      read = source.readNBytes(block, 0, BLOCK);
      position += read;
      if (read == 0 || (read == BLOCK && isZero())) {
        return false;
      }
      throw malformed("a block of zeros that something follows");
    }
    long expected = TarField.CHECKSUM.number(block);
    if (expected != TarField.checksum(block, false) && expected != TarField.checksum(block, true)) {
      throw malformed("a header with a wrong checksum, or no tar at all");
    }
    return true;
  }

  private void readBlock() throws IOException {
    int read = source.readNBytes(block, 0, BLOCK);
    position += read;
    if (read < BLOCK) {
      throw cutOff();
    }
  }

  private boolean isZero() {
    for (byte b : block) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }

  private void skipContent() throws IOException {
    skip(remaining);
    skip(padding);
    remaining = 0;
    padding = 0;
  }

  private void skip(long bytes) throws IOException {
    long left = bytes;
    while (left > 0) {
      int read = source.read(copyBuffer, 0, (int) Math.min(copyBuffer.length, left));
      if (read < 0) {
        throw cutOff();
      }
      left -= read;
      position += read;
    }
  }

  private static int padding(long size) {
    return (int) (-size & (BLOCK - 1));
  }

  static long decimal(String text, String what) throws LayerFormatException {
    boolean digits = !text.isEmpty() && text.length() <= 18;
    for (int i = 0; digits && i < text.length(); i++) {
      digits = text.charAt(i) >= '0' && text.charAt(i) <= '9';
    }
    if (!digits) {
      throw new LayerFormatException(
          Kind.MALFORMED,
          "PAX header with %s %s, which is not a number"
              .formatted(what, ByteStrings.text(text.substring(0, Math.min(40, text.length())))));
    }
    return Long.parseLong(text);
  }

  private LayerFormatException malformed(String what) {
    return new LayerFormatException(
        Kind.MALFORMED, "tar at byte %d: %s".formatted(headerPosition, what));
  }

  private LayerFormatException cutOff() {
    return new LayerFormatException(
        Kind.MALFORMED, "tar is cut off at byte %d".formatted(position));
  }
}
