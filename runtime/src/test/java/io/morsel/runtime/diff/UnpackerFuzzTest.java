package io.morsel.runtime.diff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.tar.TarType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever the tar, nothing outside of the directory that it is unpacked into changes. */
final class UnpackerFuzzTest {
  private static final LayerLimits LIMITS =
      new LayerLimits(1 << 20, 200, 20, 1 << 20, 1 << 20, 1 << 10);

  private static final String[] COMPONENTS = {
    "a",
    "b",
    "..",
    ".",
    "",
    "x",
    "outside",
    "secret",
    ".wh.a",
    ".wh.x",
    ".wh..wh..opq",
    ".wh...",
    ".wh.secret"
  };

  @BeforeAll
  static void asRoot() {
    assumeTrue(Trees.mayMakeEverything());
  }

  @FuzzTest
  void anyBytes(byte[] tar) throws IOException {
    Path directory = Files.createTempDirectory("morsel-fuzz-");
    try {
      unpack(directory, tar, Unpacker.Style.REMOVING);
    } finally {
      Trees.run("rm", "-rf", directory.toString());
    }
  }

  @Test
  void hostileNames(@TempDir Path directory) throws IOException {
    int whole = 0;
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      Tar tar = new Tar();
      for (int i = random.nextInt(1, 25); i > 0; i--) {
        add(tar, random, directory.resolve(Integer.toString(seed)));
      }
      Unpacker.Style style = seed % 2 == 0 ? Unpacker.Style.REMOVING : Unpacker.Style.OVERLAY;
      Path work = Files.createDirectory(directory.resolve(Integer.toString(seed)));
      whole += unpack(work, tar.bytes(), style) ? 1 : 0;
    }
    // Else the tars would be so hostile, or so tame, that nothing is tested.
    assertThat(whole).isBetween(30, 250);
  }

  private static void add(Tar tar, Random random, Path work) {
    String name = path(random);
    String target =
        switch (random.nextInt(3)) {
          case 0 -> work + "/outside";
          case 1 -> "/" + path(random);
          default -> path(random);
        };
    switch (random.nextInt(6)) {
      case 0, 1 -> tar.symlink(name, target.isEmpty() ? "." : target);
      case 2 -> tar.hardLink(name, random.nextBoolean() ? "a" : target.isEmpty() ? "a" : target);
      case 3 -> tar.directory(name);
      case 4 -> tar.add(TarType.FIFO, name, "", 0600, 0, 0, Map.of());
      default -> tar.file(name, "hostile");
    }
  }

  private static String path(Random random) {
    StringBuilder path = new StringBuilder(random.nextInt(5) == 0 ? "/" : "");
    for (int i = random.nextInt(1, 5); i > 0; i--) {
      path.append(COMPONENTS[random.nextInt(COMPONENTS.length)]).append(i > 1 ? "/" : "");
    }
    return path.isEmpty() ? "x" : path.toString();
  }

  /** Unpacks next to something that must not change; whether the layer was accepted. */
  private static boolean unpack(Path work, byte[] tar, Unpacker.Style style) throws IOException {
    Path root = Files.createDirectory(work.resolve("root"));
    Path outside = Files.createDirectory(work.resolve("outside"));
    Path lower = Files.createDirectory(work.resolve("lower"));
    Files.createDirectories(lower.resolve("a/b"));
    Files.writeString(outside.resolve("secret"), "secret");
    Files.createSymbolicLink(root.resolve("x"), outside);
    boolean whole = false;
    try (Trees trees = new Trees()) {
      var before = List.of(trees.list(outside), trees.list(lower));
      try {
        Tar.unpack(tar, root, List.of(lower), style, LIMITS);
        whole = true;
      } catch (IOException e) {
        assertThat(e).hasMessageNotContaining("null");
      }
      assertThat(List.of(trees.list(outside), trees.list(lower))).isEqualTo(before);
      try (var files = Files.list(work)) {
        assertThat(files).containsExactlyInAnyOrder(root, outside, lower);
      }
    }
    return whole;
  }
}
