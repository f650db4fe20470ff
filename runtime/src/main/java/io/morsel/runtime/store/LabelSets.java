package io.morsel.runtime.store;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What containerd makes of labels: their limits, and how they are changed. */
public final class LabelSets {
  private static final int MAX_BYTES = 4096;
  private static final int SHOWN_CHARACTERS = 10;

  private LabelSets() {}

  /**
   * Checks that each label has a name, and its size.
   *
   * @param what what the message calls them, such as "info.Labels"
   * @throws ContainerdException of class INVALID_ARGUMENT where one is too long or has no name
   */
  public static void validate(String what, Map<String, String> labels) throws ContainerdException {
    for (Map.Entry<String, String> label : labels.entrySet()) {
      String key = label.getKey();
      if (key.isEmpty() && !label.getValue().isEmpty()) {
        throw new ContainerdException(
            ErrorClass.INVALID_ARGUMENT, what + ": label key must not be empty");
      }
      if (bytes(key) + bytes(label.getValue()) > MAX_BYTES) {
        throw new ContainerdException(
            ErrorClass.INVALID_ARGUMENT,
            what
                + ": label key and value greater than maximum size ("
                + MAX_BYTES
                + " bytes), key: "
                + key.substring(0, Math.min(SHOWN_CHARACTERS, key.length())));
      }
    }
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  /** Labels as they are kept: one with an empty value is none. */
  public static Map<String, String> kept(Map<String, String> labels) {
    Map<String, String> kept = new TreeMap<>(labels);
    kept.values().removeIf(String::isEmpty);
    return kept;
  }

  /**
   * Labels after a change of one path of a field mask.
   *
   * @param path such as {@code labels} or {@code labels.a.b}
   * @return null where the path is none of labels
   */
  public static @Nullable Map<String, String> changed(
      Map<String, String> labels, Map<String, String> given, String path) {
    return changed(labels, given, path, "labels");
  }

  /** As above, for another map of strings than {@code labels}. */
  public static @Nullable Map<String, String> changed(
      Map<String, String> labels, Map<String, String> given, String path, String field) {
    if (path.equals(field)) {
      return given;
    }
    if (!path.startsWith(field + ".")) {
      return null;
    }
    String key = path.substring(field.length() + 1);
    Map<String, String> changed = new TreeMap<>(labels);
    changed.put(key, given.getOrDefault(key, ""));
    return changed;
  }

  /**
   * Labels after an update of something that has nothing else to change.
   *
   * @param paths of a field mask; none stands for all labels
   * @param what what the message calls the object, such as "content info \"sha256:…\""
   * @throws ContainerdException of class INVALID_ARGUMENT for a path of something else
   */
  public static Map<String, String> updated(
      Map<String, String> labels, Map<String, String> given, List<String> paths, String what)
      throws ContainerdException {
    if (paths.isEmpty()) {
      return given;
    }
    Map<String, String> updated = labels;
    for (String path : paths) {
      Map<String, String> changed = changed(updated, given, path);
      if (changed == null) {
        throw new ContainerdException(
            ErrorClass.INVALID_ARGUMENT,
            "cannot update " + GoText.quote(path) + " field on " + what);
      }
      updated = changed;
    }
    return updated;
  }

  /** The value of a label that a filter's path names. */
  public static @Nullable String field(List<String> path, Map<String, String> labels) {
    return labels.get(String.join(".", path.subList(1, path.size())));
  }
}
