package io.morsel.stargz.tar;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.morsel.stargz.LayerFormatException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Any bytes are a tar or a refusal; what is read can be written and reads the same again. */
final class TarFuzzTest {
  private static final int MAX_ENTRIES = 200;

  @FuzzTest
  void tar(byte[] bytes) throws IOException {
    read(bytes);
  }

  @FuzzTest
  void paxRecords(byte[] bytes) throws IOException {
    Map<String, String> records;
    try {
      records = PaxRecords.parse(bytes);
    } catch (LayerFormatException e) {
      return;
    }
    Map<String, String> plain = new LinkedHashMap<>(records);
    plain.remove(PaxRecords.GNU_SPARSE_MAP);
    assertThat(PaxRecords.parse(PaxRecords.format(plain))).isEqualTo(plain);
  }

  @Test
  void damagedTars() throws IOException {
    int accepted = 0;
    for (long seed = 0; seed < 3_000; seed++) {
      Random random = new Random(seed);
      byte[] tar = sample(random);
      for (int i = random.nextInt(1, 4); i > 0; i--) {
        int block = random.nextInt(tar.length / 512) * 512;
        tar[block + random.nextInt(512)] =
            random.nextBoolean() ? (byte) random.nextInt() : (byte) random.nextInt('0', '8');
        if (random.nextInt(8) > 0) {
          sign(tar, block);
        }
      }
      accepted += read(tar) ? 1 : 0;
    }
    // Else the damage would be so great, or so small, that nothing is tested.
    assertThat(accepted).isBetween(300, 2_900);
  }

  /** Whether it is a tar as a whole. */
  private static boolean read(byte[] bytes) throws IOException {
    TarReader reader = new TarReader(new ByteArrayInputStream(bytes));
    try {
      TarEntry entry = reader.next();
      for (int i = 0; entry != null && i < MAX_ENTRIES; i++) {
        assertReadsTheSameAgain(entry);
        entry = reader.next();
      }
      return true;
    } catch (LayerFormatException e) {
      assertThat(e).hasMessageNotContaining("null");
      return false;
    }
  }

  private static void assertReadsTheSameAgain(TarEntry entry) throws IOException {
    var out = new ByteArrayOutputStream();
    TarHeaders.write(entry, out);
    if (out.size() > TarReader.MAX_EXTENSION_BYTES) {
      return; // EstargzWriter refuses such.
    }
    @Nullable TarEntry again = new TarReader(new ByteArrayInputStream(out.toByteArray())).next();
    TarEntry wanted =
        new TarEntry(
            entry.type(),
            entry.name(),
            entry.linkName(),
            entry.mode(),
            entry.userId(),
            entry.groupId(),
            entry.userName(),
            entry.groupName(),
            entry.mtimeSeconds(),
            entry.mtimeNanos(),
            entry.deviceMajor(),
            entry.deviceMinor(),
            entry.xattrs(),
            entry.otherRecords(),
            entry.sizeBytes(),
            SparseMap.NONE);
    assertThat(again).isEqualTo(wanted);
  }

  private static byte[] sample(Random random) {
    var out = new ByteArrayOutputStream();
    for (int i = 0; i < 4; i++) {
      TarType type = random.nextBoolean() ? TarType.REGULAR : TarType.SYMLINK;
      int size = type == TarType.REGULAR ? random.nextInt(1_000) : 0;
      TarEntry entry =
          new TarEntry(
              type,
              "n".repeat(1 + random.nextInt(300)),
              type.isLink() ? "l".repeat(1 + random.nextInt(150)) : "",
              0644,
              random.nextInt(5_000_000),
              0,
              "user",
              "",
              random.nextInt(1000),
              random.nextInt(1_000_000_000),
              0,
              0,
              Map.of("user.a", "b=\n"),
              Map.of("comment", "c"),
              size,
              SparseMap.NONE);
      TarHeaders.write(entry, out);
      byte[] content = new byte[size + TarHeaders.padding(size)];
      random.nextBytes(content);
      out.writeBytes(content);
    }
    out.writeBytes(new byte[TarHeaders.END_BYTES]);
    return out.toByteArray();
  }

  private static void sign(byte[] tar, int at) {
    byte[] block = new byte[512];
    System.arraycopy(tar, at, block, 0, 512);
    byte[] sum = "%06o\0 ".formatted(TarField.checksum(block, false)).getBytes(US_ASCII);
    System.arraycopy(sum, 0, tar, at + TarField.CHECKSUM.offset, sum.length);
  }
}
