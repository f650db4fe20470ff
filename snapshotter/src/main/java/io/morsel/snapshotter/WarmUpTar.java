package io.morsel.snapshotter;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Writes a tar archive with what a warm-up needs of it. Not safe for use by many threads. */
final class WarmUpTar {
  private static final int BLOCK_BYTES = 512;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /**
   * Adds an entry as POSIX' ustar format has it.
   *
   * @param name a directory's ends with a slash
   * @param type of tar: 0 a file, 1 a hard link, 2 a symbolic link, 5 a directory
   * @param bytes a file's size; it is filled with the last letter of its name
   */
  void add(String name, char type, String link, int bytes) throws IOException {
    byte[] content = new byte[bytes];
    Arrays.fill(content, (byte) name.charAt(name.length() - 1));
    entry(name, type, link, content);
  }

  /** Says when the entry that is added next was changed, as pax has it: with a fraction. */
  void modified(String seconds) throws IOException {
    pax("mtime", seconds);
  }

  /** Gives the entry that is added next an extended attribute, as GNU tar and Docker write them. */
  void attribute(String name, String value) throws IOException {
    pax("SCHILY.xattr." + name, value);
  }

  private void pax(String key, String value) throws IOException {
    String record = " " + key + "=" + value + "\n";
    int length = record.length();
    while (Integer.toString(length).length() + record.length() != length) {
      length = Integer.toString(length).length() + record.length();
    }
    entry("pax", 'x', "", (length + record).getBytes(StandardCharsets.US_ASCII));
  }

  private void entry(String name, char type, String link, byte[] content) throws IOException {
    byte[] header = new byte[BLOCK_BYTES];
    put(header, 0, name);
    put(header, 100, "0000755\0" + "0000000\0" + "0000000\0");
    put(header, 124, "%011o\0%011o\0".formatted(content.length, 0));
    put(header, 148, "        " + type + link);
    put(header, 257, "ustar\0" + "00");
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xFF;
    }
    put(header, 148, "%06o\0 ".formatted(sum));
    out.write(header);
    out.write(content);
    out.write(new byte[-content.length & (BLOCK_BYTES - 1)]);
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }

  /** The archive, ended. */
  byte[] toBytes() {
    byte[] entries = out.toByteArray();
    return Arrays.copyOf(entries, entries.length + 2 * BLOCK_BYTES);
  }
}
