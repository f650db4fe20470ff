package io.morsel.bench.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes a tar entry by entry, in any order and with anything that the format can say (ustar and
 * PAX, {@code pax(5)}): what {@code tar} itself would make only out of a tree that can exist.
 * Nothing is kept, so that a layer may have millions of entries. For one thread.
 */
public final class TarComposer implements AutoCloseable {
  private static final int BLOCK = 512;
  private static final int MAX_NAME_BYTES = 100;
  private static final long MAX_ID = 07777777;
  private static final long MAX_SIZE = 077777777777L;

  private final OutputStream out;

  /** Composes on {@code out}, which stays the caller's to close. */
  public TarComposer(OutputStream out) {
    this.out = out;
  }

  /**
   * One entry, with the defaults of a plain file; immutable.
   *
   * @param type the type flag, {@code '0'} a file, {@code '1'} a hard link, {@code '2'} a symbolic
   *     link, {@code '5'} a directory
   * @param mtime seconds since the epoch, in decimal, with or without a fraction
   */
  @SuppressWarnings("ArrayRecordComponent") // names are bytes; entries are never compared
  public record Entry(
      char type,
      byte[] name,
      byte[] link,
      int mode,
      long uid,
      long gid,
      String mtime,
      int major,
      int minor,
      Map<String, byte[]> xattrs) {
    /** An entry of this name. */
    public static Entry of(char type, String name) {
      return of(type, name.getBytes(StandardCharsets.UTF_8));
    }

    /** An entry whose name need not be UTF-8. */
    public static Entry of(char type, byte[] name) {
      int mode = type == '5' ? 0755 : type == '2' ? 0777 : 0644;
      return new Entry(type, name, new byte[0], mode, 0, 0, "1700000000", 0, 0, Map.of());
    }

    /** The same with other permission bits. */
    public Entry mode(int value) {
      return new Entry(type, name, link, value, uid, gid, mtime, major, minor, xattrs);
    }

    /** The same, owned by others. */
    public Entry owner(long user, long group) {
      return new Entry(type, name, link, mode, user, group, mtime, major, minor, xattrs);
    }

    /** The same, last changed at another time. */
    public Entry mtime(String seconds) {
      return new Entry(type, name, link, mode, uid, gid, seconds, major, minor, xattrs);
    }

    /** The same with a target, of a symbolic or of a hard link. */
    public Entry link(String target) {
      return new Entry(
          type,
          name,
          target.getBytes(StandardCharsets.UTF_8),
          mode,
          uid,
          gid,
          mtime,
          major,
          minor,
          xattrs);
    }

    /** The same with the numbers of a device. */
    public Entry device(int majorNumber, int minorNumber) {
      return new Entry(type, name, link, mode, uid, gid, mtime, majorNumber, minorNumber, xattrs);
    }

    /** The same with one more extended attribute. */
    public Entry xattr(String key, byte[] value) {
      Map<String, byte[]> more = new LinkedHashMap<>(xattrs);
      more.put(key, value);
      return new Entry(type, name, link, mode, uid, gid, mtime, major, minor, more);
    }
  }

  /** Adds an entry without content. */
  public void add(Entry entry) {
    add(entry, new byte[0]);
  }

  /** Adds a file with its content. */
  public void add(Entry entry, byte[] content) {
    add(entry, content.length, stream -> stream.write(content));
  }

  /** Content that is written as it is made. */
  @FunctionalInterface
  public interface Content {
    /** Writes all of it. */
    void writeTo(OutputStream out) throws IOException;
  }

  /** Adds a file of {@code sizeBytes}, exactly as many as {@code content} must write. */
  public void add(Entry entry, long sizeBytes, Content content) {
    try {
      begin(entry, sizeBytes);
      content.writeTo(out);
      pad(sizeBytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A file of {@code sizeBytes} zeros, but for {@code head} at its start. */
  public void addSparse(Entry entry, byte[] head, long sizeBytes) {
    add(
        entry,
        sizeBytes,
        stream -> {
          stream.write(head);
          byte[] zeros = new byte[1 << 20];
          for (long left = sizeBytes - head.length; left > 0; left -= zeros.length) {
            stream.write(zeros, 0, (int) Math.min(left, zeros.length));
          }
        });
  }

  private void begin(Entry entry, long sizeBytes) throws IOException {
    byte[] records = pax(entry, sizeBytes);
    if (records.length > 0) {
      out.write(
          header(
              'x',
              "PaxHeader".getBytes(StandardCharsets.UTF_8),
              Entry.of('x', "x"),
              records.length));
      out.write(records);
      pad(records.length);
    }
    out.write(header(entry.type(), entry.name(), entry, sizeBytes));
  }

  /** What the ustar header has no room for; empty where it has. */
  private static byte[] pax(Entry entry, long sizeBytes) {
    ByteArrayOutputStream pax = new ByteArrayOutputStream();
    if (!entry.mtime().chars().allMatch(c -> c >= '0' && c <= '9')) {
      record(pax, "mtime", entry.mtime().getBytes(StandardCharsets.US_ASCII));
    }
    if (!fits(entry.name())) {
      record(pax, "path", entry.name());
    }
    if (!fits(entry.link())) {
      record(pax, "linkpath", entry.link());
    }
    recordIfOver(MAX_ID, pax, "uid", entry.uid());
    recordIfOver(MAX_ID, pax, "gid", entry.gid());
    recordIfOver(MAX_SIZE, pax, "size", sizeBytes);
    entry.xattrs().forEach((key, value) -> record(pax, "SCHILY.xattr." + key, value));
    return pax.toByteArray();
  }

  /** What is not ASCII means one thing to every reader only in a PAX record. */
  private static boolean fits(byte[] name) {
    for (byte b : name) {
      if (b < 0) {
        return false;
      }
    }
    return name.length <= MAX_NAME_BYTES;
  }

  private static void recordIfOver(long most, ByteArrayOutputStream pax, String key, long value) {
    if (value > most) {
      record(pax, key, Long.toString(value).getBytes(StandardCharsets.US_ASCII));
    }
  }

  private static byte[] header(char type, byte[] name, Entry entry, long sizeBytes) {
    byte[] block = new byte[BLOCK];
    System.arraycopy(name, 0, block, 0, Math.min(name.length, MAX_NAME_BYTES));
    octal(block, 100, 8, entry.mode());
    octal(block, 108, 8, entry.uid() & MAX_ID);
    octal(block, 116, 8, entry.gid() & MAX_ID);
    octal(block, 124, 12, sizeBytes & MAX_SIZE);
    octal(block, 136, 12, Long.parseLong(entry.mtime().replaceAll("\\..*", "")));
    block[156] = (byte) type;
    System.arraycopy(entry.link(), 0, block, 157, Math.min(entry.link().length, MAX_NAME_BYTES));
    byte[] magic = "ustar\00000".getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(magic, 0, block, 257, magic.length);
    octal(block, 329, 8, entry.major());
    octal(block, 337, 8, entry.minor());
    Arrays.fill(block, 148, 156, (byte) ' ');
    int sum = 0;
    for (byte b : block) {
      sum += b & 0xff;
    }
    octal(block, 148, 7, sum);
    return block;
  }

  private static void octal(byte[] block, int at, int length, long value) {
    byte[] digits =
        ("0".repeat(length) + Long.toOctalString(value)).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(digits, digits.length - (length - 1), block, at, length - 1);
    block[at + length - 1] = 0;
  }

  /** A PAX record starts with its own length, which counts itself. */
  private static void record(ByteArrayOutputStream pax, String key, byte[] value) {
    int rest = key.getBytes(StandardCharsets.UTF_8).length + value.length + 3;
    int length = rest + 1;
    while (rest + Integer.toString(length).length() != length) {
      length = rest + Integer.toString(length).length();
    }
    pax.writeBytes((length + " " + key + "=").getBytes(StandardCharsets.UTF_8));
    pax.writeBytes(value);
    pax.write('\n');
  }

  private void pad(long sizeBytes) throws IOException {
    out.write(new byte[(int) ((BLOCK - sizeBytes % BLOCK) % BLOCK)]);
  }

  /** Writes the end mark; does not close the stream below. */
  @Override
  public void close() {
    try {
      out.write(new byte[2 * BLOCK]);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
