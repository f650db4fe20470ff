package io.morsel.runtime.transfer;

import io.morsel.runtime.content.ContentStore;
import io.morsel.runtime.event.Exchange;
import io.morsel.runtime.image.ImageStore;
import io.morsel.runtime.lease.LeaseStore;
import io.morsel.runtime.namespace.NamespaceStore;
import io.morsel.runtime.snapshot.NamespacedSnapshots;
import io.morsel.runtime.streaming.Streams;
import java.util.Map;

/**
 * What of the core transfers work with.
 *
 * @param content blobs
 * @param images names
 * @param leases what holds all that while a transfer runs
 * @param namespaces the namespaces' defaults
 * @param snapshotters by their names
 * @param unpacker unpacks layers that no snapshotter shows lazily
 * @param events where new names are announced
 * @param streams what clients opened to be asked and told over
 * @param registries where images come from and go to
 */
public record TransferParts(
    ContentStore content,
    ImageStore images,
    LeaseStore leases,
    NamespaceStore namespaces,
    Map<String, NamespacedSnapshots> snapshotters,
    LayerUnpacker unpacker,
    Exchange events,
    Streams streams,
    Registries registries) {
  /** Copies the map. */
  public TransferParts {
    snapshotters = Map.copyOf(snapshotters);
  }
}
