package io.morsel.runtime.gc;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What labels refer to.
 *
 * <p>{@code containerd.io/gc.ref.<kind>} keeps what it names as long as the labelled object is
 * kept; {@code containerd.io/gc.bref.<kind>} keeps the labelled object as long as what it names is
 * kept. After the kind, a dot or slash and any name tell labels of one kind apart.
 */
final class References {
  static final String ROOT = "containerd.io/gc.root";
  static final String EXPIRE = "containerd.io/gc.expire";
  static final String FLAT = "containerd.io/gc.flat";

  private static final String REF = "containerd.io/gc.ref.";
  private static final String BACK_REF = "containerd.io/gc.bref.";
  private static final String SNAPSHOT = "snapshot.";

  private References() {}

  /** What the labels of an object in this namespace keep. */
  static List<Node> of(String namespace, Map<String, String> labels) {
    List<Node> found = new ArrayList<>();
    labels.forEach(
        (key, value) -> {
          if (key.startsWith(REF)) {
            add(found, namespace, key.substring(REF.length()), value, false);
          }
        });
    return found;
  }

  /** By what an object in this namespace with these labels is kept. */
  static List<Node> keepersOf(String namespace, Map<String, String> labels) {
    List<Node> found = new ArrayList<>();
    labels.forEach(
        (key, value) -> {
          if (key.startsWith(BACK_REF)) {
            add(found, namespace, key.substring(BACK_REF.length()), value, true);
          }
        });
    return found;
  }

  private static void add(
      List<Node> found, String namespace, String kind, String value, boolean back) {
    if (kind.startsWith(SNAPSHOT)) {
      String snapshotter = kind.substring(SNAPSHOT.length());
      int slash = snapshotter.indexOf('/');
      found.add(
          Node.snapshot(
              namespace, slash < 0 ? snapshotter : snapshotter.substring(0, slash), value, false));
    } else if (isKind(kind, "content")) {
      found.add(new Node(Node.Type.CONTENT, namespace, value));
    } else if (isKind(kind, "image")) {
      found.add(new Node(Node.Type.IMAGE, namespace, value));
    } else if (back && isKind(kind, "container")) {
      found.add(new Node(Node.Type.CONTAINER, namespace, value));
    }
  }

  private static boolean isKind(String kind, String name) {
    return kind.equals(name) || kind.startsWith(name + ".") || kind.startsWith(name + "/");
  }
}
