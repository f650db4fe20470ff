package io.morsel.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What may be given back is told from what would be lost. */
final class StartupPagesTest {
  private static List<String> mapping(String header, int residentKib, int anonymousKib) {
    return List.of(
        header,
        "Size:              8192 kB",
        "Rss:               " + residentKib + " kB",
        "Private_Dirty:        0 kB",
        "Anonymous:         " + anonymousKib + " kB",
        "VmFlags: rd mr mw me");
  }

  @Test
  void cleanPagesOfAFileMayGo() {
    assertThat(
            StartupPages.clean(
                mapping("7f0000000000-7f0000800000 r-xp 002e3000 fe:00 32 /lib/jvm.so", 8000, 0)))
        .containsExactly(new StartupPages.Mapping(0x7f0000000000L, 0x800000));
  }

  @Test
  void pagesThatWereWrittenStay() {
    // The dynamic linker fills such pages in before they are made read-only.
    assertThat(
            StartupPages.clean(
                mapping("7f0000000000-7f0000800000 r--p 002e3000 fe:00 32 /lib/jvm.so", 8000, 4)))
        .isEmpty();
  }

  @Test
  void whatCanBeWrittenStays() {
    assertThat(
            StartupPages.clean(
                mapping("7f0000000000-7f0000800000 rw-p 002e3000 fe:00 32 /lib/jvm.so", 8000, 0)))
        .isEmpty();
    assertThat(
            StartupPages.clean(
                mapping("7f0000000000-7f0000800000 r--s 00000000 fe:00 32 /root/data", 8000, 0)))
        .isEmpty();
  }

  @Test
  void memoryWithoutAFileStays() {
    assertThat(
            StartupPages.clean(
                mapping("7f0000000000-7f0000800000 r--p 00000000 00:00 0 ", 8000, 0)))
        .isEmpty();
    assertThat(
            StartupPages.clean(
                mapping("7f0000000000-7f0000800000 r-xp 00000000 00:00 0 [vdso]", 8000, 0)))
        .isEmpty();
  }

  @Test
  void aMappingIsToldFromTheNext() {
    List<String> smaps =
        new ArrayList<>(
            mapping("7f0000000000-7f0000800000 r-xp 00000000 fe:00 32 /small.so", 64, 0));
    smaps.addAll(mapping("7f0000800000-7f0000c00000 r-xp 00000000 fe:00 33 /big.so", 4096, 0));
    assertThat(StartupPages.clean(smaps))
        .containsExactly(new StartupPages.Mapping(0x7f0000800000L, 0x400000));
  }

  @Test
  void theProcessGoesOn() {
    StartupPages.giveBack();
    assertThat(List.of(3, 1, 2).stream().sorted().toList()).containsExactly(1, 2, 3);
  }
}
