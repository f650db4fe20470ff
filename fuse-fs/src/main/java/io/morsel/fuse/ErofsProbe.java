package io.morsel.fuse;

import io.morsel.prefetch.LayerContent;
import io.morsel.stargz.erofs.ErofsImage;
import io.morsel.stargz.erofs.ErofsNode;
import io.morsel.stargz.erofs.ErofsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether this kernel shows layers as EROFS, by having it do so.
 *
 * <p>The thread that runs this reads from mounts that this process serves; others answer.
 */
final class ErofsProbe {
  /** Not whole blocks: the kernel must cut off the last one. */
  private static final int FILE_BYTES = 3 * 4096 + 77;

  private static final int DATA_BYTES = 4 * 4096;
  private static final byte[] NAME = "file".getBytes(StandardCharsets.US_ASCII);

  private ErofsProbe() {}

  /** Throws where something is not as it must be; leaves nothing in {@code directory}. */
  static void run(ErofsMounter mounter, Path directory) throws IOException {
    Path work = Files.createTempDirectory(directory, "probe-");
    try {
      Path image = work.resolve("meta.erofs");
      ErofsNode root = new ErofsNode(0040755);
      root.put(NAME, new ErofsNode(0100644).data(FILE_BYTES, 0));
      ErofsWriter.write(root, DATA_BYTES, image);
      try (ErofsImage tree = ErofsImage.open(image)) {
        show(mounter, new Sample(tree, work.resolve("data"), new CompletableFuture<>()), work);
      }
    } finally {
      deleteTree(work);
    }
  }

  private static void show(ErofsMounter mounter, Sample sample, Path work) throws IOException {
    ErofsView view = mounter.view(sample, Files.createDirectory(work.resolve("mount")));
    try {
      expect(sample, view, work.resolve("served"), "while its data is served");
      Files.write(sample.dataFile(), sample.bytes());
      view.switchToDisk();
      if (!view.readsDisk()) {
        throw new IOException("EROFS can't be mounted beneath another mount, see the log");
      }
      expect(sample, view, work.resolve("disk"), "from the disk");
    } finally {
      view.close();
    }
  }

  private static void expect(Sample sample, ErofsView view, Path work, String how)
      throws IOException {
    byte[] expected = Arrays.copyOf(sample.bytes(), FILE_BYTES);
    requireSame(expected, view.mountPoint(), "EROFS " + how);
    Path lower = Files.createDirectories(work.resolve("lower"));
    try (DetachedMount merged =
        DetachedMount.create(
            "overlay",
            List.of(
                new DetachedMount.Option("lowerdir+", view.mountPoint().toString()),
                new DetachedMount.Option("lowerdir+", lower.toString())))) {
      requireSame(expected, Path.of(merged.pathOf("")), "an overlay over EROFS " + how);
    }
  }

  private static void requireSame(byte[] expected, Path root, String what) throws IOException {
    byte[] read = Files.readAllBytes(root.resolve(new String(NAME, StandardCharsets.US_ASCII)));
    if (!Arrays.equals(read, expected)) {
      throw new IOException(what + " shows other bytes than the layer has");
    }
  }

  static void deleteTree(Path root) throws IOException {
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
              throws IOException {
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** A layer of one file, whose bytes are made up. */
  private record Sample(ErofsImage tree, Path dataFile, CompletableFuture<Void> completed)
      implements LayerContent {
    byte[] bytes() {
      byte[] bytes = new byte[DATA_BYTES];
      for (int i = 0; i < FILE_BYTES; i++) {
        bytes[i] = (byte) (i % 251 + 1);
      }
      return bytes;
    }

    @Override
    public String name() {
      return "probe";
    }

    @Override
    public boolean isPresent(long dataOffset, int lengthBytes) {
      return false;
    }

    @Override
    public void read(long dataOffset, ByteBuffer target) {
      target.put(bytes(), (int) dataOffset, target.remaining());
    }

    @Override
    public long dataBytes() {
      return DATA_BYTES;
    }
  }
}
