package io.morsel.bench.run;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.host.HostException;
import io.morsel.bench.host.Mounts;
import io.morsel.bench.host.Uninterrupted;
import io.morsel.bench.node.Mode;
import io.morsel.bench.node.Node;
import java.nio.file.Path;
import java.time.Duration;

/** A node with an image that is there in full, mounted read-only as a container would see it. */
final class FilledRoot implements AutoCloseable {
  private static final Duration FILL_LIMIT = Duration.ofMinutes(10);
  private static final String FILL_AT_ONCE =
      "[fetch]\nbackground_fill_delay_millis = 0\n[views]\nswitch_delay_millis = 0\n";

  private final Node node;
  private final Path root;

  private FilledRoot(Node node, Path root) {
    this.node = node;
    this.root = root;
  }

  /** Pulls the image on a new node, mounts it, and waits until all of it is on the disk. */
  static FilledRoot prepare(Bench bench, Mode mode, String reference) {
    Node node = bench.startNode(mode, FILL_AT_ONCE);
    boolean ready = false;
    try {
      node.pull(reference).succeed();
      Path root = Directories.temporary(node.directory(), "root-");
      node.mountImage(root);
      fill(node, root);
      // Who mounts a layer that is all there may be shown it otherwise than who was there before.
      node.unmountImage(root);
      node.mountImage(root);
      ready = true;
      return new FilledRoot(node, root);
    } finally {
      if (!ready) {
        Uninterrupted.run(node::close);
      }
    }
  }

  private static void fill(Node node, Path root) {
    // Whatever a lazy snapshotter does in the background, reading everything brings it here.
    Command.of("sh", "-c", "find \"$1\" -xdev -type f -exec cat {} + >/dev/null", "sh", root)
        .within(FILL_LIMIT)
        .succeed();
    node.morsel()
        .ifPresent(
            morsel ->
                Await.until(
                    "every layer is on the disk",
                    FILL_LIMIT,
                    () -> {
                      double all = morsel.metric("morsel_layer_data_bytes");
                      return all > 0
                          && morsel.metric("morsel_layer_present_bytes") == all
                          && morsel.metric("morsel_layer_unsynced_bytes") == 0
                          && morsel.metric("morsel_mounted_layers_on_disk")
                              >= Mounts.erofsBelow(node.directory()).size();
                    }));
  }

  Mode mode() {
    return node.mode();
  }

  /** The mounted image. */
  Path root() {
    return root;
  }

  @Override
  public void close() {
    Uninterrupted.run(
        () -> {
          try {
            node.unmountImage(root);
          } catch (HostException e) {
            // The node detaches whatever is mounted below its directory.
          }
        },
        node::close);
  }
}
