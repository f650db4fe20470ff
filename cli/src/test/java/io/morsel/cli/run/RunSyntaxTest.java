package io.morsel.cli.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.cli.terminal.CommandException;
import io.morsel.runtime.oci.Seccomp;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RunSyntaxTest {
  @TempDir Path directory;

  @Test
  void sizes() throws CommandException {
    assertThat(RunSyntax.memoryBytes("1048576")).isEqualTo(1 << 20);
    assertThat(RunSyntax.memoryBytes("512k")).isEqualTo(512 << 10);
    assertThat(RunSyntax.memoryBytes("1.5GiB")).isEqualTo(3L << 29);
    assertThat(RunSyntax.memoryBytes("2T")).isEqualTo(2L << 40);
    assertThatThrownBy(() -> RunSyntax.memoryBytes("999999999999999t"))
        .isInstanceOf(CommandException.class);
    assertThatThrownBy(() -> RunSyntax.memoryBytes("-1")).isInstanceOf(CommandException.class);
  }

  @Test
  void signals() throws CommandException {
    assertThat(RunSyntax.signal("term")).isEqualTo("SIGTERM");
    assertThat(RunSyntax.signal("SIGRTMIN+3")).isEqualTo("SIGRTMIN+3");
    assertThat(RunSyntax.signal("9")).isEqualTo("9");
  }

  @Test
  void namesAreThoseOfContainerd() throws CommandException {
    assertThat(RunSyntax.containerName("a.b_c-d")).isEqualTo("a.b_c-d");
    for (String bad : List.of("", ".", "a..b", "a-", "a b", "../x", "a".repeat(77))) {
      assertThatThrownBy(() -> RunSyntax.containerName(bad))
          .as("%s", bad)
          .isInstanceOf(CommandException.class);
    }
  }

  @Test
  void variablesOfFilesComeFirst() throws Exception {
    Path file = Files.writeString(directory.resolve("env"), "# no\n\nA=1\n  HERE\nGONE\nB= x \n");
    assertThat(
            RunSyntax.environment(
                List.of(file), List.of("A=2", "HERE", "C="), Map.of("HERE", "h", "PATH", "p")))
        .containsExactly("A=1", "HERE=h", "B= x ", "A=2", "HERE=h", "C=");
    Files.writeString(file, "=x\n");
    assertThatThrownBy(() -> RunSyntax.environment(List.of(file), List.of(), Map.of()))
        .hasMessageContaining("malformed variable");
  }

  @Test
  void profiles() throws Exception {
    assertThat(RunSyntax.seccomp("unconfined")).isEqualTo(new Seccomp.Unconfined());
    assertThat(RunSyntax.seccomp("default")).isEqualTo(new Seccomp.Default());
    Path file = Files.writeString(directory.resolve("p"), "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}");
    assertThat(RunSyntax.seccomp(file.toString())).isInstanceOf(Seccomp.Profile.class);
    Files.writeString(file, "{}");
    assertThatThrownBy(() -> RunSyntax.seccomp(file.toString()))
        .hasMessageContaining("no seccomp profile");
    Files.writeString(file, "no");
    assertThatThrownBy(() -> RunSyntax.seccomp(file.toString())).hasMessageContaining("no JSON");
  }
}
