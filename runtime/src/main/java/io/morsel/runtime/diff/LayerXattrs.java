package io.morsel.runtime.diff;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The extended attributes that belong to a layer: capabilities and those of users. The others are
 * the machine's own (labels of SELinux, marks of overlayfs) and mean nothing elsewhere.
 */
final class LayerXattrs {
  private LayerXattrs() {}

  /** Those of a file, by their names. */
  static Map<String, String> of(Calls calls, int directory, String name) throws IOException {
    Map<String, String> found = new TreeMap<>();
    for (String key : calls.xattrs().names(directory, name)) {
      if (key.equals("security.capability") || key.startsWith("user.")) {
        @Nullable String value = calls.xattrs().get(directory, name, key);
        if (value != null) {
          found.put(key, value);
        }
      }
    }
    return found;
  }
}
