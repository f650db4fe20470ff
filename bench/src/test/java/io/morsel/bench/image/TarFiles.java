package io.morsel.bench.image;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The entries of a tar without PAX records, for comparing. */
final class TarFiles {
  private TarFiles() {}

  /** Every entry's content by its name; empty where it is no file. */
  static Map<String, byte[]> read(byte[] tar) {
    Map<String, byte[]> files = new LinkedHashMap<>();
    for (int at = 0; tar[at] != 0; ) {
      String name = field(tar, at, 100);
      int sizeBytes = Integer.parseInt(field(tar, at + 124, 12), 8);
      if (files.put(name, Arrays.copyOfRange(tar, at + 512, at + 512 + sizeBytes)) != null) {
        throw new AssertionError("twice in the tar: " + name);
      }
      at += 512 + Math.ceilDiv(sizeBytes, 512) * 512;
    }
    return files;
  }

  private static String field(byte[] tar, int at, int length) {
    int end = at;
    while (end < at + length && tar[end] != 0) {
      end++;
    }
    return new String(tar, at, end - at, StandardCharsets.US_ASCII);
  }

  static byte[] file(Map<String, byte[]> files, String name) {
    return Objects.requireNonNull(files.get(name), name);
  }

  static List<String> lines(Map<String, byte[]> files, String name) {
    return new String(file(files, name), StandardCharsets.US_ASCII).lines().toList();
  }
}
