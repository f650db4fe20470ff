package io.morsel.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.fuse.DescriptorKeeper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is sent is what a service manager understands, and what it passes is taken. */
class DescriptorStoreTest {
  /** Prints each message it receives, and what the descriptor that came with it has in it. */
  private static final String RECEIVER =
      """
      import array, os, socket, sys
      s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
      s.bind(sys.argv[1].replace("@", "\\0"))
      print("bound", flush=True)
      while True:
          data, control, _, _ = s.recvmsg(4096, socket.CMSG_SPACE(16))
          text = ""
          for level, kind, content in control:
              assert (level, kind, len(content)) == (socket.SOL_SOCKET, socket.SCM_RIGHTS, 4)
              fd = array.array("i", content)[0]
              text = os.pread(fd, 100, 0).decode()
              os.close(fd)
          print(data.decode().replace("\\n", "|") + "|" + text, flush=True)
      """;

  @TempDir private Path directory;

  @Test
  void descriptorsAreSentWithTheirNames() throws Exception {
    sends(directory.resolve("notify").toString());
  }

  @Test
  void abstractSocketsAreReachedToo() throws Exception {
    sends("@morsel-test-" + ProcessHandle.current().pid());
  }

  private void sends(String address) throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "content");
    Process receiver =
        new ProcessBuilder("/usr/bin/python3", "-c", RECEIVER, address)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader lines =
            new BufferedReader(
                new InputStreamReader(receiver.getInputStream(), StandardCharsets.UTF_8));
        FileChannel open = FileChannel.open(file, StandardOpenOption.READ)) {
      assertThat(open.isOpen()).isTrue();
      assertThat(lines.readLine()).isEqualTo("bound");
      DescriptorStore store = DescriptorStore.of(Map.of("NOTIFY_SOCKET", address), 1);
      assertThat(store.keep(descriptor(file), "a-name")).isTrue();
      assertThat(lines.readLine()).isEqualTo("FDSTORE=1|FDNAME=a-name|content");
      store.drop("a-name");
      assertThat(lines.readLine()).isEqualTo("FDSTOREREMOVE=1|FDNAME=a-name|");
    } finally {
      receiver.destroyForcibly();
    }
  }

  private static int descriptor(Path file) throws Exception {
    try (Stream<Path> entries = Files.list(Path.of("/proc/self/fd"))) {
      return entries
          .filter(
              each -> {
                try {
                  return Files.readSymbolicLink(each).equals(file);
                } catch (java.io.IOException e) {
                  return false;
                }
              })
          .mapToInt(each -> Integer.parseInt(each.getFileName().toString()))
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  void nobodyWhoListensIsNoError() {
    DescriptorStore store =
        DescriptorStore.of(Map.of("NOTIFY_SOCKET", directory.resolve("no").toString()), 1);
    assertThat(store.keep(0, "a-name")).isFalse();
    store.drop("a-name");
  }

  @Test
  void withoutAManagerNothingIsKept() {
    DescriptorStore store = DescriptorStore.of(Map.of(), 1);
    assertThat(store.keeper()).isSameAs(DescriptorKeeper.NONE);
    assertThat(store.take()).isEmpty();
  }

  @Test
  void whatThisProcessIsPassedIsTakenOnce() {
    // Numbers that are not open: nothing else is done to them than being taken.
    Map<String, String> environment =
        Map.of("LISTEN_PID", "7", "LISTEN_FDS", "2", "LISTEN_FDNAMES", "a:b");
    DescriptorStore store = DescriptorStore.of(environment, 7);
    assertThat(store.take())
        .isEqualTo(List.of(new DescriptorStore.Left(3, "a"), new DescriptorStore.Left(4, "b")));
    assertThat(store.take()).isEmpty();
  }

  @Test
  void whatIsPassedToOthersOrMakesNoSenseIsNotTaken() {
    for (Map<String, String> environment :
        List.of(
            Map.of("LISTEN_PID", "8", "LISTEN_FDS", "1", "LISTEN_FDNAMES", "a"),
            Map.of("LISTEN_FDS", "1", "LISTEN_FDNAMES", "a"),
            Map.of("LISTEN_PID", "7", "LISTEN_FDS", "2", "LISTEN_FDNAMES", "a"),
            Map.of("LISTEN_PID", "7", "LISTEN_FDS", "-1", "LISTEN_FDNAMES", "a"),
            Map.of("LISTEN_PID", "7", "LISTEN_FDS", "x", "LISTEN_FDNAMES", "a"),
            Map.of("LISTEN_PID", "7", "LISTEN_FDS", "99999999999", "LISTEN_FDNAMES", "a"))) {
      assertThat(DescriptorStore.of(environment, 7).take()).as(environment.toString()).isEmpty();
    }
  }
}
