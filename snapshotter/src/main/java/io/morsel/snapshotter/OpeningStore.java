package io.morsel.snapshotter;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * A {@link SnapshotStore} that is opened beside other work, and closed whoever has asked for it.
 */
final class OpeningStore implements AutoCloseable {
  private final FutureTask<SnapshotStore> task;

  /** Begins to open the store in {@code file}. */
  OpeningStore(Path file) {
    task = new FutureTask<>(() -> SnapshotStore.open(file));
    // No virtual thread: loading a library holds on to its carrier.
    Thread.ofPlatform().daemon().name("open-store").start(task);
  }

  /**
   * The store, once it is open.
   *
   * @throws IOException what {@link SnapshotStore#open} threw
   */
  SnapshotStore store() throws IOException {
    try {
      return task.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the snapshot store was opened", e);
    }
  }

  @Override
  public void close() {
    SnapshotStore open;
    try {
      open = task.get();
    } catch (ExecutionException e) {
      return; // Whoever started the daemon was told why.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    open.close();
  }
}
