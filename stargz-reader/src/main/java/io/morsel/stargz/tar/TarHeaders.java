package io.morsel.stargz.tar;

import java.io.ByteArrayOutputStream;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes tar headers: ustar, with a PAX extended header before it where ustar can't hold what has
 * to be said. The same entry always gives the same bytes.
 */
public final class TarHeaders {
  /** Two blocks of zeros end a tar. */
  public static final int END_BYTES = 2 * TarField.BLOCK_BYTES;

  private static final String MAGIC = "ustar\0" + "00";

  private TarHeaders() {}

  /** The zero bytes that follow content of this size, up to the next block. */
  public static int padding(long contentBytes) {
    return (int) (-contentBytes & (TarField.BLOCK_BYTES - 1));
  }

  /** Appends the headers of an entry, which is written without holes. */
  public static void write(TarEntry entry, ByteArrayOutputStream target) {
    byte[] block = new byte[TarField.BLOCK_BYTES];
    Map<String, String> pax = new TreeMap<>(entry.otherRecords());
    putName(entry.name(), block, pax);
    if (entry.linkName().length() > TarField.LINK_NAME.length) {
      pax.put(PaxRecords.LINK_PATH, entry.linkName());
    }
    TarField.LINK_NAME.putText(block, entry.linkName());
    TarField.MODE.putOctal(block, entry.mode());
    putNumber(TarField.USER_ID, entry.userId(), PaxRecords.USER_ID, block, pax);
    putNumber(TarField.GROUP_ID, entry.groupId(), PaxRecords.GROUP_ID, block, pax);
    putNumber(TarField.SIZE, entry.sizeBytes(), PaxRecords.SIZE, block, pax);
    boolean wholeSeconds = entry.mtimeNanos() == 0;
    if (!wholeSeconds || !TarField.MTIME.fitsOctal(entry.mtimeSeconds())) {
      pax.put(PaxRecords.MTIME, new PaxTime(entry.mtimeSeconds(), entry.mtimeNanos()).toString());
    }
    TarField.MTIME.putOctal(block, clamp(TarField.MTIME, entry.mtimeSeconds()));
    block[TarField.TYPE_FLAG.offset] = (byte) entry.type().flag();
    TarField.MAGIC.putText(block, MAGIC);
    putText(TarField.USER_NAME, entry.userName(), PaxRecords.USER_NAME, block, pax);
    putText(TarField.GROUP_NAME, entry.groupName(), PaxRecords.GROUP_NAME, block, pax);
    if (entry.type().isDevice()) {
      putDevice(TarField.DEVICE_MAJOR, entry.deviceMajor(), block);
      putDevice(TarField.DEVICE_MINOR, entry.deviceMinor(), block);
    }
    entry.xattrs().forEach((name, value) -> pax.put(PaxRecords.XATTR + name, value));
    if (!pax.isEmpty()) {
      writeExtended(entry, pax, target);
    }
    finish(block);
    target.writeBytes(block);
  }

  private static void writeExtended(
      TarEntry entry, Map<String, String> pax, ByteArrayOutputStream target) {
    byte[] records = PaxRecords.format(pax);
    byte[] block = new byte[TarField.BLOCK_BYTES];
    String name = entry.name();
    int end = name.endsWith("/") ? name.length() - 1 : name.length();
    String base = name.substring(name.lastIndexOf('/', end - 1) + 1, end);
    TarField.NAME.putText(block, "PaxHeaders.0/" + base);
    TarField.MODE.putOctal(block, 0644);
    TarField.USER_ID.putOctal(block, 0);
    TarField.GROUP_ID.putOctal(block, 0);
    TarField.SIZE.putOctal(block, records.length);
    TarField.MTIME.putOctal(block, 0);
    block[TarField.TYPE_FLAG.offset] = 'x';
    TarField.MAGIC.putText(block, MAGIC);
    finish(block);
    target.writeBytes(block);
    target.writeBytes(records);
    target.writeBytes(new byte[padding(records.length)]);
  }

  /** In the name field; else split between it and the prefix; else in a PAX record. */
  private static void putName(String name, byte[] block, Map<String, String> pax) {
    int max = TarField.NAME.length;
    if (name.length() <= max) {
      TarField.NAME.putText(block, name);
      return;
    }
    int slash = name.lastIndexOf('/', Math.min(TarField.PREFIX.length, name.length() - 2));
    if (slash > 0 && name.length() - slash - 1 <= max) {
      TarField.PREFIX.putText(block, name.substring(0, slash));
      TarField.NAME.putText(block, name.substring(slash + 1));
      return;
    }
    pax.put(PaxRecords.PATH, name);
    TarField.NAME.putText(block, name);
  }

  private static void putText(
      TarField field, String text, String key, byte[] block, Map<String, String> pax) {
    if (text.length() >= field.length) {
      pax.put(key, text);
    }
    field.putText(block, text.length() < field.length ? text : "");
  }

  private static void putNumber(
      TarField field, long number, String key, byte[] block, Map<String, String> pax) {
    if (!field.fitsOctal(number)) {
      pax.put(key, Long.toString(number));
    }
    field.putOctal(block, clamp(field, number));
  }

  private static long clamp(TarField field, long number) {
    return field.fitsOctal(number) ? number : 0;
  }

  /** Device numbers have no PAX record; no real one is this big. */
  private static void putDevice(TarField field, long number, byte[] block) {
    if (field.fitsOctal(number)) {
      field.putOctal(block, number);
    } else {
      field.putBinary(block, number);
    }
  }

  private static void finish(byte[] block) {
    int sum = TarField.checksum(block, false);
    int at = TarField.CHECKSUM.offset;
    for (int i = 5; i >= 0; i--) {
      block[at + i] = (byte) ('0' + (sum & 7));
      sum >>>= 3;
    }
    block[at + 6] = 0;
    block[at + 7] = ' ';
  }
}
