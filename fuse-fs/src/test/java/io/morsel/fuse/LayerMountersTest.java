package io.morsel.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LayerMountersTest {
  @TempDir Path directory;

  private static void needsRoot() {
    Assumptions.assumeTrue(
        Files.isWritable(Path.of("/dev/fuse")) && Linux.effectiveUser() == 0,
        "mounting needs root and /dev/fuse");
  }

  @Test
  void leavesNothingOfTheProbe() throws IOException {
    needsRoot();
    Path views = Files.createDirectories(directory.resolve("views/probe-of-a-killed-daemon"));
    try (ErofsMounter mounter = ErofsMounters.open(directory)) {
      assertThat(mounter.kind()).isEqualTo(ViewsKind.EROFS);
      assertThat(Mountinfo.under(directory.toRealPath())).isEmpty();
      assertThat(views).doesNotExist();
    }
  }

  @Test
  void keepsFuseWhereTheProbeFails() throws Exception {
    needsRoot();
    // The same code in a JVM without the capability to mount.
    Process process =
        new ProcessBuilder(
                "setpriv",
                "--bounding-set=-sys_admin",
                "--inh-caps=-sys_admin",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Choose.class.getName(),
                directory.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(output)
        .contains("auto: fuse")
        .containsPattern("erofs: EROFS views don't work here, .*: Operation not permitted");
  }

  /** What {@link #keepsFuseWhereTheProbeFails} runs. */
  static final class Choose {
    private Choose() {}

    public static void main(String[] args) throws IOException {
      Path views = Path.of(args[0]).resolve("views");
      try (FuseMounter fuse = new DirectMounter()) {
        System.out.println(
            "auto: " + LayerMounters.choose(ViewsKind.AUTO, fuse, views, Duration.ZERO).kind());
        System.out.println(
            "erofs: " + LayerMounters.choose(ViewsKind.EROFS, fuse, views, Duration.ZERO).kind());
      } catch (IOException e) {
        System.out.println("erofs: " + e.getMessage());
      }
    }
  }

  @Test
  void needsTheDirectFrontEndForErofs() throws IOException {
    try (FuseMounter fuse = new JnrMounter()) {
      assertThat(LayerMounters.choose(ViewsKind.AUTO, fuse, directory, Duration.ZERO))
          .isSameAs(fuse);
      assertThat(LayerMounters.choose(ViewsKind.FUSE, fuse, directory, Duration.ZERO))
          .isSameAs(fuse);
      assertThatThrownBy(
              () -> LayerMounters.choose(ViewsKind.EROFS, fuse, directory, Duration.ZERO))
          .hasMessageContaining("it needs the FUSE front end \"direct\", and this is \"jnr\"");
    }
  }

  @Test
  void knowsItsNames() {
    assertThat(ViewsKind.of("erofs")).isEqualTo(ViewsKind.EROFS);
    assertThatThrownBy(() -> ViewsKind.of("Erofs"))
        .hasMessage("no kind of views is called \"Erofs\"; there are auto, erofs, fuse");
  }
}
