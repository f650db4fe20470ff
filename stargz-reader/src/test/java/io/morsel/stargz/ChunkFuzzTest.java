package io.morsel.stargz;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

/**
 * Any bytes are a chunk or a refusal of it, never another exception, and the same with libdeflate
 * as without. Without libdeflate on the machine, both are the inflater.
 */
final class ChunkFuzzTest {
  private static final GzipContexts INFLATER = new GzipContexts(Optional.empty());
  private static final GzipContexts FASTEST = new GzipContexts(Libdeflate.find());

  @FuzzTest
  void member(byte[] bytes) throws Exception {
    check(bytes);
  }

  @Test
  void damagedMembers() throws Exception {
    byte[] good = member();
    assertThat(check(good)).isTrue();
    int decoded = 0;
    for (long seed = 0; seed < 1_500; seed++) {
      Random random = new Random(seed);
      byte[] bad = Arrays.copyOf(good, good.length - random.nextInt(3) * random.nextInt(100));
      for (int i = random.nextInt(3); i > 0; i--) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt();
      }
      try {
        decoded += check(bad) ? 1 : 0;
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
    assertThat(decoded).isBetween(1, 1_499);
  }

  private static byte[] member() throws IOException {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      byte[] words = new byte[500];
      new Random(3).nextBytes(words);
      for (int i = 0; i < 20; i++) {
        gzip.write(words, i, 300);
      }
    }
    return out.toByteArray();
  }

  /** Whether the bytes give a chunk whose digest is that of what the inflater makes of them. */
  private static boolean check(byte[] bytes) throws IOException, NoSuchAlgorithmException {
    int length = bytes.length == 0 ? 1 : 1 + (bytes[bytes.length - 1] & 0xff) * 31;
    byte[] content = content(bytes, length);
    String digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    for (String expected : new String[] {digest, "0".repeat(64), "1".repeat(64)}) {
      String slow = decode(INFLATER, bytes, length, expected);
      String fast = decode(FASTEST, bytes, length, expected);
      assertThat(fast).isEqualTo(slow);
      assertThat(slow.startsWith("content") && expected.equals("1".repeat(64))).isFalse();
    }
    return decode(FASTEST, bytes, length, digest).startsWith("content");
  }

  /** What the first {@code length} bytes of the stream are; zeros from where it breaks. */
  private static byte[] content(byte[] bytes, int length) {
    byte[] content = new byte[length];
    try (var stream = new GzipMembersInputStream(new ByteArrayInputStream(bytes))) {
      stream.readNBytes(content, 0, content.length);
    } catch (IOException e) {
      // What came before is all there is.
    }
    return content;
  }

  private static String decode(GzipContexts contexts, byte[] bytes, int length, String digest)
      throws IOException {
    ByteBuffer compressed = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    ByteBuffer content = ByteBuffer.allocateDirect(length + ChunkDecoder.SPARE_BYTES);
    var chunks =
        new ListedChunks().add(new ListedChunks.Chunk(0, length, 0, bytes.length, 0, digest));
    try {
      new GzipChunkDecoder(chunks, chunk -> "file", contexts).decode(0, compressed, content);
      byte[] decoded = new byte[content.position()];
      content.get(0, decoded);
      return "content " + HexFormat.of().formatHex(decoded);
    } catch (LayerFormatException e) {
      return e.kind() + " " + e.getMessage();
    }
  }
}
