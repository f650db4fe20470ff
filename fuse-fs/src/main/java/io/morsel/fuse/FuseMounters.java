package io.morsel.fuse;

import io.morsel.prefetch.LayerContent;
import io.morsel.stargz.erofs.ErofsImage;
import io.morsel.stargz.erofs.ErofsNode;
import io.morsel.stargz.erofs.ErofsWriter;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Chooses the front end, by trying and never by version. */
public final class FuseMounters {
  private static final Logger log = LoggerFactory.getLogger(FuseMounters.class);

  private FuseMounters() {}

  /**
   * A front end that has just mounted and unmounted an empty layer in a temporary directory.
   *
   * @param backend the one that is wanted, or {@code AUTO} for the first that works
   * @throws IOException if none works; the message says why, for each that was tried
   */
  public static FuseMounter choose(FuseBackend backend) throws IOException {
    List<FuseMounter> candidates =
        switch (backend) {
          case AUTO -> List.of(new DirectMounter(), new JnrMounter());
          case DIRECT -> List.of(new DirectMounter());
          case JNR -> List.of(new JnrMounter());
        };
    List<String> refusals = new ArrayList<>();
    List<IOException> failures = new ArrayList<>();
    for (FuseMounter mounter : candidates) {
      try {
        probe(mounter);
        log.info("Layers are mounted by the FUSE front end \"{}\"", mounter.backend());
        return mounter;
      } catch (IOException e) {
        mounter.close();
        refusals.add(mounter.backend() + ": " + e.getMessage());
        failures.add(e);
      }
    }
    IOException refused =
        new IOException("no FUSE front end works here; " + String.join("; ", refusals));
    failures.forEach(refused::addSuppressed);
    throw refused;
  }

  /** Mounts an empty layer and unmounts it. */
  static void probe(FuseMounter mounter) throws IOException {
    Path directory = Files.createTempDirectory("morsel-probe-");
    Path image = directory.resolve("meta.erofs");
    Path mountPoint = directory.resolve("mount");
    try {
      Files.createDirectory(mountPoint);
      ErofsWriter.write(new ErofsNode(0040755), 0, image);
      try (ErofsImage tree = ErofsImage.open(image)) {
        LayerMount mount = mounter.mount(new EmptyLayer(tree), mountPoint);
        try {
          if (!mount.isAlive()) {
            throw new IOException("the mount was gone at once");
          }
        } finally {
          mount.close();
        }
      }
    } finally {
      Files.deleteIfExists(image);
      Files.deleteIfExists(mountPoint);
      Files.deleteIfExists(directory);
    }
  }

  /** A layer of nothing but its root. */
  private record EmptyLayer(ErofsImage tree) implements LayerContent {
    @Override
    public String name() {
      return "probe";
    }

    @Override
    public boolean isPresent(long dataOffset, int lengthBytes) {
      return false;
    }

    @Override
    public void read(long dataOffset, ByteBuffer target) throws IOException {
      throw new EOFException("an empty layer has no data");
    }

    @Override
    public Path dataFile() {
      throw new UnsupportedOperationException("an empty layer has no data");
    }

    @Override
    public CompletableFuture<Void> completed() {
      return new CompletableFuture<>();
    }

    @Override
    public long dataBytes() {
      return 0;
    }
  }
}
