package io.morsel.registry;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Names of layer stacks (OCI image specification, config.md, section "Layer ChainID"). */
public final class ChainIds {
  private ChainIds() {}

  /**
   * The chain identifier of each layer on top of those below it.
   *
   * @param diffIds the digests of the uncompressed layers, the lowest first
   */
  public static List<String> of(List<Digest> diffIds) {
    List<String> chain = new ArrayList<>(diffIds.size());
    for (Digest diffId : diffIds) {
      chain.add(
          chain.isEmpty()
              ? diffId.toString()
              : Digest.of((chain.getLast() + " " + diffId).getBytes(StandardCharsets.UTF_8))
                  .toString());
    }
    return List.copyOf(chain);
  }
}
