package io.morsel.stargz;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Any bytes are a TOC or a refusal of it, never another exception. */
final class TocFuzzTest {
  private static final LayerLimits LIMITS =
      new LayerLimits(1 << 20, 1_000, 50, 1 << 20, 1L << 32, 1_000);

  @FuzzTest
  void toc(byte[] bytes) throws IOException {
    parse(bytes);
  }

  @FuzzTest
  void footer(byte[] bytes) {
    try {
      Footer.parse(bytes, 1_000_000)
          .ifPresent(footer -> assertThat(footer.tocOffset()).isBetween(0L, 1_000_000L));
    } catch (LayerFormatException e) {
      assertThat(e.kind()).isEqualTo(LayerFormatException.Kind.MALFORMED);
    }
  }

  @Test
  void damagedTocs() throws IOException {
    byte[] good =
        new TestBlob()
            .file("a/b", new byte[5_000], 2_000)
            .entry("name", "l", "type", "hardlink", "linkName", "a/b")
            .entry("name", "s", "type", "symlink", "linkName", "a")
            .entry("name", "s/x", "type", "dir", "modtime", "2020-01-01T00:00:00Z")
            .file(".wh.y", new byte[0], 1)
            .toc()
            .getBytes(StandardCharsets.UTF_8);
    assertThat(parse(good)).isTrue();
    String alphabet = "\"{}[]:,0123456789-./abcdelnsu\\ ";
    int accepted = 0;
    for (long seed = 0; seed < 1_500; seed++) {
      var random = new Random(seed);
      byte[] bad = good.clone();
      for (int i = random.nextInt(1, 6); i > 0; i--) {
        bad[random.nextInt(bad.length)] = (byte) alphabet.charAt(random.nextInt(alphabet.length()));
      }
      try {
        accepted += parse(bad) ? 1 : 0;
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
    assertThat(accepted).isBetween(1, 1_499);
  }

  private static boolean parse(byte[] bytes) throws IOException {
    try {
      var tree = new TocTree(LIMITS, 10_000);
      TocParser.parse(new ByteArrayInputStream(bytes), LIMITS, tree);
      TocTree.Result result = tree.finish();
      TocContent.Layout layout = result.layout();
      long end = 0;
      for (int i = 0; i < layout.count(); i++) {
        int chunk = layout.chunk(i);
        assertThat(layout.dataOffset(i)).isGreaterThanOrEqualTo(end);
        end = layout.dataOffset(i) + layout.chunks().length(chunk);
        assertThat(layout.streamEnd(i)).isGreaterThan(layout.chunks().blobOffset(chunk));
        assertThat(layout.chunks().hasDigest(chunk)).isTrue();
      }
      assertThat(end).isLessThanOrEqualTo(layout.dataBytes());
      return true;
    } catch (LayerFormatException e) {
      return false;
    }
  }
}
