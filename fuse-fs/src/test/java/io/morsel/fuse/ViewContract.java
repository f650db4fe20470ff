package io.morsel.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.stargz.erofs.DirectoryAttributes;
import io.morsel.stargz.erofs.ErofsNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** What every way to show a layer must do with every layer. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class ViewContract {
  @TempDir(cleanup = CleanupMode.NEVER)
  Path directory;

  final List<SampleContent> contents = new ArrayList<>();
  @Nullable LayerMounter opened;

  abstract LayerMounter newMounter() throws IOException;

  /** A layer with everything that one can have. */
  SampleLayer everything() throws IOException {
    return SampleLayer.withEverything(5L << 30);
  }

  /** The mount's type, as mountinfo has it. */
  String type() {
    return "fuse.morsel";
  }

  @BeforeEach
  final void needsFuse() throws IOException {
    Assumptions.assumeTrue(
        Files.isWritable(Path.of("/dev/fuse")) && Linux.effectiveUser() == 0,
        "mounting needs root and /dev/fuse");
    directory = directory.toRealPath();
  }

  @AfterEach
  final void cleanUp() throws IOException, InterruptedException {
    for (Mountinfo mount : Mountinfo.under(directory).reversed()) {
      if (mount.type().equals("overlay")) {
        Mountinfo.detach(mount.mountPoint());
      }
    }
    try {
      if (opened != null) {
        opened.close();
      }
    } finally {
      List<Mountinfo> left = Mountinfo.under(directory);
      for (Mountinfo mount : left.reversed()) {
        Mountinfo.detach(mount.mountPoint());
      }
      for (SampleContent content : contents) {
        content.tree().close();
      }
      run("rm", "-rf", directory.toString());
      assertThat(left).as("mounts that the mounter left").isEmpty();
    }
  }

  final LayerMounter mounter() throws IOException {
    LayerMounter mounter = opened;
    if (mounter == null) {
      mounter = newMounter();
      opened = mounter;
    }
    return mounter;
  }

  SampleContent open(SampleLayer layer) throws IOException {
    SampleContent content = layer.open(directory, "sha256:" + "0a".repeat(32));
    contents.add(content);
    return content;
  }

  LayerMount mount(SampleContent content) throws IOException {
    return mounter().mount(content, Files.createTempDirectory(directory, "mnt"));
  }

  record Result(int exitCode, String output) {}

  static Result run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      return new Result(process.exitValue(), output);
    } finally {
      process.destroyForcibly();
    }
  }

  static void succeeds(String... command) throws IOException, InterruptedException {
    assertThat(run(command)).as(String.join(" ", command)).isEqualTo(new Result(0, ""));
  }

  static byte[] raw(Path path) {
    return SampleLayer.bytes(path.toString());
  }

  @Test
  void showsEveryAttributeOfEveryEntry() throws IOException {
    SampleLayer layer = everything();
    LayerMount mount = mount(open(layer));
    Map<ErofsNode, Long> inodes = new HashMap<>();
    Map<ErofsNode, Integer> names = new HashMap<>();
    countNames(layer.root, names);
    compare(layer, raw(mount.mountPoint()), layer.root, names, inodes, 0);
    assertThat(inodes).hasSize(names.size());
    assertThat(new HashSet<>(inodes.values())).as("inode numbers").hasSize(inodes.size());
  }

  private static void countNames(ErofsNode node, Map<ErofsNode, Integer> names) {
    names.merge(node, 1, Integer::sum);
    node.children().values().forEach(child -> countNames(child, names));
  }

  private static void compare(
      SampleLayer layer,
      byte[] path,
      ErofsNode node,
      Map<ErofsNode, Integer> names,
      Map<ErofsNode, Long> inodes,
      int depth)
      throws IOException {
    String label = new String(path, StandardCharsets.UTF_8);
    Native.Stat stat = Native.stat(path);
    assertThat(Integer.toOctalString(stat.mode()))
        .as("mode of %s", label)
        .isEqualTo(Integer.toOctalString(node.mode()));
    assertThat(List.of(stat.uid(), stat.gid()))
        .as("owner of %s", label)
        .isEqualTo(layer.owners.getOrDefault(node, List.of(0, 0)));
    assertThat(List.of(stat.mtimeSeconds(), (long) stat.mtimeNanos()))
        .as("mtime of %s", label)
        .isEqualTo(layer.mtimes.getOrDefault(node, List.of(0L, 0L)));
    int[] device = layer.devices.getOrDefault(node, new int[] {0, 0});
    assertThat(new int[] {stat.major(), stat.minor()}).as("device of %s", label).isEqualTo(device);
    Long known = inodes.putIfAbsent(node, stat.ino());
    assertThat(known == null ? stat.ino() : known)
        .as("inode number of %s", label)
        .isEqualTo(stat.ino());
    compareAttributes(path, layer.xattrs.getOrDefault(node, Map.of()), label);

    if (node.isDirectory()) {
      long directories = node.children().values().stream().filter(ErofsNode::isDirectory).count();
      assertThat(stat.nlink()).as("nlink of %s", label).isEqualTo((int) directories + 2);
      compareEntries(layer, path, node, names, inodes, depth);
      return;
    }
    assertThat(stat.nlink()).as("nlink of %s", label).isEqualTo(names.get(node));
    assertThat(stat.size()).as("size of %s", label).isEqualTo(node.sizeBytes());
    byte[] target = layer.targets.get(node);
    if (target != null) {
      assertThat(Native.readlink(path)).as("target of %s", label).isEqualTo(target);
    } else if (node.isRegular()) {
      assertThat(stat.blocks())
          .as("blocks of %s", label)
          .isEqualTo((node.sizeBytes() + 4095) / 4096 * 8);
      int length = (int) Math.min(node.sizeBytes(), 70_000);
      long offset = node.sizeBytes() - length;
      assertThat(Native.read(path, offset, length + 100))
          .as("end of %s", label)
          .isEqualTo(layer.expected(node, offset, length));
    }
  }

  private static void compareEntries(
      SampleLayer layer,
      byte[] path,
      ErofsNode node,
      Map<ErofsNode, Integer> names,
      Map<ErofsNode, Long> inodes,
      int depth)
      throws IOException {
    List<Native.Entry> entries = Native.list(path, 0);
    assertThat(entries)
        .as(new String(path, StandardCharsets.UTF_8))
        .hasSize(node.children().size() + 2);
    int dots = 0;
    for (Native.Entry entry : entries) {
      String name = entry.name();
      if (name.equals(".") || name.equals("..")) {
        dots++;
        assertThat(entry.type()).isEqualTo(4);
        continue;
      }
      ErofsNode child = node.child(entry.nameBytes());
      if (child == null) {
        throw new AssertionError(
            name + " is too much in " + new String(path, StandardCharsets.UTF_8));
      }
      assertThat(entry.type()).as("d_type of %s", name).isEqualTo(child.type() >>> 12);
      byte[] childPath = Native.join(path, entry.nameBytes());
      compare(layer, childPath, child, names, inodes, depth + 1);
      assertThat(entry.ino()).as("d_ino of %s", name).isEqualTo(inodes.get(child));
    }
    assertThat(dots).isEqualTo(2);
  }

  private static void compareAttributes(byte[] path, Map<String, byte[]> expected, String label)
      throws IOException {
    List<String> names =
        Native.xattrNames(path).stream()
            .map(name -> new String(name, StandardCharsets.UTF_8))
            .sorted()
            .toList();
    assertThat(names)
        .as("attributes of %s", label)
        .isEqualTo(expected.keySet().stream().sorted().toList());
    for (Map.Entry<String, byte[]> attribute : expected.entrySet()) {
      byte[] name = SampleLayer.bytes(attribute.getKey());
      byte[] value = attribute.getValue();
      assertThat(Native.xattr(path, name, 0)).hasSize(value.length);
      assertThat(Native.xattr(path, name, Math.max(1, value.length)))
          .as("%s of %s", attribute.getKey(), label)
          .isEqualTo(value);
    }
  }

  @Test
  void showsDirectoriesAsAViewOfTheTreeHasThem() throws IOException {
    showsDirectoriesWith(new TreeMap<>());
  }

  @Test
  void showsAttributesAsAViewOfTheTreeHasThem() throws IOException {
    showsDirectoriesWith(new TreeMap<>(Map.of("user.lower", SampleLayer.bytes("v"))));
  }

  private void showsDirectoriesWith(Map<String, byte[]> xattrs) throws IOException {
    SampleLayer layer = everything();
    SampleContent content = open(layer);
    Map<Long, DirectoryAttributes> attributes = new HashMap<>();
    for (ErofsNode node : List.of(layer.root, layer.get("deep"), layer.get("opaque"))) {
      attributes.put(
          node.nid(),
          new DirectoryAttributes(
              01700,
              5,
              (int) 4_000_000_000L,
              1_600_000_000,
              7,
              xattrs.keySet().stream().map(SampleLayer::bytes).toList(),
              List.copyOf(xattrs.values())));
      node.permissions(01700);
      layer.owners.put(node, List.of(5, (int) 4_000_000_000L));
      layer.mtimes.put(node, List.of(1_600_000_000L, 7L));
      layer.xattrs.computeIfAbsent(node, _ -> new TreeMap<>()).putAll(xattrs);
    }
    LayerMount mount = mount(content.with(content.tree().withDirectoryAttributes(attributes)));
    Map<ErofsNode, Integer> names = new HashMap<>();
    countNames(layer.root, names);
    compare(layer, raw(mount.mountPoint()), layer.root, names, new HashMap<>(), 0);
  }

  @Test
  void saysWhyAnAttributeCannotBeHad() throws IOException {
    LayerMount mount = mount(open(everything()));
    byte[] path = raw(mount.mountPoint().resolve("attributes"));
    assertThatThrownBy(() -> Native.xattr(path, SampleLayer.bytes("user.long"), 2999))
        .hasMessageContaining("Numerical result out of range");
    assertThatThrownBy(() -> Native.xattr(path, SampleLayer.bytes("user.none"), 100))
        .hasMessageContaining("No data available");
    assertThatThrownBy(() -> Native.stat(raw(mount.mountPoint().resolve("absent"))))
        .hasMessageContaining("No such file or directory");
    assertThatThrownBy(() -> Native.stat(raw(mount.mountPoint().resolve("hello/below"))))
        .hasMessageContaining("Not a directory");
  }

  @Test
  void readsAtRandomFromManyThreads() throws Exception {
    long seed = Long.getLong("morsel.seed", System.nanoTime());
    SampleLayer layer = everything();
    SampleContent content = open(layer);
    LayerMount mount = mount(content);
    List<String> files = List.of("large", "huge", "behind-huge", "odd", "bin/cat", "one");
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<?>> results = new ArrayList<>();
      for (int t = 0; t < 8; t++) {
        Random random = new Random(seed + t);
        boolean makesAbsent = t == 7;
        results.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 150; i++) {
                    if (makesAbsent && i == 20) {
                      content.makeAbsent();
                    }
                    readAtRandom(layer, mount, files.get(random.nextInt(files.size())), random);
                  }
                }));
      }
      for (Future<?> result : results) {
        result.get();
      }
    } catch (Exception e) {
      throw new AssertionError("with -Dmorsel.seed=" + seed, e);
    }
  }

  private static void readAtRandom(
      SampleLayer layer, LayerMount mount, String name, Random random) {
    ErofsNode node = layer.get(name);
    long offset = random.nextLong(node.sizeBytes() + 10_000);
    int wanted = 1 + random.nextInt(random.nextInt(10) == 0 ? 3 << 20 : 10_000);
    int length = (int) Math.max(0, Math.min(wanted, node.sizeBytes() - offset));
    try (FileChannel file = FileChannel.open(mount.mountPoint().resolve(name))) {
      ByteBuffer buffer = ByteBuffer.allocate(wanted);
      while (buffer.hasRemaining() && file.read(buffer, offset + buffer.position()) > 0) {}
      byte[] read = Arrays.copyOf(buffer.array(), buffer.position());
      boolean same = Arrays.equals(read, layer.expected(node, offset, length));
      assertThat(same).as("%d bytes of %s at %d", wanted, name, offset).isTrue();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void runsAProgramFromTheMount() throws IOException, InterruptedException {
    SampleContent content = open(everything());
    content.makeAbsent();
    Path root = mount(content).mountPoint();
    assertThat(run(root + "/bin/cat", root + "/hello")).isEqualTo(new Result(0, "hello, world\n"));
    // Device nodes and setuid files are for the containers.
    assertThat(run(root + "/bin/cat", root + "/null")).isEqualTo(new Result(0, ""));
  }

  @Test
  void mountsAsItShould() throws IOException {
    LayerMount mount = mount(open(everything()));
    Mountinfo info = Mountinfo.at(mount.mountPoint()).orElseThrow();
    assertThat(info.type()).isEqualTo(type());
    assertIsDescribed(info);
    String line =
        Files.readAllLines(Path.of("/proc/self/mountinfo")).stream()
            .filter(text -> text.contains(" " + mount.mountPoint() + " "))
            .findFirst()
            .orElseThrow();
    assertThat(line).contains(" ro,").doesNotContain("nosuid", "nodev", "noexec");
    assertThat(mount.isAlive()).isTrue();
  }

  void assertIsDescribed(Mountinfo info) {
    assertThat(info.source()).isEqualTo("morsel:sha256:" + "0a".repeat(32));
    assertThat(info.options()).contains("default_permissions", "allow_other");
  }

  @Test
  void isTheLowerLayerOfAnOverlay() throws IOException, InterruptedException {
    SampleLayer lower = everything();
    SampleLayer upper = new SampleLayer();
    upper.device("hello", SampleLayer.CHARACTER, 0, 0);
    upper.directory("deep", 0755);
    upper.xattr("deep", "trusted.overlay.opaque", SampleLayer.bytes("y"));
    upper.file("deep/new", 0644, 3);
    upper.directory("many", 0755);
    upper.device("many/entry-0-", SampleLayer.CHARACTER, 0, 0);
    Path lowest = mount(open(lower)).mountPoint();
    Path middle = mount(open(upper)).mountPoint();
    Path top = Files.createTempDirectory(directory, "top");
    Path work = Files.createTempDirectory(directory, "work");
    Path merged = Files.createTempDirectory(directory, "merged");
    succeeds(
        "mount",
        "-t",
        "overlay",
        "overlay",
        "-o",
        "lowerdir=%s:%s,upperdir=%s,workdir=%s".formatted(middle, lowest, top, work),
        merged.toString());
    assertThat(merged.resolve("hello")).doesNotExist();
    assertThat(merged.resolve("empty")).exists();
    try (Stream<Path> entries = Files.list(merged.resolve("deep"))) {
      assertThat(entries).containsExactly(merged.resolve("deep/new"));
    }
    try (Stream<Path> entries = Files.list(merged.resolve("many"))) {
      assertThat(entries).hasSize(4999);
    }
    byte[] large = Files.readAllBytes(merged.resolve("large"));
    assertThat(large).isEqualTo(lower.expected(lower.get("large"), 0, large.length));
    // Copied up with its attributes.
    Files.write(merged.resolve("attributes"), new byte[] {1}, StandardOpenOption.APPEND);
    assertThat(Native.stat(raw(top.resolve("attributes"))).size()).isEqualTo(6);
    assertThat(Native.xattr(raw(top.resolve("attributes")), SampleLayer.bytes("user.binary"), 100))
        .isEqualTo(new byte[] {0, 1, (byte) 0xff, 0, 10});
    assertThat(run(merged + "/bin/cat", merged + "/page").exitCode()).isZero();
    succeeds("umount", merged.toString());
  }

  @Test
  void listsALargeDirectoryFromManyThreads() throws Exception {
    SampleLayer layer = everything();
    byte[] many = raw(mount(open(layer)).mountPoint().resolve("many"));
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<Set<String>>> results = new ArrayList<>();
      for (int t = 0; t < 8; t++) {
        results.add(
            threads.submit(
                () -> {
                  Set<String> names = new HashSet<>();
                  for (Native.Entry entry : Native.list(many, 0)) {
                    assertThat(names.add(entry.name())).isTrue();
                  }
                  return names;
                }));
      }
      for (Future<Set<String>> result : results) {
        assertThat(result.get()).hasSize(5002);
      }
    }
    List<Native.Entry> all = Native.list(many, 0);
    for (int from : new int[] {0, 1, 77, 2500, 5000}) {
      List<Native.Entry> rest = Native.list(many, all.get(from).cookie());
      assertThat(rest.stream().map(Native.Entry::name))
          .containsExactlyElementsOf(
              all.subList(from + 1, all.size()).stream().map(Native.Entry::name).toList());
    }
    assertThat(Native.list(many, all.getLast().cookie())).isEmpty();
  }

  /** How many inodes {@code statfs} shows, and how many of them are free. */
  String inodes(SampleContent content) {
    return content.tree().inodeCount() + " 0";
  }

  /** How many blocks {@code statfs} shows. */
  long blocks(SampleContent content) throws IOException {
    return content.dataBytes() / 4096;
  }

  @Test
  void knowsItsSize() throws IOException, InterruptedException {
    SampleContent content = open(everything());
    LayerMount mount = mount(content);
    // Blocks, free, available, longest name, block sizes, inodes.
    String expected = "%d 0 0 255 4096 4096 %s\n".formatted(blocks(content), inodes(content));
    assertThat(run("stat", "-f", "-c", "%b %f %a %l %s %S %c %d", mount.mountPoint().toString()))
        .isEqualTo(new Result(0, expected));
  }

  interface Condition {
    boolean holds() throws Exception;
  }

  static void await(Condition condition) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as("waits too long").isLessThan(deadline);
      LockSupport.parkNanos(1_000_000);
    }
  }

  @Test
  void refusesEveryChange() throws IOException {
    Path root = mount(open(everything())).mountPoint();
    String message = "Read-only file system";
    assertThatThrownBy(() -> Files.createFile(root.resolve("new"))).hasMessageContaining(message);
    assertThatThrownBy(() -> Files.createDirectory(root.resolve("new")))
        .hasMessageContaining(message);
    assertThatThrownBy(() -> Files.writeString(root.resolve("hello"), "x"))
        .hasMessageContaining(message);
    assertThatThrownBy(() -> Files.delete(root.resolve("hello"))).hasMessageContaining(message);
    assertThatThrownBy(() -> Files.move(root.resolve("hello"), root.resolve("bye")))
        .hasMessageContaining(message);
    assertThatThrownBy(() -> Files.createLink(root.resolve("bye"), root.resolve("hello")))
        .hasMessageContaining(message);
    assertThatThrownBy(() -> Files.createSymbolicLink(root.resolve("bye"), Path.of("x")))
        .hasMessageContaining(message);
    assertThatThrownBy(
            () ->
                Files.setPosixFilePermissions(
                    root.resolve("hello"), PosixFilePermissions.fromString("rwxrwxrwx")))
        .hasMessageContaining(message);
    assertThatThrownBy(
            () ->
                Native.setXattr(
                    raw(root.resolve("hello")), SampleLayer.bytes("user.x"), new byte[1]))
        .hasMessageContaining(message);
  }

  @Test
  void unmountsWhileInUse() throws Exception {
    SampleLayer layer = everything();
    LayerMount mount = mount(open(layer));
    Path root = mount.mountPoint();
    try (FileChannel file = FileChannel.open(root.resolve("large"))) {
      mount.close();
      assertThat(mount.isAlive()).isFalse();
      assertThat(Mountinfo.at(root)).isEmpty();
      try (Stream<Path> entries = Files.list(root)) {
        assertThat(entries).isEmpty();
      }
      assertThat(mount.released().isDone()).isNotEqualTo(isServed());
      ByteBuffer buffer = ByteBuffer.allocate(10);
      assertThat(file.read(buffer, 5 << 20)).isEqualTo(10);
      assertThat(buffer.array()).isEqualTo(layer.expected(layer.get("large"), 5 << 20, 10));
    }
    mount.released().get(10, TimeUnit.SECONDS);
    mount.close();
  }

  @Test
  void isReleasedWhenItIsClosed() throws IOException {
    LayerMount mount = mount(open(everything()));
    assertThat(mount.mountPoint().resolve("hello")).exists();
    mount.close();
    assertThat(mount.released()).isDone();
    assertThat(mount.isAlive()).isFalse();
  }

  @Test
  void noticesThatSomebodyElseUnmounted() throws Exception {
    LayerMount mount = mount(open(everything()));
    succeeds("umount", mount.mountPoint().toString());
    assertThat(mount.isAlive()).isFalse();
    if (isServed()) {
      mount.released().get(10, TimeUnit.SECONDS);
    }
    mount.close();
    assertThat(mount.released()).isDone();
  }

  /** Whether reads go through this process, which must last as long as the mount is in use. */
  boolean isServed() {
    return true;
  }

  @Test
  void leavesNothingWhereItCannotMount() throws IOException {
    SampleContent content = open(everything());
    Path file = Files.createFile(directory.resolve("file"));
    assertThatThrownBy(() -> mounter().mount(content, directory.resolve("none")))
        .isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> mounter().mount(content, file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file.toString());
    assertThat(Mountinfo.under(directory)).isEmpty();
  }
}
