package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.image.OciLayout;
import io.morsel.bench.image.TarComposer.Entry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The commands that look after images and containers, each against a Morsel core and against
 * containerd, which do the same.
 */
class CoreCommandsIT {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  private static final String FOREVER = "while :; do sleep 1; done";

  private static String image = "";
  private static TaskNode containerd;
  private static TaskNode core;

  @BeforeAll
  static void start() {
    image = FIXTURE.reference("small:1");
    new OciLayout(FIXTURE.work())
        .layer(tar -> tar.add(Entry.of('0', "file"), Images.noise(1, 100_000)))
        .push(image);
    containerd = TaskNode.containerd();
    core = TaskNode.core();
    // Half of the time that these many small programs take is that of their starts.
    morsel(core, "images", "--json").with("MORSEL_AOT", "record").succeed();
  }

  @AfterEach
  void removeContainers() {
    for (TaskNode node : List.of(containerd, core)) {
      node.ctr("tasks", "ls", "-q")
          .run()
          .text()
          .lines()
          .forEach(id -> node.ctr("tasks", "rm", "-f", id).run());
      node.ctr("containers", "ls", "-q")
          .succeed()
          .lines()
          .forEach(id -> node.ctr("containers", "rm", id).run());
    }
  }

  @AfterAll
  static void stop() {
    try (TaskNode _ = containerd;
        TaskNode _ = core) {
      assertThat(core).isNotNull();
    }
  }

  /** What the commands talk to. */
  enum Side {
    CONTAINERD,
    CORE;

    TaskNode node() {
      return this == CONTAINERD ? containerd : core;
    }
  }

  private static Command morsel(TaskNode node, Object... words) {
    return Node.morsel(List.of(words))
        .with("CONTAINERD_ADDRESS", node.socket())
        .with("CONTAINERD_NAMESPACE", node.namespace());
  }

  private static String succeeds(TaskNode node, Object... words) {
    return morsel(node, words).succeed();
  }

  /** What a command says that fails, which has to be one line. */
  private static String fails(TaskNode node, Object... words) {
    Command.Result result = morsel(node, words).run();
    assertThat(result.exitCode()).as("morsel %s: %s", List.of(words), result).isEqualTo(1);
    assertThat(result.errors().lines()).as("morsel %s", List.of(words)).hasSize(1);
    return result.errors().strip();
  }

  private static JsonNode json(TaskNode node, Object... words) {
    return JsonMapper.shared().readTree(succeeds(node, words));
  }

  @ParameterizedTest
  @EnumSource
  void containersAreListedStoppedAndRemoved(Side side) {
    TaskNode node = side.node();
    node.runDetached("willing", "trap 'exit 7' TERM; " + FOREVER);
    node.runDetached("stubborn", "trap '' TERM; " + FOREVER);
    node.runDetached("done", "exit 3");
    node.awaitStatus("done", "STOPPED");

    assertThat(succeeds(node, "ps").lines().skip(1))
        .hasSize(2)
        .allMatch(line -> line.matches("(willing|stubborn) +.*/bin/sh -c trap.* ago +Up"));
    JsonNode exited = json(node, "ps", "--json", "--filter", "status=exited");
    assertThat(exited).hasSize(1);
    assertThat(exited.get(0).get("id").stringValue()).isEqualTo("done");
    assertThat(exited.get(0).get("exit_code").intValue()).isEqualTo(3);
    Command.Result noStatus = morsel(node, "ps", "--filter", "status=up").run();
    assertThat(noStatus.exitCode()).isEqualTo(2);
    assertThat(noStatus.errors()).contains("no such status 'up'", "exited");

    assertThat(fails(node, "rm", "willing")).contains("'willing' is running", "--force");
    assertThat(succeeds(node, "stop", "--time", "1", "willing", "stubborn", "done").lines())
        .containsExactly("willing", "stubborn", "done");
    assertThat(succeeds(node, "ps", "-a"))
        .containsPattern("willing .*Exited \\(7\\)")
        .containsPattern("stubborn .*Exited \\(137\\)");
    assertThat(fails(node, "kill", "-s", "USR1", "done")).contains("'done' is not running");

    node.runDetached("again", FOREVER);
    Command.Result removed = morsel(node, "rm", "-f", "willing", "none", "aga").run();
    assertThat(removed.exitCode()).isEqualTo(1);
    assertThat(removed.text().lines()).containsExactly("willing", "aga");
    assertThat(removed.errors().lines())
        .containsExactly("morsel: rm: no container 'none' in namespace '" + node.namespace() + "'");
    succeeds(node, "rm", "stubborn", "done");
    assertThat(succeeds(node, "ps", "-aq")).isEmpty();
    Await.until("nothing is left of containers", Node.SOON, () -> node.leftovers().isEmpty());
  }

  @ParameterizedTest
  @EnumSource
  void commandsRunInContainers(Side side) throws Exception {
    TaskNode node = side.node();
    node.runDetached("box", FOREVER);
    Command.Result both =
        morsel(node, "exec", "box", "/bin/sh", "-c", "echo o; echo e >&2; exit 5").run();
    assertThat(both).extracting(Command.Result::exitCode).isEqualTo(5);
    assertThat(both.text()).isEqualTo("o\n");
    assertThat(both.errors()).isEqualTo("e\n");
    assertThat(
            succeeds(
                node,
                List.of("exec", "-e", "A=b", "-w", "/tmp", "-u", "7:8", "box", "--"),
                List.of("/bin/sh", "-c", "echo $A $(pwd) $(busybox id -u):$(busybox id -g)")))
        .isEqualTo("b /tmp 7:8\n");

    Path bytes = Files.write(node.directory().resolve("bytes"), Images.noise(5, 3_000_000));
    Path copied = node.directory().resolve("copied");
    shell(node, "$MORSEL exec -i box /bin/cat < " + bytes + " > " + copied).succeed();
    assertThat(copied).hasSameBinaryContentAs(bytes);
    // Who reads no further must not be waited for.
    assertThat(shell(node, "$MORSEL exec box /bin/busybox yes | head -n 1").succeed())
        .isEqualTo("y\n");

    assertThat(fails(node, "exec", "box", "no-such-program"))
        .contains("can't run 'no-such-program' in container 'box'", "no-such-program");
    assertThat(fails(node, "exec", "none", "/bin/true")).contains("no container 'none'");
    succeeds(node, "exec", "-d", "box", "/bin/sh", "-c", "echo > /shared/detached");
    Await.until(
        "the detached command has run",
        Node.SOON,
        () -> Files.exists(node.rootfs().resolve("shared/detached")));

    assertThat(succeeds(node, "top", "box")).contains("PID", "/bin/sh -c " + FOREVER);
    assertThat(json(node, "top", "--json", "box").get(0).get("pid").longValue())
        .isEqualTo(node.pid("box"));
    JsonNode stats = json(node, "stats", "--no-stream", "--json", "box");
    assertThat(stats.get(0).get("id").stringValue()).isEqualTo("box");
    assertThat(stats.get(0).get("pids").longValue()).isPositive();
    assertThat(stats.get(0).get("memory_bytes").longValue()).isPositive();

    node.runDetached("box2", "exit 0");
    node.awaitStatus("box2", "STOPPED");
    assertThat(fails(node, "exec", "box2", "/bin/true")).contains("'box2' is not running");
  }

  /** A shell's command line in which {@code $MORSEL} is the program. */
  private static Command shell(TaskNode node, String line) {
    return Command.of("bash", "-o", "pipefail", "-c", line + " || [ $? = 141 ]")
        .with("MORSEL", Node.CHECKOUT.resolve("morsel"))
        .with("CONTAINERD_ADDRESS", node.socket())
        .with("CONTAINERD_NAMESPACE", node.namespace());
  }

  @ParameterizedTest
  @EnumSource
  void signalsReachTheCommand(Side side) throws Exception {
    TaskNode node = side.node();
    node.runDetached("box", FOREVER);
    Process exec =
        morsel(node, "exec", "box", "/bin/sh", "-c", "trap 'exit 9' TERM; echo ready; " + FOREVER)
            .start();
    try (BufferedReader out = exec.inputReader()) {
      assertThat(out.readLine()).isEqualTo("ready");
      exec.destroy();
      assertThat(exec.waitFor()).isEqualTo(9);
    } finally {
      Command.end(exec);
    }
  }

  @ParameterizedTest
  @EnumSource
  void terminalsHaveTheSizeAndTheKeysOfOurs(Side side) throws Exception {
    TaskNode node = side.node();
    node.runDetached("box", FOREVER);
    Path terminal = node.directory().resolve("terminal");
    Path before = node.directory().resolve("before");
    Path after = node.directory().resolve("after");
    String inside =
        "stty size; until [ \"$(stty size)\" = \"40 120\" ]; do sleep 0.1; done; read -r key;"
            + " echo got $key; exit 6";
    Path script =
        Files.writeString(
            node.directory().resolve("script"),
            """
            stty rows 33 cols 99; stty -a > %s; tty > %s
            %s exec -it --address %s -n %s box /bin/sh -c '%s'
            code=$?; stty -a > %s; exit $code
            """
                .formatted(
                    before,
                    terminal,
                    Node.CHECKOUT.resolve("morsel"),
                    node.socket(),
                    node.namespace(),
                    inside,
                    after));
    Process run =
        new ProcessBuilder("setsid", "script", "-qec", "sh " + script, "/dev/null")
            .redirectErrorStream(true)
            .start();
    try (BufferedReader out = run.inputReader()) {
      assertThat(nextLine(out)).isEqualTo("33 99");
      Command.of("stty", "-F", Files.readString(terminal).strip(), "rows", "40", "cols", "120")
          .succeed();
      run.getOutputStream().write("word\r".getBytes(StandardCharsets.US_ASCII));
      run.getOutputStream().flush();
      String line = nextLine(out);
      while (!line.startsWith("got")) {
        line = nextLine(out);
      }
      assertThat(line).isEqualTo("got word");
      assertThat(run.waitFor()).isEqualTo(6);
    } finally {
      Command.end(run);
    }
    assertThat(settings(after)).isEqualTo(settings(before));
  }

  /** What stty says but for the size, which was changed. */
  private static List<String> settings(Path stty) throws IOException {
    return Files.readAllLines(stty).stream().skip(1).toList();
  }

  private static String nextLine(BufferedReader out) throws IOException {
    String line = out.readLine();
    assertThat(line).as("the session's output goes on").isNotNull();
    return line.strip();
  }

  @ParameterizedTest
  @EnumSource
  void logsAreReadAndFollowedToTheEnd(Side side) throws Exception {
    TaskNode node = side.node();
    Path go = node.rootfs().resolve("shared/go");
    node.runDetached(
        "talker",
        "echo one; echo two; until [ -e /shared/go ]; do sleep 0.1; done; echo three",
        "--log-uri",
        "file://" + node.directory().resolve("talker.log"));
    Await.until(
        "there is a log", Node.SOON, () -> succeeds(node, "logs", "talker").equals("one\ntwo\n"));
    Process follow = morsel(node, "logs", "-f", "--tail", "1", "talker").start();
    try (BufferedReader out = follow.inputReader()) {
      assertThat(out.readLine()).isEqualTo("two");
      Files.createFile(go);
      assertThat(out.readLine()).isEqualTo("three");
      assertThat(out.readLine()).isNull();
      assertThat(follow.waitFor()).isZero();
    } finally {
      Command.end(follow);
      Files.deleteIfExists(go);
    }
    node.runDetached("silent", "exit 0");
    assertThat(fails(node, "logs", "silent")).contains("'silent' has no log");
    node.awaitStatus("silent", "STOPPED");
  }

  @ParameterizedTest
  @EnumSource
  void imagesAreListedTaggedPushedAndRemoved(Side side) {
    TaskNode node = side.node();
    node.ctr("content", "fetch", "--plain-http", image).succeed();
    String copy = FIXTURE.reference("copy-" + node.namespace() + ":2");
    assertThat(succeeds(node, "tag", image, copy)).isEqualTo(copy + "\n");
    assertThat(succeeds(node, "images", "-q").lines()).containsExactlyInAnyOrder(image, copy);
    assertThat(succeeds(node, "images").lines().skip(1))
        .allMatch(line -> line.matches(".* sha256:[0-9a-f]{12} .* ago +linux/amd64 .*B +-"));
    String digest = json(node, "images", "--json", copy).get(0).get("digest").stringValue();

    assertThat(succeeds(node, "push", "-q", copy).strip()).isEqualTo(digest);
    assertThat(Command.of("skopeo", "inspect", "--tls-verify=false", "docker://" + copy).succeed())
        .contains(digest);

    assertThat(fails(node, "inspect", "image", digest.substring(0, 19)))
        .contains("means more than one image: ", image, copy);
    assertThat(json(node, "inspect", "image", image).at("/config/architecture").stringValue())
        .isEqualTo("amd64");
    Command.Result removed = morsel(node, "rmi", "--sync", "none", image, copy).run();
    assertThat(removed.exitCode()).isEqualTo(1);
    assertThat(removed.text().lines()).containsExactly(image, copy);
    assertThat(removed.errors()).startsWith("morsel: rmi: no image 'none' in namespace");
    assertThat(node.ctr("content", "ls", "-q").succeed()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void whatACoreKnowsIsShown(Side side) throws Exception {
    TaskNode node = side.node();
    Process events =
        morsel(node, "events", "--json", "--filter", "topic~=\"^/namespaces/\"").start();
    try (BufferedReader out = events.inputReader()) {
      String team = node.namespace() + "-team";
      // A subscription says nothing of itself: make events until one has come.
      Await.until(
          "the subscription is there",
          Node.SOON,
          () -> {
            node.ctr("namespaces", "label", "default", "x=" + System.nanoTime()).run();
            node.ctr("namespaces", "create", team + "-warm").run();
            node.ctr("namespaces", "rm", team + "-warm").run();
            return ready(out);
          });
      succeeds(node, "namespaces", "create", team, "owner=a");
      JsonNode event = JsonMapper.shared().readTree(out.readLine());
      while (!event.at("/event/name").asString("").equals(team)) {
        event = JsonMapper.shared().readTree(out.readLine());
      }
      assertThat(event.get("topic").stringValue()).isEqualTo("/namespaces/create");
      assertThat(event.at("/event/labels/owner").stringValue()).isEqualTo("a");
      succeeds(node, "namespaces", "label", team, "owner=", "other=b");
      assertThat(succeeds(node, "namespaces", "ls")).containsPattern(team + " +other=b\n");
      succeeds(node, "namespaces", "rm", team);
      assertThat(succeeds(node, "namespaces", "ls", "-q")).doesNotContain(team + "\n");
      assertThat(fails(node, "namespaces", "rm", team)).contains("not found");
    } finally {
      Command.end(events);
    }

    node.runDetached("box", FOREVER);
    JsonNode described = json(node, "inspect", "box");
    assertThat(described.at("/task/status").stringValue()).isEqualTo("RUNNING");
    assertThat(described.at("/spec/process/args/0").stringValue()).isEqualTo("/bin/sh");
    succeeds(node, "rm", "-f", "box");
    node.ctr("snapshots", "view", "unheld").succeed();
    assertThat(succeeds(node, "gc")).startsWith("collected in ");
    assertThat(node.ctr("snapshots", "ls").succeed().lines()).hasSize(1);
  }

  private static boolean ready(BufferedReader out) {
    try {
      return out.ready();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What bash offers for the end of a line, by the script for it. */
  private static List<String> completed(String line) {
    String script =
        """
        source <($MORSEL completion bash)
        # Only for who is asked by bash itself.
        compopt() { :; }
        COMP_LINE="$MORSEL %1$s" COMP_POINT=$((${#MORSEL} + 1 + %2$d))
        COMP_WORDS=($COMP_LINE) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _complete_morsel_names
        printf '%%s\\n' "${COMPREPLY[@]}"
        """
            .formatted(line, line.length());
    Command.Result result =
        Command.of("bash", "-c", script)
            .with("MORSEL", Node.CHECKOUT.resolve("morsel"))
            .with("CONTAINERD_ADDRESS", core.socket())
            .with("CONTAINERD_NAMESPACE", core.namespace())
            .run();
    assertThat(result.errors()).isEmpty();
    return result.text().lines().filter(offered -> !offered.isEmpty()).toList();
  }

  @Test
  void namesAreCompleted() {
    core.ctr("content", "fetch", "--plain-http", image).succeed();
    core.runDetached("web-1", FOREVER);
    core.runDetached("web-2", "exit 0");
    core.runDetached("db", FOREVER);
    String repository = image.substring(0, image.lastIndexOf(':'));
    assertThat(completed("stop web")).containsExactlyInAnyOrder("web-1", "web-2");
    assertThat(completed("rm -f web-1 d")).containsExactly("db");
    assertThat(completed("exec -it -e A=b d")).containsExactly("db");
    // The command's own words.
    assertThat(completed("exec db ")).doesNotContain("db", "web-1");
    // bash breaks words at colons.
    assertThat(completed("rmi " + repository))
        .containsExactly(image.substring(image.indexOf(':') + 1));
    assertThat(completed("run -d --name x " + repository + ":")).containsExactly("1");
    assertThat(completed("ps -n " + core.namespace().substring(0, 5)))
        .containsExactly(core.namespace());
    assertThat(completed("inspect container w")).containsExactlyInAnyOrder("web-1", "web-2");
    assertThat(completed("stop -n nobodys web")).isEmpty();
    assertThat(completed("stop --address /nowhere.sock web")).isEmpty();
    assertThat(completed("stop --ti")).containsExactly("--time");
    assertThat(completed("namesp")).contains("namespaces");
    core.awaitStatus("web-2", "STOPPED");
  }

  @Test
  void lazyLayersAreCountedAndPushedFromWhereTheyAre() {
    String lazy = FIXTURE.convert(image, FIXTURE.reference("small:lazy"));
    succeeds(core, "pull", lazy);
    assertLazy(json(core, "images", "--json", lazy));
    assertThat(succeeds(core, "images", lazy)).contains("1 of 1 layers, ");
    String copy = FIXTURE.reference("lazy-copy:1");
    assertThat(succeeds(core, "push", lazy, copy)).contains(copy + ": sha256:");
    Command.of(
            "skopeo", "copy", "--src-tls-verify=false", "docker://" + copy, "dir:" + FIXTURE.work())
        .succeed();
    succeeds(core, "rmi", "--sync", lazy);
    assertThat(Mounts.lazyBelow(core.directory())).isEmpty();
    try (Node node = Node.start(Node.Options.DEFAULT)) {
      node.pull(lazy).succeed();
      assertLazy(
          JsonMapper.shared()
              .readTree(
                  Node.morsel("images", "--json", "--address", node.containerdSocket()).succeed()));
    }
  }

  private static void assertLazy(JsonNode images) {
    JsonNode state = images.at("/0/unpacked/0");
    assertThat(state.get("snapshotter").stringValue()).isEqualTo("morsel");
    assertThat(state.get("layers").intValue()).isEqualTo(1);
    assertThat(state.get("layers_lazy").intValue()).isEqualTo(1);
    assertThat(state.get("lazy_content_bytes").longValue()).isEqualTo(100_000);
    assertThat(state.get("lazy_present_bytes").longValue()).isBetween(0L, 100_000L);
  }
}
