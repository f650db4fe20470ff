package io.morsel.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class EachTest {
  @Test
  void eachFailureIsNamedAndTheOthersAreDone() throws Exception {
    StringWriter err = new StringWriter();
    List<String> done = new ArrayList<>();
    int code =
        Each.of(
            List.of("a", "b", "c", "d", "e"),
            new PrintWriter(err),
            "morsel: rm",
            name -> {
              switch (name) {
                case "b" -> throw CommandException.failed("no container 'b'");
                case "c" ->
                    throw Status.UNAVAILABLE.withDescription("gone: unavailable").asException();
                case "d" -> throw new NoSuchFileException("/log");
                default -> done.add(name);
              }
            });
    assertThat(code).isEqualTo(ExitCode.FAILED);
    assertThat(done).containsExactly("a", "e");
    assertThat(err.toString().lines())
        .containsExactly(
            "morsel: rm: no container 'b'",
            "morsel: rm: c: gone: unavailable",
            "morsel: rm: d: /log: no such file or directory");
  }

  @Test
  void nothingFailedIsZero() throws Exception {
    StringWriter err = new StringWriter();
    assertThat(Each.of(List.of("a"), new PrintWriter(err), "morsel: rm", _ -> {})).isZero();
    assertThat(err.toString()).isEmpty();
  }
}
