package io.morsel.cli.image;

import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.Quantity;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.snapshots.StatSnapshotRequest;
import io.morsel.snapshotter.LazyLabels;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/**
 * How far lazy layers are: how much of their files has been fetched, of how much. That is known
 * once a layer's index is there.
 *
 * @param presentBytes how many bytes of the files are on this machine
 * @param contentBytes how many the files have in all; not negative
 */
public record LazyBytes(long presentBytes, long contentBytes) {
  /** Of no layer. */
  public static final LazyBytes NONE = new LazyBytes(0, 0);

  /**
   * What a snapshotter has answered of a snapshot; empty where it does not say it: the layer is not
   * lazy, or not mounted, or the snapshotter is one that never says it.
   *
   * @param labels the labels in the answer to {@code Stat}: those of {@code List} never say it
   */
  public static Optional<LazyBytes> of(Map<String, String> labels) {
    long present = bytes(labels, LazyLabels.PRESENT_BYTES);
    long content = bytes(labels, LazyLabels.CONTENT_BYTES);
    return present < 0 || content < 0
        ? Optional.empty()
        : Optional.of(new LazyBytes(present, content));
  }

  /**
   * Asks a snapshotter how far a layer is; empty as in {@link #of}, or where it has no such
   * snapshot.
   */
  public static Optional<LazyBytes> ask(CoreClient client, String snapshotter, String snapshot)
      throws StatusException {
    try {
      return of(
          client
              .snapshots()
              .stat(
                  StatSnapshotRequest.newBuilder()
                      .setSnapshotter(snapshotter)
                      .setKey(snapshot)
                      .build())
              .getInfo()
              .getLabelsMap());
    } catch (StatusException failure) {
      if (CoreClient.is(failure, ErrorClass.NOT_FOUND)) {
        return Optional.empty();
      }
      throw failure;
    }
  }

  /** Of these layers and the others together. */
  public LazyBytes plus(LazyBytes others) {
    return new LazyBytes(presentBytes + others.presentBytes, contentBytes + others.contentBytes);
  }

  /** As people read it: {@code 81.2 MB of 1.02 GB}. */
  @Override
  public String toString() {
    return Quantity.bytes(presentBytes) + " of " + Quantity.bytes(contentBytes);
  }

  /** Adds it to a JSON object, in bytes. */
  public void write(ObjectNode node) {
    node.put("lazy_present_bytes", presentBytes);
    node.put("lazy_content_bytes", contentBytes);
  }

  private static long bytes(Map<String, String> labels, String key) {
    String text = labels.getOrDefault(key, "");
    return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : -1;
  }
}
