package io.morsel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code morsel run} refuses before it does anything. */
final class RunCommandTest {
  private static String refused(int code, String... options) {
    StringWriter err = new StringWriter();
    String[] words = Stream.concat(Stream.of("run"), Arrays.stream(options)).toArray(String[]::new);
    assertThat(Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err), words))
        .as("%s", err)
        .isEqualTo(code);
    return err.toString();
  }

  @ParameterizedTest
  @CsvSource({
    "--rm -d app:1, exclude each other",
    "--restart always app:1, needs --detach",
    "-d --restart sometimes app:1, malformed restart policy 'sometimes'",
    "-d -t --restart always app:1, need --log-uri binary",
    "--name a/b app:1, malformed container name",
    "--cpus -1 app:1, at least 0.01",
    "--memory 1k app:1, at least 512k",
    "--memory much app:1, malformed size",
    "-p 80 app:1, malformed port",
    "-p 80:80 --net none app:1, needs --net bridge",
    "--net-host --net bridge app:1, exclude each other",
    "--net house app:1, --net",
    "-v data:/x app:1, there are no named volumes",
    "--mount src=/x app:1, malformed mount",
    "-e =x app:1, malformed variable",
    "--stop-signal 'no signal' app:1, no such signal",
    "--stop-signal SIGNONE app:1, no such signal 'SIGNONE'",
    "--stop-signal 65 app:1, no such signal '65'",
    "--label =x app:1, --label",
    "--stop-timeout -1 app:1, are possible",
    "--pull sometimes app:1, --pull",
    "--platform x app:1, malformed platform",
    "--address /x --root /y app:1, names another one",
    "UPPER:1, UPPER",
    "'', REF",
  })
  void wrongCommandLines(String options, String said) {
    String[] words =
        options.isEmpty()
            ? new String[0]
            : options.replace("'no signal'", "no!signal").split(" ", -1);
    assertThat(refused(2, words)).contains(said);
  }

  @Test
  void aDetachedContainerNeedsACoreThatStays() {
    assertThat(refused(1, "-d", "--root", "/nowhere/root", "--state", "/nowhere/state", "app:1"))
        .contains("start 'morsel core'");
  }

  @Test
  void whatFollowsTheImageBelongsToTheContainer() {
    // Were the option ours, it would be refused as unknown.
    assertThat(refused(1, "--address", "/nowhere.sock", "app:1", "cmd", "--unknown", "-d"))
        .contains("no core or containerd at /nowhere.sock");
  }
}
