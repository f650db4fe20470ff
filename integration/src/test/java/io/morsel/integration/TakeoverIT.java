package io.morsel.integration;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.host.Http;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.host.Uninterrupted;
import io.morsel.bench.image.OciLayout;
import io.morsel.bench.node.Containerd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Containers on layers that are not complete go on when the daemon ends and is started again, where
 * a service manager keeps descriptors: nothing they read fails, or differs.
 */
class TakeoverIT {
  @RegisterExtension static final Fixture FIXTURE = new Fixture();

  /** With it nothing is fetched but what is read. */
  private static final String ON_DEMAND =
      """
      [fetch]
      prefetch = false
      background_fill = false
      read_ahead_bytes = 0
      [profile]
      record = false
      replay = false
      from_registry = false
      """;

  private static final int SIGKILL = 9;
  private static final int FILES = 6;
  private static final int FILE_BYTES = 6 << 20;
  private static final int PART_BYTES = 1 << 20;

  /** What the container does: it has a file open, and reads the rest when it is told to. */
  private static final String SCRIPT =
      "exec 3< /data/file-0; dd bs=1048576 count=1 <&3 2>/dev/null | sha256sum > /tmp/part;"
          + " until [ -e /tmp/go ]; do sleep 0.1; done;"
          + " cat <&3 | sha256sum > /tmp/rest.new; sha256sum /data/file-1 >> /tmp/rest.new;"
          + " find / -xdev -type f | wc -l >> /tmp/rest.new;"
          + " mv /tmp/rest.new /tmp/rest; exec sleep 1000";

  private static String lazy = "";

  @BeforeAll
  static void push() {
    String plain = FIXTURE.reference("takeover:plain");
    int[] sizes = new int[FILES];
    Arrays.fill(sizes, FILE_BYTES);
    RunImages.pushWithFiles(FIXTURE.work(), plain, sizes);
    lazy = FIXTURE.convert(plain, FIXTURE.reference("takeover:lazy"));
  }

  @ParameterizedTest
  @CsvSource({"erofs,9", "erofs,15", "fuse,9", "fuse,15"})
  void containersOfContainerdGoOn(String kind, int signal) throws Exception {
    Path directory = Directories.temporary(Path.of("/tmp"), "morsel-it-");
    Path socket = directory.resolve("morsel.sock");
    List<String> words = List.of("serve", "--address", socket.toString());
    Uninterrupted.run(
        () -> {
          try (Subject subject = new Subject(directory, kind, words)) {
            try (Containerd containerd =
                Containerd.start(directory, Map.of("morsel", socket), false)) {
              subject.goesOn(containerd.socket(), signal);
            }
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        },
        () -> Mounts.detachBelow(directory),
        () -> Directories.delete(directory));
  }

  @Test
  void containersOfACoreGoOn() {
    Path directory = Directories.temporary(Path.of("/tmp"), "morsel-it-");
    Path socket = directory.resolve("core.sock");
    List<String> words =
        List.of(
            "core",
            "--address",
            socket.toString(),
            "--state",
            directory.resolve("state").toString());
    Uninterrupted.run(
        () -> {
          try (Subject subject = new Subject(directory, "auto", words)) {
            subject.goesOn(socket, SIGKILL);
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        },
        () -> Mounts.detachBelow(directory),
        () -> Directories.delete(directory));
  }

  /** One daemon below a service manager. */
  private static final class Subject implements AutoCloseable {
    private final String metrics = "127.0.0.1:" + Http.freePort();
    private final Path root;
    private final ServiceManager manager;

    Subject(Path directory, String kind, List<String> words) throws IOException {
      root = directory.resolve("root");
      Path config =
          Files.writeString(
              directory.resolve("config.toml"),
              ON_DEMAND
                  + "[views]\nkind = \"%s\"\n[metrics]\naddress = \"%s\"\n"
                      .formatted(kind, metrics));
      List<String> command =
          new ArrayList<>(List.of(Node.CHECKOUT.resolve("morsel").toString(), words.getFirst()));
      command.addAll(List.of("--config", config.toString(), "--root", root.toString()));
      command.addAll(words.subList(1, words.size()));
      manager = new ServiceManager(directory, command);
      start();
    }

    private void start() {
      manager.start(() -> Http.ok("http://" + metrics + "/healthz"));
    }

    void goesOn(Path socket, int signal) throws Exception {
      morsel(socket, "pull", lazy).succeed();
      assertThat(manager.stored()).isNotEmpty();
      morsel(socket, "run", "--detach", "--name", "c", lazy, "sh", "-c", SCRIPT).succeed();
      long pid = pid(socket);
      assertThat(environmentOfParent(pid)).doesNotContain("NOTIFY_SOCKET", "LISTEN_");
      Path inside = Path.of("/proc", Long.toString(pid), "root");
      Await.until("it has read", Node.SOON, () -> Files.exists(inside.resolve("tmp/part")));
      List<Process> readers = new ArrayList<>();
      boolean stopped = false;
      try (Arena arena = Arena.ofShared();
          FileChannel mapped = FileChannel.open(inside.resolve("data/file-2"))) {
        ByteBuffer map =
            mapped.map(FileChannel.MapMode.READ_ONLY, 0, FILE_BYTES, arena).asByteBuffer();
        assertThat(map.get(0)).isEqualTo(Images.noise(2, FILE_BYTES)[0]);
        List<String> before = manager.stored();

        // These have sent their requests, and nobody has answered them.
        FIXTURE.registry().stop();
        stopped = true;
        readers.add(sum(inside, 3));
        Await.until("it waits", Node.SOON, () -> isWaiting(readers.getFirst()));
        manager.kill(signal);
        assertThat(manager.stored()).as("what is kept").containsAnyElementsOf(before).isNotEmpty();
        readers.add(sum(inside, 4));
        Process killed = sum(inside, 5);
        Await.until("it waits too", Node.SOON, () -> isWaiting(killed), () -> where(killed));
        killed.destroyForcibly();
        assertThat(killed.waitFor()).as("a reader can be killed meanwhile").isEqualTo(137);
        Files.createFile(inside.resolve("tmp/go"));
        start();
        assertThat(readers).allMatch(Process::isAlive);
        FIXTURE.registry().restart();
        stopped = false;

        assertThat(result(readers.get(0))).as(this::log).isEqualTo(expected(3));
        assertThat(result(readers.get(1))).as(this::log).isEqualTo(expected(4));
        byte[] bytes = new byte[FILE_BYTES];
        map.get(0, bytes);
        assertThat(OciLayout.sha256(bytes)).isEqualTo(expected(2));
        assertThat(result(sum(inside, 5))).isEqualTo(expected(5));
        Await.until("it has read all", Node.SOON, () -> Files.exists(inside.resolve("tmp/rest")));
        byte[] first = Images.noise(0, FILE_BYTES);
        List<String> rest = Files.readAllLines(inside.resolve("tmp/rest"));
        assertThat(rest.get(0))
            .startsWith(OciLayout.sha256(Arrays.copyOfRange(first, PART_BYTES, FILE_BYTES)));
        assertThat(rest.get(1)).startsWith(expected(1));
        assertThat(takenOver("success")).isPositive();
        assertThat(takenOver("failure")).isZero();
      } finally {
        if (stopped) {
          FIXTURE.registry().restart();
        }
        readers.forEach(Command::end);
      }
      // Once more, with what was taken over: it is left to a third as well as to a second.
      manager.kill(signal);
      Process reader = sum(inside, 5);
      start();
      assertThat(result(reader)).isEqualTo(expected(5));

      // While containerd can't reach it, it forgets snapshots without having them removed.
      Command all = Command.of("ctr", "-a", socket, "snapshots", "--snapshotter", "morsel", "ls");
      Await.until("it is reached again", Node.SOON, () -> all.run().exitCode() == 0);
      morsel(socket, "rm", "--force", "c").succeed();
      morsel(socket, "rmi", lazy).succeed();
      Await.until(
          "nothing is stored",
          Node.SOON,
          () -> manager.stored().isEmpty(),
          () -> manager.stored().toString());
      Await.until("no connection is open", Node.SOON, () -> connections() == 0);
      Await.until("no layer is kept", Node.SOON, () -> layers() == 0, this::log);
      // But for those that the warm-up makes and takes away.
      assertThat(Mounts.lazyBelow(root))
          .allMatch(mount -> root.relativize(mount).startsWith("warm-up"));
      assertThat(manager.log()).doesNotContain("ERROR").doesNotContain("can't be taken over");
    }

    private double takenOver(String outcome) {
      return Http.get("http://" + metrics + "/metrics")
          .body()
          .lines()
          .filter(line -> line.startsWith("morsel_connections_taken_over_total"))
          .filter(line -> line.contains(outcome))
          .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
          .sum();
    }

    private String log() {
      return manager.log();
    }

    private static Command morsel(Path socket, Object... words) {
      return Node.morsel(List.of(words)).with("CONTAINERD_ADDRESS", socket);
    }

    private static long pid(Path socket) {
      return Command.of("ctr", "-a", socket, "tasks", "ls")
          .succeed()
          .lines()
          .map(line -> line.strip().split("\\s+", -1))
          .filter(fields -> fields[0].equals("c"))
          .map(fields -> Long.parseLong(fields[1]))
          .findFirst()
          .orElseThrow();
    }

    /** What the container's shim was told, which inherits nothing that was meant for the daemon. */
    private static String environmentOfParent(long pid) throws IOException {
      ProcessHandle shim = ProcessHandle.of(pid).flatMap(ProcessHandle::parent).orElseThrow();
      return Files.readString(Path.of("/proc", Long.toString(shim.pid()), "environ"));
    }

    /** Reads a file of the container's, as one of its processes would. */
    private static Process sum(Path inside, int file) {
      return Command.of("sha256sum", inside.resolve("data/file-" + file)).start();
    }

    private static boolean isWaiting(Process reader) {
      String where = where(reader);
      return where.contains("folio") || where.contains("request_wait_answer");
    }

    private static String where(Process reader) {
      try {
        // For a page, or for the answer to a request of FUSE.
        return Files.readString(Path.of("/proc", Long.toString(reader.pid()), "stack"));
      } catch (IOException e) {
        return "ended: " + e.getMessage();
      }
    }

    private static String result(Process reader) throws Exception {
      String out = new String(reader.getInputStream().readAllBytes(), UTF_8);
      assertThat(reader.waitFor()).as("the reader's exit code").isZero();
      return out.strip().split(" ", 2)[0];
    }

    private static String expected(int file) {
      return OciLayout.sha256(Images.noise(file, FILE_BYTES));
    }

    private long connections() {
      try (Stream<Path> entries =
          Files.list(Path.of("/proc", Long.toString(manager.pid()), "fd"))) {
        return entries.filter(Subject::isFuseDevice).count();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static boolean isFuseDevice(Path descriptor) {
      try {
        return Files.readSymbolicLink(descriptor).equals(Path.of("/dev/fuse"));
      } catch (IOException e) {
        return false; // Closed meanwhile.
      }
    }

    /** Directories of layers, which go with their last use. */
    private long layers() {
      try (Stream<Path> below = Files.walk(root)) {
        return below.filter(path -> path.endsWith("source.json")).count();
      } catch (UncheckedIOException | IOException e) {
        return -1; // Something is being deleted.
      }
    }

    @Override
    public void close() {
      manager.close();
    }
  }
}
