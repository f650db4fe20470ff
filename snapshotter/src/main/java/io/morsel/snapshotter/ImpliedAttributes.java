package io.morsel.snapshotter;

import io.morsel.stargz.ImpliedDirectories;
import io.morsel.stargz.LayerIndex;
import io.morsel.stargz.erofs.DirectoryAttributes;
import io.morsel.stargz.erofs.ErofsImage;
import io.morsel.stargz.erofs.ErofsNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds what a layer's implied directories are like in the layers below, as containerd does when it
 * unpacks ({@code mkparent} in its package {@code archive}): overlayfs shows a directory as the
 * topmost layer has it, so that a layer which only names a file in it must not change it.
 *
 * <p>A directory takes the attributes of the first layer below that has it under the same path.
 * What a whiteout, something that is no directory, or an opaque directory hides does not count.
 */
final class ImpliedAttributes {
  private static final Logger log = LoggerFactory.getLogger(ImpliedAttributes.class);

  /** How many directories are given other attributes; what is beyond keeps the index's. */
  private static final int MAX_DIRECTORIES = 1_000_000;

  /** How many bytes of extended attributes are held for one layer. */
  private static final int MAX_XATTR_BYTES = 16 << 20;

  /**
   * What is not taken over: containerd leaves out trusted attributes; and overlayfs' own say
   * something of one layer's directory.
   */
  private static final List<byte[]> LEFT_OUT =
      List.of(
          "trusted.".getBytes(StandardCharsets.US_ASCII),
          "user.overlay.".getBytes(StandardCharsets.US_ASCII));

  private final String name;
  private final ErofsImage tree;
  private final Below below;
  private final List<Level> levels = new ArrayList<>();
  private final Map<Long, DirectoryAttributes> found = new HashMap<>();
  private int xattrBytes;
  private boolean isOverLimits;

  private ImpliedAttributes(String name, ErofsImage tree, Below below) {
    this.name = name;
    this.tree = tree;
    this.below = below;
  }

  /**
   * The layers below, the immediate one first. They are asked for in this order, and no further
   * than needed.
   */
  interface Below {
    /** How many there are. */
    int count();

    /** The root directory of one of them. */
    LowerDirectory root(int layer) throws IOException;
  }

  /**
   * The attributes of the layer's implied directories that the layers below have, by their inodes.
   *
   * @param name the layer's, for messages
   */
  static Map<Long, DirectoryAttributes> resolve(String name, LayerIndex index, Below below)
      throws IOException {
    ImpliedDirectories implied = index.impliedDirectories();
    if (implied.isEmpty() || below.count() == 0) {
      return Map.of();
    }
    var attributes = new ImpliedAttributes(name, index.tree(), below);
    implied.forEach(attributes::visit);
    if (attributes.isOverLimits) {
      log.warn(
          "layer {}: it leaves out so many directories that some have default attributes, and not"
              + " those of the layers below",
          name);
    }
    return attributes.found;
  }

  private void visit(int depth, byte[] directoryName, long nid, boolean implied)
      throws IOException {
    levels.subList(depth, levels.size()).clear();
    @Nullable Level up = depth == 0 ? null : levels.get(depth - 1);
    if (depth > 0 && !ErofsNode.validName(directoryName)) {
      throw new IOException("layer " + name + ": its index has a directory of no possible name");
    }
    Level level = new Level(up, directoryName, ImageDirectory.isOpaque(tree, nid));
    levels.add(level);
    if (!implied) {
      return;
    }
    LowerDirectory lower = level.first();
    if (lower == null) {
      return;
    }
    if (found.size() == MAX_DIRECTORIES) {
      isOverLimits = true;
      return;
    }
    found.put(nid, copy(lower.attributes()));
  }

  private DirectoryAttributes copy(DirectoryAttributes from) {
    List<byte[]> names = new ArrayList<>();
    List<byte[]> values = new ArrayList<>();
    for (int i = 0; i < from.xattrNames().size(); i++) {
      byte[] xattr = from.xattrNames().get(i);
      byte[] value = from.xattrValues().get(i);
      if (LEFT_OUT.stream().anyMatch(prefix -> startsWith(xattr, prefix))) {
        continue;
      }
      if (xattr.length + value.length > MAX_XATTR_BYTES - xattrBytes) {
        isOverLimits = true;
        continue;
      }
      xattrBytes += xattr.length + value.length;
      names.add(xattr);
      values.add(value);
    }
    return new DirectoryAttributes(
        from.permissions(),
        from.uid(),
        from.gid(),
        from.mtimeSeconds(),
        from.mtimeNanos(),
        names,
        values);
  }

  private static boolean startsWith(byte[] bytes, byte[] prefix) {
    return bytes.length >= prefix.length
        && Arrays.equals(bytes, 0, prefix.length, prefix, 0, prefix.length);
  }

  /** A directory of the layer, and where the layers below have it, as far as they were asked. */
  private final class Level {
    private final @Nullable Level up;
    private final byte[] directoryName;
    private final boolean isOpaque;

    /** Whether the layer itself hides what those below have here. */
    private final boolean isHidden;

    private final List<@Nullable LowerDirectory> places = new ArrayList<>();

    /** How many of the layers below can show something of the directory. */
    private int visible = below.count();

    Level(@Nullable Level up, byte[] directoryName, boolean isOpaque) {
      this.up = up;
      this.directoryName = directoryName;
      this.isOpaque = isOpaque;
      isHidden = up != null && (up.isOpaque || up.isHidden);
    }

    @Nullable LowerDirectory first() throws IOException {
      for (int layer = 0; layer < visible && !isHidden; layer++) {
        LowerDirectory place = in(layer);
        if (place != null) {
          return place;
        }
      }
      return null;
    }

    /** The directory in one of the layers below; null where it has none or none can be seen. */
    @Nullable LowerDirectory in(int layer) throws IOException {
      while (places.size() <= layer) {
        places.add(find(places.size()));
      }
      return places.get(layer);
    }

    private @Nullable LowerDirectory find(int layer) throws IOException {
      if (layer >= visible) {
        return null;
      }
      LowerDirectory place;
      if (up == null) {
        place = below.root(layer);
      } else {
        LowerDirectory above = up.in(layer);
        if (above == null) {
          return null;
        }
        switch (above.child(directoryName)) {
          case LowerEntry.Absent() -> {
            return null;
          }
          case LowerEntry.NoDirectory() -> {
            visible = layer;
            return null;
          }
          case LowerEntry.Directory(LowerDirectory directory) -> place = directory;
        }
      }
      if (place.isOpaque()) {
        visible = layer + 1;
      }
      return place;
    }
  }
}
