package io.morsel.fuse;

import io.morsel.prefetch.LayerContent;
import io.morsel.stargz.erofs.ErofsImage;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the kernel read a layer's index itself, as the EROFS image that it is: names and attributes
 * never reach this process.
 *
 * <p>The layer's data is the image's second device. While it is incomplete, that is the only file
 * of a FUSE filesystem in no tree, so that absent bytes are asked for, and reads fail once nobody
 * answers. When it is complete, it is the file on the disk, and this process is out of the way.
 *
 * <p>A layer that an image can't express is shown by the FUSE front end instead; its log says so.
 */
public final class ErofsMounter implements LayerMounter {
  private static final Logger log = LoggerFactory.getLogger(ErofsMounter.class);

  private final DirectMounter fuse;
  private final Path directory;
  private final ErofsImage dataTree;
  private final long switchDelayNanos;
  private final ScheduledExecutorService switcher =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("erofs-switch").factory());
  private final Set<ErofsView> views = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  private ErofsMounter(
      DirectMounter fuse, Path directory, ErofsImage dataTree, Duration switchDelay) {
    this.fuse = fuse;
    this.directory = directory;
    this.dataTree = dataTree;
    this.switchDelayNanos = switchDelay.toNanos();
  }

  /**
   * A mounter that has just shown a throw-away layer, incomplete and complete, with an overlay on
   * top, and found its bytes.
   *
   * @param fuse serves what is absent, and is closed together with this, though not if this fails
   * @param directory for short-lived files; emptied
   * @param switchDelay for how long a mount that was {@linkplain LayerMount#handedOut handed out}
   *     is not replaced
   * @throws IOException if that does not work here, with the reason
   */
  public static ErofsMounter open(DirectMounter fuse, Path directory, Duration switchDelay)
      throws IOException {
    Files.createDirectories(directory);
    empty(directory);
    Path real = directory.toRealPath();
    ErofsMounter mounter = new ErofsMounter(fuse, real, LayerDataFile.newTree(real), switchDelay);
    boolean works = false;
    try {
      ErofsProbe.run(mounter, real);
      works = true;
      return mounter;
    } finally {
      if (!works) {
        mounter.release();
      }
    }
  }

  private static void empty(Path directory) throws IOException {
    // Of a probe that was killed.
    for (Mountinfo mount : Mountinfo.under(directory.toRealPath()).reversed()) {
      Mountinfo.detach(mount.mountPoint());
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        ErofsProbe.deleteTree(entry);
      }
    }
  }

  @Override
  public ViewsKind kind() {
    return ViewsKind.EROFS;
  }

  @Override
  public LayerMount mount(LayerContent content, Path mountPoint) throws IOException {
    if (closed) {
      throw new IOException("mount " + mountPoint + ": the mounter is closed");
    }
    Path target = mountPoint.toRealPath();
    try {
      return view(content, target);
    } catch (IOException e) {
      log.warn(
          "{}: is shown through FUSE at {}, EROFS refused: {}",
          content.name(),
          mountPoint,
          e.getMessage());
      return fuse.mount(content, mountPoint);
    }
  }

  /** Mounts the layer, and by nothing else than EROFS. */
  ErofsView view(LayerContent content, Path target) throws IOException {
    ErofsView view = new ErofsView(this, content, target);
    view.mount();
    views.add(view);
    var _ = view.released().thenRun(() -> views.remove(view));
    if (!view.readsDisk()) {
      var _ = content.completed().thenRun(() -> switchLater(view, 0));
    }
    return view;
  }

  /** For how long a mount that was handed out is not replaced. */
  long switchDelayNanos() {
    return switchDelayNanos;
  }

  /** Shows a complete layer from the disk after a while, if nobody was told of it by then. */
  void switchLater(ErofsView view, long delayNanos) {
    try {
      var _ = switcher.schedule(view::switchWhenUnused, delayNanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("{}: stays as it is, the mounter is closed", view.mountPoint());
    }
  }

  /** Serves a layer's data as the only file of a filesystem in no tree. */
  DirectMounter.Detached serveData(LayerContent content, Path target) throws IOException {
    return fuse.serveDetached(new LayerDataFile(content, dataTree), target);
  }

  /** Ends what {@link #serveData} started. */
  void end(DirectMounter.Detached data, String why) {
    fuse.end(data, why);
  }

  /** A filesystem of the content's tree over data that is served: see {@link #serveData}. */
  DetachedMount overServed(LayerContent content, DirectMounter.Detached data) throws IOException {
    DetachedMount.Option device =
        new DetachedMount.Option("device", data.mount().pathOf(LayerDataFile.NAME));
    try {
      // Several reads of the data may be under way at a time.
      return ReadAheadSetting.create(
          () -> erofs(content, List.of(device, new DetachedMount.Option("directio"))));
    } catch (IOException e) {
      // The option is younger than the rest; without, a reader waits for one read after the other.
      log.debug("{}: {}", content.name(), e.toString());
      return ReadAheadSetting.create(() -> erofs(content, List.of(device)));
    }
  }

  /** A filesystem of the content's tree over the data on the disk. */
  DetachedMount overDisk(LayerContent content) throws IOException {
    return erofs(
        content, List.of(new DetachedMount.Option("device", content.dataFile().toString())));
  }

  private DetachedMount erofs(LayerContent content, List<DetachedMount.Option> options)
      throws IOException {
    ErofsImage tree = content.tree();
    if (!tree.isView()) {
      return erofs(tree.file(), options);
    }
    // The kernel holds the file as long as it is mounted.
    Path copy = directory.resolve(UUID.randomUUID() + ".erofs");
    try {
      tree.copyTo(copy);
      return erofs(copy, options);
    } finally {
      Files.deleteIfExists(copy);
    }
  }

  private static DetachedMount erofs(Path image, List<DetachedMount.Option> options)
      throws IOException {
    List<DetachedMount.Option> all = new ArrayList<>(options);
    all.add(new DetachedMount.Option("source", image.toString()));
    return DetachedMount.create("erofs", all);
  }

  @Override
  public void close() {
    boolean first = release();
    fuse.close();
    if (first) {
      dataTree.close();
    }
  }

  /** Unmounts everything, and gives up all but the FUSE front end; false where that was done. */
  private synchronized boolean release() {
    if (closed) {
      return false;
    }
    closed = true;
    switcher.shutdownNow();
    views.forEach(ErofsView::close);
    return true;
  }
}
