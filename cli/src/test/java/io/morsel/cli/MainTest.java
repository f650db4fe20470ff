package io.morsel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.runtime.CoreSettings;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.Command;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class MainTest {
  @TempDir Path directory;

  /** What one run of the program did. */
  private record Run(int code, String out, String err) {
    static Run of(String... arguments) {
      StringWriter out = new StringWriter();
      StringWriter err = new StringWriter();
      int code = Main.run(new PrintWriter(out), new PrintWriter(err), arguments);
      return new Run(code, out.toString(), err.toString());
    }
  }

  @Test
  void versionNamesReleaseAndCommit() {
    Run run = Run.of("version");
    assertThat(run.code()).isZero();
    assertThat(run.out()).matches("(?s)morsel \\d+\\.\\S+ \\(commit ([0-9a-f]{12}|unknown)\\)\n.*");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void versionIsJsonOnDemand() {
    Run run = Run.of("version", "--json");
    JsonNode json = JsonMapper.shared().readTree(run.out());
    assertThat(json.propertyNames())
        .containsExactly("version", "commit", "java", "os", "architecture");
  }

  @Test
  void helpIsAnAnswerAndNoError() {
    Run run = Run.of("--help");
    assertThat(run.code()).isZero();
    assertThat(run.out()).contains("Usage: morsel", "Examples:", "Exit codes:");
    assertThat(run.err()).isEmpty();
  }

  static List<String> commands() {
    return MorselCommand.NAMES;
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandIsListedUnderItsOwnName(String command) {
    assertThat(MorselCommand.command(command).getAnnotation(Command.class).name())
        .isEqualTo(command);
    assertThat(Run.of("--help").out()).containsPattern("(?m)^  " + command + "\\b");
    assertThat(Path.of("../morsel")).content().containsPattern("\\b" + command + "\\b");
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandExplainsItselfWithExamples(String command) {
    Run run = Run.of(command, "--help");
    assertThat(run.code()).isZero();
    assertThat(run.out()).contains("Usage: morsel " + command, "--log-level", "Examples:");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "pul",
        "pull",
        "pull a b",
        "pull --no-such-option app",
        "pull --log-level loud app",
        "pull localhost:5000/UPPER",
        "pull localhost:5000/app@sha256:12",
        "pull --platform linux app",
        "pull --label =x app",
        "inspect https://registry.example/app",
        "profile",
        "profile push",
        "profile record --wait -1 app",
        "profile show localhost:5000/UPPER",
        "version --jsn",
        "ps one",
        "ps --filter colour=red",
        "ps -n= ",
        "exec",
        "exec web",
        "exec -d -i web ls",
        "attach",
        "logs",
        "logs --tail many web",
        "top",
        "stop",
        "stop -t -1 web",
        "stop -s NOSUCH web",
        "kill -s 99 web",
        "rm",
        "images a b",
        "tag a",
        "push",
        "push --platform linux app",
        "rmi",
        "inspect a b",
        "namespaces",
        "namespaces create",
        "namespaces label x y",
        "gc now",
        "completion",
        "completion fish",
      })
  void wrongCommandLineIsTwoLinesAtMostAndExitCodeTwo(String line) {
    Run run = Run.of(line.isEmpty() ? new String[0] : line.split(" "));
    assertThat(run.code()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).startsWith("morsel: ");
    assertThat(run.err().lines().count()).isBetween(1L, 3L);
    assertThat(run.err()).doesNotContain("Exception", "\tat ");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void messageNamesCommandAndWhatIsWrong() {
    assertThat(Run.of("pull", "localhost:5000/UPPER").err())
        .startsWith("morsel: pull: malformed image reference 'localhost:5000/UPPER': ");
    assertThat(Run.of("pul", "app").err()).contains("Did you mean", "pull");
  }

  @Test
  void missingContainerdIsNamedWithWhatToDo() {
    Path socket = directory.resolve("containerd.sock");
    Run run = Run.of("pull", "--address", socket.toString(), "localhost:5000/app");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err())
        .startsWith("morsel: pull: no core or containerd at " + socket)
        .contains("--address")
        .doesNotContain("Exception", "\tat ");
  }

  @Test
  void fileInPlaceOfContainerdIsNamed() throws Exception {
    Path socket = Files.createFile(directory.resolve("containerd.sock"));
    Run run = Run.of("pull", "--address", socket.toString(), "localhost:5000/app");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).startsWith("morsel: pull: can't connect to " + socket);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ps",
        "exec web ls",
        "logs web",
        "top web",
        "stats web",
        "stop web",
        "kill web",
        "rm web",
        "images",
        "tag a b",
        "push a",
        "rmi a",
        "inspect container web",
        "inspect image a",
        "events",
        "namespaces ls",
        "namespaces create a",
        "gc"
      })
  void missingCoreIsNamedWithWhatToDo(String line) {
    String socket = directory.resolve("none.sock").toString();
    List<String> words = new ArrayList<>(List.of(line.split(" ")));
    words.addAll(words.getFirst().equals("namespaces") ? 2 : 1, List.of("--address", socket));
    Run run = Run.of(words.toArray(String[]::new));
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err())
        .startsWith("morsel: ")
        .contains("no core or containerd at " + socket, "'morsel core'", "--address");
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.out()).isEmpty();
  }

  @Test
  void defaultAddressIsTheCores() {
    assertThat(CoreOptions.DEFAULT_ADDRESS).isEqualTo(CoreSettings.DEFAULT_ADDRESS.toString());
    assertThat(Run.of("ps", "--help").out()).contains(CoreOptions.DEFAULT_ADDRESS);
  }

  @Test
  void completionKnowsEveryCommand() throws Exception {
    Run run = Run.of("completion", "bash");
    assertThat(run.code()).isZero();
    Path script = Files.writeString(directory.resolve("completion"), run.out());
    Process bash =
        new ProcessBuilder(
                "bash",
                "-c",
                "source "
                    + script
                    + "; COMP_WORDS=(morsel ''); COMP_CWORD=1; _complete_morsel;"
                    + " echo \"${COMPREPLY[@]}\"")
            .redirectErrorStream(true)
            .start();
    String completed =
        new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(List.of(completed.split("\\s+"))).containsAll(MorselCommand.NAMES);
    assertThat(Run.of("completion", "ZSH").out()).startsWith("autoload").endsWith(run.out());
  }

  @Test
  void stackTraceOnlyAtTraceLevel() {
    String socket = directory.resolve("none").toString();
    assertThat(Run.of("pull", "--address", socket, "app").err()).doesNotContain("\tat ");
    assertThat(Run.of("--log-level", "trace", "pull", "--address", socket, "app").err())
        .contains("\tat ");
    assertThat(Run.of("pull", "--log-level", "TRACE", "--address", socket, "app").err())
        .contains("\tat ");
    // The level is the process's: what comes after must not be flooded.
    assertThat(Run.of("--log-level", "warn", "version").code()).isZero();
  }

  @Test
  void defaultConfigurationIsValidAndTheOneThatIsShipped() throws Exception {
    Run run = Run.of("config", "default");
    assertThat(run.code()).isZero();
    assertThat(run.out()).contains("[fuse]", "backend");
    Path file = Files.writeString(directory.resolve("config.toml"), run.out());
    assertThat(Run.of("config", "check", file.toString()))
        .isEqualTo(new Run(0, file + ": valid\n", ""));
    assertThat(Run.of("config", "show", "--config", file.toString()).out()).isEqualTo(run.out());
    assertThat(Path.of("../deploy/config.toml")).hasContent(run.out());
    assertThat(Path.of("../docs/configuration.md")).content().contains(run.out());
  }

  @ParameterizedTest
  @ValueSource(strings = {"../README.md", "../deploy/containerd-config.toml"})
  void containerdIsToldWhereTheDaemonListensByDefault(String document) {
    Matcher socket =
        Pattern.compile("#address = (\"/.*\")").matcher(Run.of("config", "default").out());
    assertThat(socket.find()).isTrue();
    assertThat(Path.of(document)).content().contains("address = " + socket.group(1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"config check", "serve --config"})
  void configurationWithUnknownKeyIsRefusedWithFileAndKey(String command) throws Exception {
    Path file = Files.writeString(directory.resolve("config.toml"), "[fuse]\nbackent = \"jnr\"\n");
    Run run = Run.of((command + " " + file).split(" "));
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).startsWith("morsel: ").contains(file + ": ", "fuse.backent", "backend");
    assertThat(run.err().lines()).hasSize(1);
  }

  @Test
  void layoutThatIsNotThereIsNamed() {
    Run run = Run.of("inspect", "oci:" + directory.resolve("none") + ":latest");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).startsWith("morsel: inspect: " + directory.resolve("none"));
  }
}
