package io.morsel.cli.image;

import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How an image is unpacked by one snapshotter.
 *
 * @param snapshotter the snapshotter's name
 * @param layers how many of its layers have snapshots there
 * @param lazyLayers how many of those are fetched while they are read
 * @param bytes how far the lazy layers are; empty where there are none, or the snapshotter does not
 *     say it of each
 */
public record LazyState(String snapshotter, int layers, int lazyLayers, Optional<LazyBytes> bytes) {
  /** Adds states to a JSON document. */
  public static void write(List<LazyState> states, ArrayNode list) {
    for (LazyState state : states) {
      ObjectNode node =
          list.addObject()
              .put("snapshotter", state.snapshotter())
              .put("layers", state.layers())
              .put("layers_lazy", state.lazyLayers());
      state.bytes().ifPresent(bytes -> bytes.write(node));
    }
  }

  /** As people read it: {@code 5 of 6 layers, 81.2 MB of 1.02 GB}, or {@code no}. */
  @Override
  public String toString() {
    return lazyLayers == 0
        ? "no"
        : lazyLayers + " of " + layers + " layers" + bytes.map(bytes -> ", " + bytes).orElse("");
  }
}
