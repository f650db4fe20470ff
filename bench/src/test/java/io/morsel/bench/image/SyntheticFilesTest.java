package io.morsel.bench.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.bench.image.SyntheticFiles.File;
import io.morsel.bench.image.SyntheticFiles.Head;
import io.morsel.bench.image.SyntheticFiles.Share;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SyntheticFilesTest {
  @ParameterizedTest
  @EnumSource
  void sharesAreExact(Size size) {
    SyntheticFiles files = SyntheticFiles.of(size);
    for (int percent : SyntheticFiles.SHARES) {
      Share share = files.share(percent);
      long whole = share.whole().stream().mapToLong(File::sizeBytes).sum();
      long heads = share.heads().stream().mapToLong(Head::sizeBytes).sum();
      assertThat(whole + heads)
          .as("%d %% of %s", percent, size)
          .isEqualTo(share.bytes())
          .isEqualTo(files.totalBytes() * percent / 100);
      assertThat(share.heads())
          .allSatisfy(head -> assertThat(head.sizeBytes()).isBetween(1, head.file().sizeBytes()));
      assertThat(share.whole()).doesNotHaveDuplicates();
    }
  }

  @ParameterizedTest
  @EnumSource
  void smallAndLargeFilesAreReadInProportion(Size size) {
    SyntheticFiles files = SyntheticFiles.of(size);
    long small = files.small().stream().mapToLong(File::sizeBytes).sum();
    for (int percent : SyntheticFiles.SHARES) {
      long whole = files.share(percent).whole().stream().mapToLong(File::sizeBytes).sum();
      // No file has more than 32 KiB: by one file it can be less, never more.
      assertThat(whole).isBetween(small * percent / 100 - (32 << 10), small * percent / 100);
    }
  }

  @Test
  void aSmallerShareIsPartOfAGreaterOne() {
    SyntheticFiles files = SyntheticFiles.of(Size.QUICK);
    List<File> fewer = List.of();
    for (int percent : SyntheticFiles.SHARES) {
      List<File> whole = files.share(percent).whole();
      assertThat(whole.subList(0, fewer.size())).isEqualTo(fewer);
      assertThat(whole).hasSizeGreaterThan(fewer.size());
      fewer = whole;
    }
    assertThat(fewer).containsExactlyInAnyOrderElementsOf(files.small());
  }

  @Test
  void aShareWithoutListIsRefused() {
    assertThatThrownBy(() -> SyntheticFiles.of(Size.SMOKE).share(7))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("7 %");
  }

  @Test
  void halfOfTheBytesCompress() {
    SyntheticFiles files = SyntheticFiles.of(Size.FULL);
    for (List<File> group : List.of(files.small(), files.large())) {
      long all = group.stream().mapToLong(File::sizeBytes).sum();
      long compressible =
          group.stream().filter(File::compressible).mapToLong(File::sizeBytes).sum();
      assertThat((double) compressible / all).isBetween(0.48, 0.52);
    }
    assertThat(files.small()).hasSize(10_000);
    assertThat(files.small()).allSatisfy(f -> assertThat(f.sizeBytes()).isBetween(1024, 32768));
    assertThat(compressedRatio(Content.noise(1, 100_000))).isGreaterThan(0.99);
    assertThat(compressedRatio(Content.text(1, 100_000))).isBetween(0.15, 0.5);
  }

  private static double compressedRatio(byte[] bytes) {
    Deflater deflater = new Deflater(6);
    try {
      deflater.setInput(bytes);
      deflater.finish();
      byte[] out = new byte[2 * bytes.length];
      return (double) deflater.deflate(out) / bytes.length;
    } finally {
      deflater.end();
    }
  }

  /** A changed generator must come with another version of the recipes, or caches would lie. */
  @Test
  void theLayersAreTheSameOnEveryMachine() {
    SyntheticFiles files = SyntheticFiles.of(Size.SMOKE);
    String digests =
        OciLayout.sha256(tar(files::composeSmall))
            + OciLayout.sha256(tar(files::composeLarge))
            + OciLayout.sha256(tar(tar -> GeneratedImages.composeEntries(2_000, tar)));
    assertThat(OciLayout.sha256(digests.getBytes(StandardCharsets.US_ASCII)))
        .isEqualTo("70090430f07e613fa26d380f85ab8259e09d4dbea628fe0f89e27d4f1d82cf17");
  }

  private static byte[] tar(Consumer<TarComposer> content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (TarComposer tar = new TarComposer(out)) {
      content.accept(tar);
    }
    return out.toByteArray();
  }

  @Test
  void theListsNameWhatIsInTheLayers() {
    SyntheticFiles files = SyntheticFiles.of(Size.SMOKE);
    Map<String, byte[]> small = TarFiles.read(tar(files::composeSmall));
    Map<String, byte[]> large = TarFiles.read(tar(files::composeLarge));
    for (int percent : SyntheticFiles.SHARES) {
      long bytes = 0;
      for (String path : TarFiles.lines(small, "lists/" + percent)) {
        bytes += TarFiles.file(small, path.substring(1)).length;
      }
      for (String line : TarFiles.lines(small, "lists/" + percent + ".heads")) {
        int space = line.indexOf(' ');
        int head = Integer.parseInt(line.substring(0, space));
        assertThat(TarFiles.file(large, line.substring(space + 2)))
            .hasSizeGreaterThanOrEqualTo(head);
        bytes += head;
      }
      assertThat(Workloads.reader(percent, Size.SMOKE).accepts(bytes + "\n")).isTrue();
      assertThat(Workloads.reader(percent, Size.SMOKE).accepts(bytes + 1 + "\n")).isFalse();
    }
  }
}
