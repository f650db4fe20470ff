package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What one node learns of an image's starts, others know before they start it. */
class ProfileIT {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  private static final int FILES = 40;
  private static final int FILE_BYTES = 200_000;
  private static final String QUIET =
      "[fetch]\nbackground_fill = false\n[profile]\nsettle_millis = 500\n";
  private static final String READ = "sha256sum /data/file-31 /data/file-1? /data/file-2?";
  private static String image = "";

  @BeforeAll
  static void push() {
    String plain = FIXTURE.reference("profiled:plain");
    int[] sizes = new int[FILES];
    Arrays.fill(sizes, FILE_BYTES);
    Images.pushWithData(FIXTURE.work(), plain, sizes);
    image = FIXTURE.convert(plain, FIXTURE.reference("profiled:lazy"));
  }

  /** Runs a command on a new node, and has what it read recorded. */
  private static Path record(String command) throws IOException {
    Path file = Files.createTempFile("profile-", ".json");
    try (Node node = Node.start(Node.Options.DEFAULT.withConfig(QUIET + "from_registry = false"))) {
      node.pull(image).succeed();
      node.run("morsel", image, "first", "/bin/sh", "-c", command).succeed();
      Await.until(
          "the start is recorded",
          Node.SOON,
          () -> node.metric("morsel_profile_recordings_total") == 1);
      Await.until(
          "the profile can be had",
          Node.SOON,
          () -> profile("record", "--root", node.root(), "-o", file, image).run().exitCode() == 0);
    }
    return file;
  }

  private static Command profile(Object... words) {
    Object[] all = new Object[words.length + 1];
    all[0] = "profile";
    System.arraycopy(words, 0, all, 1, words.length);
    return Node.morsel(all);
  }

  @Test
  void anotherNodeFindsItNextToTheImage() throws IOException {
    Path file = record(READ);
    String shown = profile("show", "--files", "--file", file, image).succeed();
    assertThat(shown).contains("data/file-31", "data/file-12", "data/file-25");
    assertThat(shown).doesNotContain("data/file-35");
    assertThat(shown.indexOf("data/file-31")).isLessThan(shown.indexOf("data/file-12"));
    profile("push", "--file", file, image).succeed();
    Path pulled = Files.createTempFile("pulled-", ".json");
    profile("pull", "-o", pulled, image).succeed();
    assertThat(pulled).hasSameBinaryContentAs(file);

    try (Node node = Node.start(Node.Options.DEFAULT.withConfig(QUIET))) {
      node.pull(image).succeed();
      Await.until(
          "what the recording names is there",
          Node.SOON,
          () ->
              node.metric("morsel_profile_replayed_bytes_total") > 21 * FILE_BYTES
                  && node.metric("morsel_layer_present_bytes")
                      >= node.metric("morsel_profile_replayed_bytes_total"));
      assertThat(node.metric("morsel_profile_lookups_total", "result=\"registry\"")).isEqualTo(1);
      double requests = node.metric("morsel_fetch_requests_total", "priority=\"prefetch\"");
      assertThat(requests)
          .as("requests for %s chunks", node.metric("morsel_profile_replayed_chunks_total"))
          .isLessThan(node.metric("morsel_profile_replayed_chunks_total") / 2);
      long before = FIXTURE.registry().traffic().receivedBytes();
      assertThat(node.run("morsel", image, "second", "/bin/sh", "-c", READ).succeed())
          .contains("/data/file-31");
      assertThat(FIXTURE.registry().traffic().receivedBytes() - before)
          .as("what the start had to fetch itself")
          .isLessThan(FILE_BYTES);
      assertThat(node.metric("morsel_profile_used_bytes_total"))
          .isGreaterThanOrEqualTo(21 * FILE_BYTES);
    } finally {
      Files.delete(file);
      Files.delete(pulled);
    }
  }

  @Test
  void aProfileOfEverythingCostsNoMoreThanItMay() throws IOException {
    Path file = record("cat /data/* | wc -c");
    try (Node node =
        Node.start(
            Node.Options.DEFAULT.withConfig(
                QUIET + "from_registry = false\nmax_bytes = 1000000\nmax_percent = 100\n"))) {
      place(node, Files.readString(file));
      node.pull(image).succeed();
      Await.until(
          "some of it is fetched",
          Node.SOON,
          () -> node.metric("morsel_fetch_blob_bytes_total", "priority=\"prefetch\"") > 300_000);
      assertThat(
              node.run("morsel", image, "one", "/bin/sh", "-c", "wc -c < /data/file-3").succeed())
          .isEqualTo(FILE_BYTES + "\n");
      assertThat(node.metric("morsel_fetch_blob_bytes_total", "priority=\"prefetch\""))
          .isLessThanOrEqualTo(1_000_000);
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void aProfileOfPlacesThatDoNotExistIsIgnored() throws IOException {
    Path file = record(READ);
    String fresh = Files.readString(file);
    // Of each run of uses only the first is left, at a place where no chunk is.
    String stale = fresh.replaceAll("\\[(\\d+),(\\d+),(\\d+)(,\\d+)*\\]", "[$1,1$2,$3]");
    assertThat(stale).isNotEqualTo(fresh);
    try (Node node = Node.start(Node.Options.DEFAULT.withConfig(QUIET + "from_registry = false"))) {
      place(node, stale);
      node.pull(image).succeed();
      assertThat(node.run("morsel", image, "run", "/bin/sh", "-c", READ).succeed())
          .contains("/data/file-12");
      assertThat(node.metric("morsel_profile_lookups_total", "result=\"node\"")).isPositive();
      assertThat(node.metric("morsel_profile_replayed_chunks_total")).isZero();
    } finally {
      Files.delete(file);
    }
  }

  private static void place(Node node, String profile) throws IOException {
    Matcher digest = Pattern.compile("\"image\":\"sha256:([0-9a-f]{64})\"").matcher(profile);
    assertThat(digest.find()).isTrue();
    Path directory = Files.createDirectories(node.root().resolve("profiles"));
    Files.writeString(directory.resolve("sha256-" + digest.group(1) + ".json"), profile);
  }
}
