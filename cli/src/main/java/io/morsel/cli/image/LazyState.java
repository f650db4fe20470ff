package io.morsel.cli.image;

import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How an image is unpacked by one snapshotter.
 *
 * @param snapshotter the snapshotter's name
 * @param layers how many of its layers have snapshots there
 * @param lazyLayers how many of those are fetched while they are read
 * @param presentBytes how many bytes of the lazy layers' files are on this machine; negative where
 *     the snapshotter does not say it
 * @param contentBytes how many those files have in all; negative where that is not known
 */
public record LazyState(
    String snapshotter, int layers, int lazyLayers, long presentBytes, long contentBytes) {
  /** Whether it is known how far the lazy layers are. */
  public boolean isMeasured() {
    return contentBytes >= 0;
  }

  /** Adds states to a JSON document. */
  public static void write(List<LazyState> states, ArrayNode list) {
    for (LazyState state : states) {
      ObjectNode node =
          list.addObject()
              .put("snapshotter", state.snapshotter())
              .put("layers", state.layers())
              .put("layers_lazy", state.lazyLayers());
      if (state.lazyLayers() > 0 && state.isMeasured()) {
        node.put("lazy_present_bytes", state.presentBytes());
        node.put("lazy_content_bytes", state.contentBytes());
      }
    }
  }
}
