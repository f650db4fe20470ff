package io.morsel.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The contract for EROFS over a layer that was completed while it was mounted, and what becomes of
 * those who used it then.
 */
final class ErofsSwitchedTest extends ErofsDiskTest {
  private boolean completes = true;

  @Override
  SampleContent open(SampleLayer layer) throws IOException {
    return openIncomplete(layer);
  }

  @Override
  LayerMount mount(SampleContent content) throws IOException {
    LayerMount mount = super.mount(content);
    if (completes) {
      complete(content, mount);
    }
    return mount;
  }

  private static void complete(SampleContent content, LayerMount mount) throws IOException {
    String before = Mountinfo.at(mount.mountPoint()).orElseThrow().device();
    content.complete();
    try {
      await(() -> devices(mount).size() == 1 && !devices(mount).contains(before));
    } catch (Exception e) {
      throw new IOException(e);
    }
    // Answers when the switch is over: until then a descriptor of it keeps others from unmounting.
    assertThat(mount.isAlive()).isTrue();
  }

  /** For a moment there are two, of which mountinfo does not tell the upper one. */
  private static List<String> devices(LayerMount mount) throws IOException {
    return Mountinfo.under(mount.mountPoint()).stream().map(Mountinfo::device).toList();
  }

  @Test
  void leavesItsUsersWhatTheyHave() throws Exception {
    completes = false;
    SampleLayer layer = everything();
    SampleContent content = open(layer);
    content.makeAbsent();
    LayerMount mount = mount(content);
    Path root = mount.mountPoint();
    Path large = root.resolve("large");
    byte[] expected = layer.expected(layer.get("large"), 0, (9 << 20) + 123);
    Process program = new ProcessBuilder(root + "/bin/cat").redirectErrorStream(true).start();
    try (FileChannel file = FileChannel.open(large);
        MappedReader mapped = new MappedReader(large)) {
      echo(program, "before");

      complete(content, mount);
      assertThat(mount.isAlive()).isTrue();
      // What is read by its new users no longer passes through this process …
      long served = content.reads.get();
      assertThat(Files.readAllBytes(large)).isEqualTo(expected);
      assertThat(run(root + "/bin/cat", root + "/hello"))
          .isEqualTo(new Result(0, "hello, world\n"));
      assertThat(content.reads.get()).isEqualTo(served);
      // … and the old ones go on, also with what they had not read before.
      assertThat(mapped.sha256()).isEqualTo(MappedReader.sha256(expected));
      ByteBuffer end = ByteBuffer.allocate(100);
      assertThat(file.read(end, expected.length - 100)).isEqualTo(100);
      assertThat(end.array())
          .isEqualTo(layer.expected(layer.get("large"), expected.length - 100, 100));
      assertThat(content.reads.get()).isGreaterThan(served);
      echo(program, "after");
      assertThat(openFuseDevices()).isEqualTo(1);
    } finally {
      program.getOutputStream().close();
      assertThat(program.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(program.exitValue()).isZero();
    assertThat(mount.released()).isNotDone();
    // With the last user goes the filesystem over FUSE.
    await(() -> openFuseDevices() == 0);
    assertThat(Files.readAllBytes(large)).isEqualTo(expected);
    mount.close();
    assertThat(mount.released()).isDone();
    assertThat(Mountinfo.under(directory)).isEmpty();
  }

  @Test
  void staysAsItIsForAWhileAfterItWasHandedOut() throws Exception {
    completes = false;
    Duration delay = Duration.ofMillis(300);
    try (ErofsMounter patient =
        ErofsMounters.open(Files.createDirectory(directory.resolve("patient")), delay)) {
      SampleContent content = open(everything());
      Path target = Files.createDirectory(directory.resolve("handed-out"));
      LayerMount mount = patient.mount(content, target);
      long start = System.nanoTime();
      mount.handedOut();

      content.complete();
      await(mount::readsDisk);

      assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(delay.toNanos());
      assertThat(target.resolve("hello")).hasContent("hello, world\n");
    }
  }

  private static void echo(Process cat, String text) throws IOException {
    OutputStream out = cat.getOutputStream();
    out.write(SampleLayer.bytes(text));
    out.flush();
    InputStream in = cat.getInputStream();
    assertThat(in.readNBytes(text.length())).isEqualTo(SampleLayer.bytes(text));
  }

  private static long openFuseDevices() throws IOException {
    try (Stream<Path> entries = Files.list(Path.of("/proc/self/fd"))) {
      return entries.filter(ErofsSwitchedTest::isFuseDevice).count();
    }
  }

  private static boolean isFuseDevice(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).equals(Path.of("/dev/fuse"));
    } catch (IOException e) {
      return false; // Closed meanwhile.
    }
  }

  @Test
  void failsReadsOfWhatIsAbsentOnceNobodyServes() throws Exception {
    completes = false;
    SampleLayer layer = everything();
    LayerMount mount = mount(open(layer));
    Path large = mount.mountPoint().resolve("large");
    try (FileChannel file = FileChannel.open(large)) {
      ByteBuffer page = ByteBuffer.allocate(4096);
      assertThat(file.read(page, 0)).isEqualTo(4096);
      mounter().close();
      assertThat(file.read(page.clear(), 0)).isEqualTo(4096);
      assertThat(page.array()).isEqualTo(layer.expected(layer.get("large"), 0, 4096));
      assertThat(file.size()).isEqualTo((9 << 20) + 123);
      assertThatThrownBy(() -> file.read(page.clear(), 8 << 20))
          .hasMessageContaining("Input/output error");
    }
  }

  @Test
  void showsThroughFuseWhatErofsRefuses() throws Exception {
    completes = false;
    SampleLayer layer = everything();
    SampleContent content = open(layer);
    Files.delete(content.tree().file());
    LayerMount mount = mount(content);
    assertThat(Mountinfo.at(mount.mountPoint()).orElseThrow().type()).isEqualTo("fuse.morsel");
    assertThat(mount.mountPoint().resolve("hello")).hasContent("hello, world\n");
  }

  @Test
  void showsManyLayers() throws Exception {
    completes = false;
    SampleLayer layer = new SampleLayer();
    layer.file("hello", 0644, SampleLayer.bytes("hello"));
    SampleContent content = open(layer);
    List<LayerMount> mounts = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      mounts.add(mount(content));
    }
    assertThat(openFuseDevices()).isEqualTo(100);
    content.complete();
    await(() -> openFuseDevices() == 0);
    for (LayerMount mount : mounts) {
      assertThat(mount.mountPoint().resolve("hello")).hasContent("hello");
      mount.close();
    }
    assertThat(content.reads.get()).isZero();
  }
}
