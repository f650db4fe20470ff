package io.morsel.stargz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.stargz.LayerFormatException.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What decoding gzip members has to do, whichever library does it. */
abstract class ChunkDecoderContract {
  private static final String NO_DIGEST = "0".repeat(64);

  private final GzipContexts contexts;

  ChunkDecoderContract(GzipContexts contexts) {
    this.contexts = contexts;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void decodesIntoDirectAndHeapBuffersFromAnywhereInThem(boolean direct) throws Exception {
    byte[] file = random(1, 300_000);
    byte[] member = gzip(concat(file, new byte[1_000]));
    ByteBuffer compressed = allocate(direct, member.length + 7).position(5);
    compressed.put(member).flip().position(5);
    ByteBuffer content = allocate(direct, file.length + 20).position(3);

    decoder(file.length, 0, sha256(file)).decode(0, compressed, content);

    assertThat(content.position()).isEqualTo(3 + file.length);
    assertThat(content.limit()).isEqualTo(content.capacity());
    assertThat(compressed.hasRemaining()).isFalse();
    assertThat(bytes(content.flip().position(3))).isEqualTo(file);
  }

  @Test
  void findsAChunkBehindOthersInItsMember() throws Exception {
    byte[] before = random(2, 100_000);
    byte[] file = random(3, 70_000);
    byte[] member = gzip(concat(before, file, random(4, 50)));

    assertThat(decode(decoder(file.length, before.length, sha256(file)), member, file.length))
        .isEqualTo(file);
  }

  @Test
  void readsOnIntoFurtherMembers() throws Exception {
    byte[] file = random(5, 100_000);
    byte[] members =
        concat(
            gzip(Arrays.copyOfRange(file, 0, 40_000)),
            gzip(new byte[0]),
            headerWithEverything(gzip(Arrays.copyOfRange(file, 40_000, 100_000))));

    assertThat(decode(decoder(file.length, 0, sha256(file)), members, file.length)).isEqualTo(file);
    byte[] tail = Arrays.copyOfRange(file, 45_000, 100_000);
    assertThat(decode(decoder(tail.length, 45_000, sha256(tail)), members, tail.length))
        .isEqualTo(tail);
    assertThat(decode(decoder(file.length, 0, NO_DIGEST), members, file.length)).isEqualTo(file);
  }

  @Test
  void refusesContentOfAnotherDigestAndNamesFileAndChunk() {
    byte[] file = random(6, 10_000);
    byte[] other = file.clone();
    other[5_000] ^= 1;

    assertThatThrownBy(
            () -> decode(decoder(file.length, 0, sha256(file)), gzip(other), file.length))
        .isInstanceOfSatisfying(
            LayerFormatException.class,
            e -> assertThat(e.kind()).isEqualTo(Kind.CHUNK_DIGEST_MISMATCH))
        .hasMessageContaining("file-0")
        .hasMessageContaining("chunk 0");
  }

  @Test
  void checksTheTrailerOfAChunkWithoutDigest() throws Exception {
    byte[] file = random(7, 10_000);
    byte[] member = gzip(concat(file, random(8, 99_999)));
    assertThat(decode(decoder(file.length, 0, NO_DIGEST), member, file.length)).isEqualTo(file);

    member[member.length - 8] ^= 1;
    assertMalformed(decoder(file.length, 0, NO_DIGEST), member, file.length, "CRC-32");
    member[member.length - 8] ^= 1;
    member[member.length - 1] ^= 1;
    assertMalformed(decoder(file.length, 0, NO_DIGEST), member, file.length, "CRC-32");
  }

  @Test
  void refusesEveryTruncation() throws Exception {
    byte[] file = random(9, 500);
    byte[] member = gzip(file);
    for (int length = 0; length < member.length - 8; length++) {
      byte[] cut = Arrays.copyOf(member, length);
      if (length < member.length - 20) {
        assertMalformed(decoder(file.length, 0, sha256(file)), cut, file.length, "file-0");
      }
      assertMalformed(decoder(file.length, 0, NO_DIGEST), cut, file.length, "file-0");
    }
    assertMalformed(decoder(501, 0, sha256(file)), member, 501, "too early");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 257, ChunkDecoder.SPARE_BYTES, ChunkDecoder.SPARE_BYTES + 900})
  void writesNothingBeyondTheSpareRoomNorTheLimit(int room) throws Exception {
    byte[] bomb = gzip(new byte[50 << 20]);
    byte[] zeros = new byte[100];
    int end = 100 + Math.min(room, ChunkDecoder.SPARE_BYTES);
    for (boolean direct : new boolean[] {true, false}) {
      ByteBuffer content = allocate(direct, 10_000);
      while (content.hasRemaining()) {
        content.put((byte) 7);
      }
      content.clear().limit(100 + room);

      decoder(100, 0, sha256(zeros)).decode(0, direct(bomb), content);

      assertThat(content.position()).isEqualTo(100);
      assertThat(content.limit()).isEqualTo(100 + room);
      assertThat(bytes(content.flip())).isEqualTo(zeros);
      byte[] behind = bytes(content.clear().position(end));
      assertThat(behind).containsOnly(7);
    }
    assertThatThrownBy(
            () ->
                decoder(100, 0, sha256(zeros))
                    .decode(0, direct(bomb), ByteBuffer.allocateDirect(99)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 300, 3_500, 4_096, 5_000, 70_000})
  void passesOverWhatFollowsInTheMember(int behind) throws Exception {
    for (int length : new int[] {1, 255, 4_096, 65_536, 100_000}) {
      for (long seed = 0; seed < 4; seed++) {
        byte[] file = seed % 2 == 0 ? random(seed, length) : text(seed, length);
        byte[] member = gzip(concat(file, seed < 2 ? new byte[behind] : text(-seed, behind)));
        assertThat(decode(decoder(length, 0, sha256(file)), member, length))
            .as("length %d, seed %d", length, seed)
            .isEqualTo(file);
      }
    }
  }

  @Test
  void servesManyThreadsAlsoAfterFailures() throws Exception {
    byte[] file = random(10, 200_000);
    byte[] member = gzip(file);
    byte[] broken = member.clone();
    Arrays.fill(broken, 2_000, 4_000, (byte) 0xff);
    GzipChunkDecoder decoder = decoder(file.length, 0, sha256(file));
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<byte[]> task =
          () -> {
            assertThatThrownBy(() -> decode(decoder, broken, file.length))
                .isInstanceOf(LayerFormatException.class);
            return decode(decoder, member, file.length);
          };
      for (Future<byte[]> result :
          threads.invokeAll(IntStream.range(0, 64).mapToObj(i -> task).toList())) {
        assertThat(result.get()).isEqualTo(file);
      }
    }
  }

  @Test
  void survivesRandomDamage() throws Exception {
    long seed = 11;
    Random random = new Random(seed);
    byte[] file = random(12, 5_000);
    byte[] member = gzip(file);
    for (int run = 0; run < 2_000; run++) {
      byte[] damaged = member.clone();
      for (int i = random.nextInt(4); i >= 0; i--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      try {
        assertThat(decode(decoder(file.length, 0, sha256(file)), damaged, file.length))
            .as("seed %d, run %d", seed, run)
            .isEqualTo(file);
      } catch (LayerFormatException expected) {
        assertThat(expected.kind()).isIn(Kind.MALFORMED, Kind.CHUNK_DIGEST_MISMATCH);
      }
    }
  }

  private void assertMalformed(
      GzipChunkDecoder decoder, byte[] compressed, int length, String text) {
    assertThatThrownBy(() -> decode(decoder, compressed, length))
        .isInstanceOfSatisfying(
            LayerFormatException.class, e -> assertThat(e.kind()).isEqualTo(Kind.MALFORMED))
        .hasMessageContaining(text);
  }

  private static byte[] decode(GzipChunkDecoder decoder, byte[] compressed, int length)
      throws IOException {
    ByteBuffer source = direct(compressed).asReadOnlyBuffer();
    ByteBuffer content = ByteBuffer.allocateDirect(length + ChunkDecoder.SPARE_BYTES);
    decoder.decode(0, source, content);
    assertThat(source.hasRemaining()).isFalse();
    assertThat(content.position()).isEqualTo(length);
    return bytes(content.flip());
  }

  private GzipChunkDecoder decoder(int length, long innerOffset, String sha256) {
    return new GzipChunkDecoder(
        new ListedChunks().add(new ListedChunks.Chunk(0, length, 0, 0, innerOffset, sha256)),
        chunk -> "file-" + chunk,
        contexts);
  }

  private static ByteBuffer direct(byte[] bytes) {
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }

  private static ByteBuffer allocate(boolean direct, int bytes) {
    return direct ? ByteBuffer.allocateDirect(bytes) : ByteBuffer.allocate(bytes);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  private static byte[] random(long seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  /** Bytes that repeat themselves, so that matches reach over every boundary. */
  private static byte[] text(long seed, int length) {
    byte[] words = random(seed, 400);
    byte[] bytes = new byte[length];
    Random random = new Random(seed);
    for (int i = 0; i < length; ) {
      int n = Math.min(random.nextInt(3, 200), length - i);
      System.arraycopy(words, random.nextInt(200), bytes, i, n);
      i += n;
    }
    return bytes;
  }

  private static String sha256(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  /** The same member with extra field, name, comment and header CRC. */
  private static byte[] headerWithEverything(byte[] member) {
    byte[] header = {
      0x1f, (byte) 0x8b, 8, 0x1e, 0, 0, 0, 0, 0, 3, 2, 0, 1, 2, 'a', 'b', 0, 'c', 0, 9, 9
    };
    return concat(header, Arrays.copyOfRange(member, 10, member.length));
  }

  private static byte[] concat(byte[]... parts) {
    var out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
