package io.morsel.snapshotter;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.morsel.fuse.Mountinfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the code once through a container's start, so that the first real one does not have to wait
 * for classes to be loaded, native calls to be linked and code to be compiled.
 *
 * <p>What is gone through is a {@link Rehearsal}: a second daemon within the process, on a
 * directory below the root, which is thrown away; the real daemon's state, metrics and connections
 * never know of it. The first call that a container waits for ends it.
 */
public final class WarmUp implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(WarmUp.class);

  private static final String DIRECTORY = "warm-up";

  private final Path root;
  private final Path directory;
  private final Set<String> urgent;
  private final Rehearsal rehearsal;
  private final Thread thread = Thread.ofPlatform().daemon().name("warm-up").unstarted(this::run);
  private volatile boolean stopped;
  private volatile boolean complete;

  /** Whether the thread is not to be interrupted now. */
  private boolean undisturbed;

  /** What is gone through. */
  @FunctionalInterface
  public interface Rehearsal {
    /**
     * Goes through it. Whatever it does can be interrupted, until it calls {@link #beginCleaning}.
     *
     * @param directory its own, which is deleted afterwards, as are mounts below it
     */
    void run(Path directory, WarmUp warmUp) throws IOException, InterruptedException;
  }

  /**
   * A warm-up below a root that nobody else uses.
   *
   * @param urgent the full names of the methods by which clients make or run a container; clients
   *     list and clean up at any time
   */
  public WarmUp(Path root, Set<String> urgent, Rehearsal rehearsal) {
    this.root = root;
    this.directory = directory(root);
    this.urgent = Set.copyOf(urgent);
    this.rehearsal = rehearsal;
  }

  /** Where the warm-up below a root is. */
  static Path directory(Path root) {
    return root.resolve(DIRECTORY);
  }

  /** Deletes what a daemon left that was killed meanwhile. */
  public static void reconcile(Path root) throws IOException {
    Path directory = directory(root);
    if (Files.exists(directory)) {
      for (Mountinfo mount : Mountinfo.under(directory).reversed()) {
        Mountinfo.detach(mount.mountPoint());
      }
      SnapshotDirectories.deleteTree(directory);
    }
  }

  /** Starts in the background. */
  public void start() {
    thread.start();
  }

  /** Stops the warm-up when a call comes in that a container waits for. */
  public ServerInterceptor interceptor() {
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        if (!stopped && urgent.contains(call.getMethodDescriptor().getFullMethodName())) {
          stop();
        }
        return next.startCall(call, headers);
      }
    };
  }

  private synchronized void stop() {
    stopped = true;
    if (!undisturbed) {
      thread.interrupt();
    }
  }

  /**
   * From now on nothing interrupts the thread, which reads and deletes files and would leave some.
   */
  public synchronized void beginCleaning() {
    undisturbed = true;
    var _ = Thread.interrupted();
  }

  private synchronized void endUndisturbed() {
    undisturbed = false;
  }

  /**
   * Has {@link WarmUpIndex} go through its layers. Nothing interrupts that: its files would be
   * closed under those who read them, who then wait for the bytes until their time is over.
   *
   * @param rounds how often
   * @throws InterruptedException if there is real work to do
   */
  public void buildIndexes(Path scratch, int rounds) throws IOException, InterruptedException {
    beginCleaning();
    try {
      WarmUpIndex.build(rounds, scratch, this);
    } finally {
      endUndisturbed();
    }
    checkNotStopped();
  }

  /**
   * To be called between the steps of a rehearsal.
   *
   * @throws InterruptedException if there is real work to do
   */
  public void checkNotStopped() throws InterruptedException {
    if (stopped) {
      throw new InterruptedException("there is work to do");
    }
  }

  private void run() {
    long start = System.nanoTime();
    try {
      // Before, not after: what a start of a container needs of them is back before the first one.
      StartupPages.giveBack();
      Files.createDirectory(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      try {
        rehearsal.run(directory, this);
        complete = true;
      } finally {
        beginCleaning();
        reconcile(root);
        IdleMemory.trim();
      }
      log.debug("warmed up in {} ms", (System.nanoTime() - start) / 1_000_000);
    } catch (IOException | InterruptedException | RuntimeException e) {
      // It is no loss but of time; real work that fails likewise says so itself.
      log.debug("not warmed up{}: {}", stopped ? ", there is work to do" : "", e.toString());
    } finally {
      stopped = true;
    }
  }

  /** Whether all of it was gone through. */
  public boolean isComplete() {
    return complete;
  }

  /** Waits until it has ended, by itself or stopped. */
  public void await() throws InterruptedException {
    thread.join();
  }

  /** Stops, and waits until everything is gone. */
  @Override
  public void close() {
    stop();
    try {
      await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
