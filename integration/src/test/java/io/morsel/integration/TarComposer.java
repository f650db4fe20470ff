package io.morsel.integration;

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
 */
final class TarComposer implements AutoCloseable {
  private static final int BLOCK = 512;
  private final OutputStream out;

  TarComposer(OutputStream out) {
    this.out = out;
  }

  /** One entry, with the defaults of a plain file; immutable. */
  @SuppressWarnings("ArrayRecordComponent") // names are bytes; entries are never compared
  record Entry(
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
    static Entry of(char type, String name) {
      return of(type, name.getBytes(StandardCharsets.UTF_8));
    }

    static Entry of(char type, byte[] name) {
      int mode = type == '5' ? 0755 : type == '2' ? 0777 : 0644;
      return new Entry(type, name, new byte[0], mode, 0, 0, "1700000000", 0, 0, Map.of());
    }

    Entry mode(int value) {
      return new Entry(type, name, link, value, uid, gid, mtime, major, minor, xattrs);
    }

    Entry owner(long user, long group) {
      return new Entry(type, name, link, mode, user, group, mtime, major, minor, xattrs);
    }

    Entry mtime(String seconds) {
      return new Entry(type, name, link, mode, uid, gid, seconds, major, minor, xattrs);
    }

    Entry link(String target) {
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

    Entry device(int majorNumber, int minorNumber) {
      return new Entry(type, name, link, mode, uid, gid, mtime, majorNumber, minorNumber, xattrs);
    }

    Entry xattr(String key, byte[] value) {
      Map<String, byte[]> more = new LinkedHashMap<>(xattrs);
      more.put(key, value);
      return new Entry(type, name, link, mode, uid, gid, mtime, major, minor, more);
    }
  }

  void add(Entry entry) {
    add(entry, new byte[0]);
  }

  void add(Entry entry, byte[] content) {
    try {
      begin(entry, content.length);
      out.write(content);
      pad(content.length);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A file of {@code sizeBytes} zeros, but for {@code head} at its start. */
  void addSparse(Entry entry, byte[] head, long sizeBytes) {
    try {
      begin(entry, sizeBytes);
      out.write(head);
      byte[] zeros = new byte[1 << 20];
      for (long left = sizeBytes - head.length; left > 0; left -= zeros.length) {
        out.write(zeros, 0, (int) Math.min(left, zeros.length));
      }
      pad(sizeBytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void begin(Entry entry, long sizeBytes) throws IOException {
    ByteArrayOutputStream pax = new ByteArrayOutputStream();
    record(pax, "mtime", entry.mtime().getBytes(StandardCharsets.US_ASCII));
    record(pax, "path", entry.name());
    if (entry.link().length > 0) {
      record(pax, "linkpath", entry.link());
    }
    record(pax, "uid", Long.toString(entry.uid()).getBytes(StandardCharsets.US_ASCII));
    record(pax, "gid", Long.toString(entry.gid()).getBytes(StandardCharsets.US_ASCII));
    record(pax, "size", Long.toString(sizeBytes).getBytes(StandardCharsets.US_ASCII));
    entry.xattrs().forEach((key, value) -> record(pax, "SCHILY.xattr." + key, value));
    byte[] records = pax.toByteArray();
    out.write(
        header(
            'x', "PaxHeader".getBytes(StandardCharsets.UTF_8), Entry.of('x', "x"), records.length));
    out.write(records);
    pad(records.length);
    out.write(header(entry.type(), entry.name(), entry, sizeBytes));
  }

  private static byte[] header(char type, byte[] name, Entry entry, long sizeBytes) {
    byte[] block = new byte[BLOCK];
    System.arraycopy(name, 0, block, 0, Math.min(name.length, 100));
    octal(block, 100, 8, entry.mode());
    octal(block, 108, 8, entry.uid() & 07777777);
    octal(block, 116, 8, entry.gid() & 07777777);
    octal(block, 124, 12, sizeBytes & 077777777777L);
    octal(block, 136, 12, Long.parseLong(entry.mtime().replaceAll("\\..*", "")));
    block[156] = (byte) type;
    System.arraycopy(entry.link(), 0, block, 157, Math.min(entry.link().length, 100));
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
