package io.morsel.cli.image;

import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.morsel.cli.core.CoreClient;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.snapshots.Info;
import io.morsel.containerd.api.snapshots.ListSnapshotsRequest;
import io.morsel.containerd.api.snapshots.ListSnapshotsResponse;
import io.morsel.containerd.api.snapshots.SnapshotsGrpc;
import io.morsel.runtime.image.ImageLabels;
import io.morsel.snapshotter.LazyLabels;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Finds out how images are unpacked. Asks for all snapshots once; not safe for many threads. */
public final class LazyStates {
  /** No image has more layers than overlayfs takes. */
  private static final int MAX_LAYERS = 512;

  private final CoreClient client;
  private final Map<String, Map<String, Info>> bySnapshotter = new HashMap<>();

  /** Those of the client's namespace. */
  public LazyStates(CoreClient client) {
    this.client = client;
  }

  /**
   * How an image is unpacked, by each snapshotter that has it.
   *
   * @param configLabels the labels of its configuration
   */
  public List<LazyState> of(Map<String, String> configLabels)
      throws StatusException, InterruptedException {
    List<LazyState> states = new ArrayList<>();
    for (Map.Entry<String, List<Info>> each : chains(configLabels).entrySet()) {
      if (!each.getValue().isEmpty()) {
        states.add(state(each.getKey(), each.getValue()));
      }
    }
    return states;
  }

  /** The snapshots of an image, the topmost first, by the snapshotter's name. */
  Map<String, List<Info>> chains(Map<String, String> configLabels)
      throws StatusException, InterruptedException {
    Map<String, List<Info>> chains = new TreeMap<>();
    for (Map.Entry<String, String> label : configLabels.entrySet()) {
      if (label.getKey().startsWith(ImageLabels.SNAPSHOT)) {
        // What is behind a slash tells labels for one snapshotter apart.
        String snapshotter =
            label.getKey().substring(ImageLabels.SNAPSHOT.length()).split("/", 2)[0];
        chains.put(snapshotter, chain(snapshotter, label.getValue()));
      }
    }
    return chains;
  }

  private List<Info> chain(String snapshotter, String top)
      throws StatusException, InterruptedException {
    Map<String, Info> snapshots = bySnapshotter.get(snapshotter);
    if (snapshots == null) {
      snapshots = list(snapshotter);
      bySnapshotter.put(snapshotter, snapshots);
    }
    List<Info> chain = new ArrayList<>();
    Info snapshot = snapshots.get(top);
    while (snapshot != null && chain.size() < MAX_LAYERS) {
      chain.add(snapshot);
      snapshot = snapshots.get(snapshot.getParent());
    }
    return chain;
  }

  private Map<String, Info> list(String snapshotter) throws StatusException, InterruptedException {
    Map<String, Info> snapshots = new HashMap<>();
    try {
      BlockingClientCall<?, ListSnapshotsResponse> call =
          SnapshotsGrpc.newBlockingV2Stub(client.channel())
              .list(ListSnapshotsRequest.newBuilder().setSnapshotter(snapshotter).build());
      for (ListSnapshotsResponse page = call.read(); page != null; page = call.read()) {
        page.getInfoList().forEach(info -> snapshots.put(info.getName(), info));
      }
    } catch (StatusException failure) {
      // A snapshotter that this core has no longer.
      if (!CoreClient.is(failure, ErrorClass.INVALID_ARGUMENT)
          && !CoreClient.is(failure, ErrorClass.NOT_FOUND)) {
        throw failure;
      }
    }
    return snapshots;
  }

  private LazyState state(String snapshotter, List<Info> chain) throws StatusException {
    int lazy = 0;
    Optional<LazyBytes> sum = Optional.of(LazyBytes.NONE);
    for (Info snapshot : chain) {
      if (!snapshot.containsLabels(LazyLabels.REMOTE)) {
        continue;
      }
      lazy++;
      // Only the answer about a single snapshot says how far it is.
      Optional<LazyBytes> bytes = LazyBytes.ask(client, snapshotter, snapshot.getName());
      sum = sum.flatMap(others -> bytes.map(others::plus));
    }
    return new LazyState(snapshotter, chain.size(), lazy, lazy == 0 ? Optional.empty() : sum);
  }
}
