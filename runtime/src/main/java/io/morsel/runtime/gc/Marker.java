package io.morsel.runtime.gc;

import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.content.Info;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.leases.Lease;
import io.morsel.containerd.api.types.Sandbox;
import io.morsel.runtime.store.MessageTable;
import io.morsel.runtime.store.MessageTable.Entry;
import io.morsel.runtime.store.Transaction;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds what is garbage, across all namespaces: it reads every object once, with what it refers to,
 * and colours what is reached from the roots.
 *
 * <p>Follows containerd's package {@code metadata}, file {@code gc.go}, of 1.6; back references,
 * references to images, and images that expire are those of 2.2.
 */
final class Marker {
  private static final Logger log = LoggerFactory.getLogger(Marker.class);

  private final Transaction transaction;
  private final Instant now;
  private final List<Node> roots = new ArrayList<>();
  private final Map<Node, List<Node>> references = new HashMap<>();
  private final Set<Node> collectable = new LinkedHashSet<>();

  private Marker(Transaction transaction, Instant now) {
    this.transaction = transaction;
    this.now = now;
  }

  /** Everything that nothing refers to any more. */
  static Set<Node> garbage(Transaction transaction, Instant now) throws SQLException, IOException {
    Marker marker = new Marker(transaction, now);
    marker.readLeases();
    marker.readImages();
    marker.readContent();
    marker.readIngests();
    marker.readContainers();
    marker.readSnapshots();
    marker.readSandboxes();
    Set<Node> garbage = new LinkedHashSet<>(marker.collectable);
    garbage.removeAll(marker.reachable());
    return garbage;
  }

  private Set<Node> reachable() {
    // Black: reached, and what it refers to is at least gray. Gray: reached. White: all others.
    Set<Node> seen = new HashSet<>(roots);
    Set<Node> black = new HashSet<>();
    Deque<Node> gray = new ArrayDeque<>(seen);
    for (Node node = gray.poll(); node != null; node = gray.poll()) {
      for (Node referred : references.getOrDefault(node, List.of())) {
        if (seen.add(referred)) {
          gray.add(referred);
        }
      }
      black.add(node.deep());
    }
    return black;
  }

  private void refer(Node from, Node to) {
    references.computeIfAbsent(from, node -> new ArrayList<>()).add(to);
  }

  private void readLabels(Node node, Map<String, String> labels) {
    References.of(node.namespace(), labels).forEach(referred -> refer(node, referred));
    References.keepersOf(node.namespace(), labels).forEach(keeper -> refer(keeper, node));
  }

  private void readLeases() throws SQLException, IOException {
    Map<String, Boolean> live = new HashMap<>();
    for (Entry<Lease> lease : MessageTable.LEASES.all(transaction)) {
      Node node = new Node(Node.Type.LEASE, lease.namespace(), lease.id());
      collectable.add(node);
      Map<String, String> labels = lease.value().getLabelsMap();
      if (!isExpired("lease " + lease.id(), labels)) {
        roots.add(node);
        live.put(lease.namespace() + "\n" + lease.id(), labels.containsKey(References.FLAT));
      }
    }
    record Resource(String namespace, String lease, String type, String id) {}
    for (Resource resource :
        transaction.list(
            "SELECT namespace, lease, type, id FROM lease_resource",
            rows ->
                new Resource(
                    rows.getString(1), rows.getString(2), rows.getString(3), rows.getString(4)))) {
      Boolean flat = live.get(resource.namespace() + "\n" + resource.lease());
      if (flat != null) {
        roots.add(leased(resource.namespace(), resource.type(), resource.id(), flat));
      }
    }
  }

  private static Node leased(String namespace, String type, String id, boolean flat) {
    return switch (type) {
      case "content" -> new Node(Node.Type.CONTENT, namespace, id, flat);
      case "ingests" -> new Node(Node.Type.INGEST, namespace, id);
      case "images" -> new Node(Node.Type.IMAGE, namespace, id, flat);
      default -> Node.snapshot(namespace, type.substring(type.indexOf('/') + 1), id, flat);
    };
  }

  private void readImages() throws SQLException, IOException {
    for (Entry<Image> image : MessageTable.IMAGES.all(transaction)) {
      Node node = new Node(Node.Type.IMAGE, image.namespace(), image.id());
      collectable.add(node);
      Map<String, String> labels = image.value().getLabelsMap();
      if (!isExpired("image " + image.id(), labels)) {
        roots.add(node);
      }
      String target = image.value().getTarget().getDigest();
      refer(node, new Node(Node.Type.CONTENT, image.namespace(), target));
      refer(
          new Node(Node.Type.IMAGE, image.namespace(), image.id(), true),
          new Node(Node.Type.CONTENT, image.namespace(), target, true));
      readLabels(node, labels);
    }
  }

  private void readContent() throws SQLException, IOException {
    for (Entry<Info> blob : MessageTable.CONTENT.all(transaction)) {
      Node node = new Node(Node.Type.CONTENT, blob.namespace(), blob.id());
      collectable.add(node);
      Map<String, String> labels = blob.value().getLabelsMap();
      if (labels.containsKey(References.ROOT)) {
        roots.add(node);
      }
      readLabels(node, labels);
    }
  }

  private void readIngests() throws SQLException, IOException {
    record Ingest(
        String namespace, String ref, boolean expires, long expiresSeconds, String blob) {}
    for (Ingest ingest :
        transaction.list(
            "SELECT namespace, ref, expires_seconds IS NOT NULL, coalesce(expires_seconds, 0),"
                + " coalesce(expected, '') FROM ingest",
            rows ->
                new Ingest(
                    rows.getString(1),
                    rows.getString(2),
                    rows.getBoolean(3),
                    rows.getLong(4),
                    rows.getString(5)))) {
      Node node = new Node(Node.Type.INGEST, ingest.namespace(), ingest.ref());
      collectable.add(node);
      // One without a time to expire is kept by its lease alone.
      if (ingest.expires() && now.getEpochSecond() <= ingest.expiresSeconds()) {
        roots.add(node);
      }
      if (!ingest.blob().isEmpty()) {
        refer(node, new Node(Node.Type.CONTENT, ingest.namespace(), ingest.blob()));
      }
    }
  }

  private void readContainers() throws SQLException, IOException {
    for (Entry<Container> container : MessageTable.CONTAINERS.all(transaction)) {
      Node node = new Node(Node.Type.CONTAINER, container.namespace(), container.id());
      roots.add(node);
      Container value = container.value();
      if (!value.getSnapshotter().isEmpty()) {
        refer(
            node,
            Node.snapshot(
                container.namespace(), value.getSnapshotter(), value.getSnapshotKey(), false));
      }
      readLabels(node, value.getLabelsMap());
    }
  }

  private void readSnapshots() throws SQLException, IOException {
    record Snapshot(
        String namespace,
        String snapshotter,
        String name,
        String parent,
        Map<String, String> labels) {}
    for (Snapshot snapshot :
        transaction.list(
            "SELECT namespace, snapshotter, name, parent, value FROM snapshot",
            rows ->
                new Snapshot(
                    rows.getString(1),
                    rows.getString(2),
                    rows.getString(3),
                    rows.getString(4),
                    io.morsel.containerd.api.snapshots.Info.parseFrom(rows.getBytes(5))
                        .getLabelsMap()))) {
      for (boolean flat : new boolean[] {false, true}) {
        if (!snapshot.parent().isEmpty()) {
          refer(
              Node.snapshot(snapshot.namespace(), snapshot.snapshotter(), snapshot.name(), flat),
              Node.snapshot(snapshot.namespace(), snapshot.snapshotter(), snapshot.parent(), flat));
        }
      }
      Node node =
          Node.snapshot(snapshot.namespace(), snapshot.snapshotter(), snapshot.name(), false);
      collectable.add(node);
      if (snapshot.labels().containsKey(References.ROOT)) {
        roots.add(node);
      }
      readLabels(node, snapshot.labels());
    }
  }

  private void readSandboxes() throws SQLException, IOException {
    for (Entry<Sandbox> sandbox : MessageTable.SANDBOXES.all(transaction)) {
      roots.addAll(References.of(sandbox.namespace(), sandbox.value().getLabelsMap()));
    }
  }

  private boolean isExpired(String what, Map<String, String> labels) {
    String text = labels.get(References.EXPIRE);
    if (text == null) {
      return false;
    }
    try {
      return now.isAfter(DateTimeFormatter.ISO_OFFSET_DATE_TIME.parse(text, Instant::from));
    } catch (DateTimeParseException e) {
      log.info("{} has no time to expire: \"{}\" is none in the form of RFC 3339", what, text);
      return false;
    }
  }
}
