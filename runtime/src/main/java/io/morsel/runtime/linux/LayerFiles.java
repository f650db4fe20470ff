package io.morsel.runtime.linux;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads a few small files of a snapshot from the directories that it is made of, where they lie
 * plainly there: to mount it takes longer than all else that a client does to run a container.
 *
 * <p>What only overlayfs can tell is left to it: links, whiteouts, and files below a directory that
 * a layer has without them, since it may hide what is below.
 */
final class LayerFiles {
  private LayerFiles() {}

  /**
   * Reads files.
   *
   * @param mounts what the snapshot is made of
   * @param names the files' paths in the snapshot
   * @return their content by name, without those that are not there; nothing where the snapshot has
   *     to be mounted to tell
   */
  static Optional<Map<String, byte[]>> read(List<MountEntry> mounts, List<String> names)
      throws IOException {
    List<Path> layers = mounts.size() == 1 ? layers(mounts.getFirst()) : List.of();
    if (layers.isEmpty()) {
      return Optional.empty();
    }
    Map<String, byte[]> files = new LinkedHashMap<>();
    for (String name : names) {
      for (Path layer : layers) {
        Found found = find(layer, name);
        if (found == Found.UNCLEAR) {
          return Optional.empty();
        }
        if (found == Found.PLAIN) {
          Path file = layer.resolve(name.substring(name.startsWith("/") ? 1 : 0));
          byte[] content = content(file);
          if (!isText(content)) {
            return Optional.empty();
          }
          files.put(name, content);
          break;
        }
      }
    }
    return Optional.of(files);
  }

  /** Its directories, the topmost first; none where it is something else. */
  private static List<Path> layers(MountEntry mount) {
    List<Path> layers = new ArrayList<>();
    switch (mount.type()) {
      case "bind" -> layers.add(Path.of(mount.source()));
      case "overlay" -> {
        for (String option : mount.options()) {
          if (option.startsWith("upperdir=")) {
            layers.addFirst(Path.of(option.substring("upperdir=".length())));
          } else if (option.startsWith("lowerdir=")) {
            for (String lower : option.substring("lowerdir=".length()).split(":", -1)) {
              layers.add(Path.of(lower));
            }
          }
        }
      }
      default -> {
        return List.of();
      }
    }
    for (Path layer : layers) {
      if (!layer.isAbsolute() || layer.toString().indexOf('\\') >= 0) {
        return List.of();
      }
    }
    return layers;
  }

  /** What a layer has to say of a file. */
  private enum Found {
    /** It is there. */
    PLAIN,
    /** Nothing: those below are to be asked. */
    NOTHING,
    /** Something that has to be interpreted. */
    UNCLEAR
  }

  private static Found find(Path layer, String name) throws IOException {
    Path path = layer;
    boolean top = true;
    String[] parts = name.substring(name.startsWith("/") ? 1 : 0).split("/", -1);
    for (int i = 0; i < parts.length; i++) {
      path = path.resolve(parts[i]);
      BasicFileAttributes attributes;
      try {
        attributes =
            Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      } catch (NoSuchFileException e) {
        // A layer's root hides nothing.
        return top ? Found.NOTHING : Found.UNCLEAR;
      }
      boolean last = i == parts.length - 1;
      if (last ? !attributes.isRegularFile() : !attributes.isDirectory()) {
        return Found.UNCLEAR;
      }
      top = false;
    }
    return Found.PLAIN;
  }

  private static byte[] content(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      byte[] content = in.readNBytes(SnapshotFiles.MAX_FILE_BYTES + 1);
      if (content.length > SnapshotFiles.MAX_FILE_BYTES) {
        throw new IOException(
            "the image's " + file + " is larger than " + SnapshotFiles.MAX_FILE_BYTES + " bytes");
      }
      return content;
    }
  }

  /** Overlayfs may keep a file's content in a layer below, and as many zeros here. */
  private static boolean isText(byte[] content) {
    for (byte each : content) {
      if (each == 0) {
        return false;
      }
    }
    return true;
  }
}
