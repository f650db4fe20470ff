package io.morsel.runtime.diff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.morsel.containerd.api.types.Mount;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.tar.ByteStrings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What differs between two random trees makes the one of the other. */
final class RoundTripTest {
  @TempDir Path directory;

  @BeforeAll
  static void asRoot() {
    assumeTrue(Trees.mayMakeEverything());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void differencesMakeTheOtherTree(long seed) throws IOException {
    Random random = new Random(seed);
    Path empty = Files.createDirectory(directory.resolve("empty"));
    Path before = Files.createDirectory(directory.resolve("before"));
    Path after = directory.resolve("after");
    Path unpacked = Files.createDirectory(directory.resolve("unpacked"));
    Path upper = Files.createDirectory(directory.resolve("upper"));
    try (Trees trees = new Trees()) {
      trees.fill(before, random, 120);
      Trees.run("cp", "-a", before.toString(), after.toString());
      trees.change(after, random);

      byte[] first = diff(empty, before);
      byte[] second = diff(before, after);
      assertThat(diff(before, after)).isEqualTo(second);

      Tar.unpack(first, unpacked, List.of(), Unpacker.Style.REMOVING, LayerLimits.DEFAULT);
      assertThat(trees.list(unpacked)).isEqualTo(trees.list(before));
      assertThat(diff(unpacked, before)).as("nothing").containsOnly(0);
      Tar.unpack(second, upper, List.of(unpacked), Unpacker.Style.OVERLAY, LayerLimits.DEFAULT);
      Mount overlay =
          Mount.newBuilder()
              .setType("overlay")
              .setSource("overlay")
              .addOptions("lowerdir=" + upper + ":" + unpacked)
              .build();
      try (TemporaryMounts.Mounted merged =
          TemporaryMounts.open(directory.resolve("mounts")).mount(List.of(overlay))) {
        assertThat(trees.list(merged.path())).isEqualTo(trees.list(after));
      }
      Tar.unpack(second, unpacked, List.of(), Unpacker.Style.REMOVING, LayerLimits.DEFAULT);
      assertThat(trees.list(unpacked)).isEqualTo(trees.list(after));
    }
    assertThat(directory.resolve("mounts")).isEmptyDirectory();
  }

  private static byte[] diff(Path left, Path right) throws IOException {
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    try (Calls calls = new Calls();
        RootDirectory lower = RootDirectory.open(calls, ByteStrings.ofText(left.toString()));
        RootDirectory upper = RootDirectory.open(calls, ByteStrings.ofText(right.toString()));
        LayerWriter writer = new LayerWriter(calls, upper, tar, OptionalLong.empty())) {
      new TreeComparison(calls, writer, 100, () -> false).compare(lower, upper);
      writer.finish();
    }
    return tar.toByteArray();
  }
}
