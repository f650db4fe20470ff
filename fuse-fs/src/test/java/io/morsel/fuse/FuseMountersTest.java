package io.morsel.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class FuseMountersTest {
  private static void needsFuse() {
    Assumptions.assumeTrue(
        Files.isWritable(Path.of("/dev/fuse")) && Linux.effectiveUser() == 0,
        "mounting needs root and /dev/fuse");
  }

  @ParameterizedTest
  @CsvSource({"auto, direct", "direct, direct", "jnr, jnr"})
  void choosesWhatWorks(String wanted, String chosen) throws IOException {
    needsFuse();
    long before = probeMounts();
    try (FuseMounter mounter = FuseMounters.choose(FuseBackend.of(wanted))) {
      assertThat(mounter.backend()).isEqualTo(chosen);
    }
    assertThat(probeMounts()).isEqualTo(before);
  }

  private static long probeMounts() throws IOException {
    return Mountinfo.current().stream()
        .filter(mount -> mount.source().equals("morsel:probe"))
        .count();
  }

  @Test
  void saysWhyNoneWorks() throws Exception {
    needsFuse();
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
                Choose.class.getName())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(output)
        .contains(
            "no FUSE front end works here; direct: mount ",
            ": Operation not permitted; the direct FUSE front end needs CAP_SYS_ADMIN",
            "; jnr: mount ",
            ": libfuse refused with code ");
    assertThat(process.exitValue()).isEqualTo(3);
  }

  /** What {@link #saysWhyNoneWorks} runs. */
  static final class Choose {
    private Choose() {}

    public static void main(String[] args) {
      try (FuseMounter mounter = FuseMounters.choose(FuseBackend.AUTO)) {
        System.out.println("unexpected: " + mounter.backend());
      } catch (IOException e) {
        System.out.println(e.getMessage());
        System.exit(3);
      }
    }
  }

  @Test
  void knowsItsNames() {
    assertThat(FuseBackend.of("auto")).isEqualTo(FuseBackend.AUTO);
    assertThatThrownBy(() -> FuseBackend.of("Direct"))
        .hasMessage("no FUSE backend is called \"Direct\"; there are auto, direct, jnr");
  }
}
