package io.morsel.runtime.diff;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.tar.ByteStrings;
import io.morsel.stargz.tar.SparseMap;
import io.morsel.stargz.tar.TarEntry;
import io.morsel.stargz.tar.TarHeaders;
import io.morsel.stargz.tar.TarReader;
import io.morsel.stargz.tar.TarType;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A layer's tar that a test composes, and unpacks. */
final class Tar {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  Tar file(String name, String content) {
    return file(name, content, 0644, Map.of());
  }

  Tar file(String name, String content, int mode, Map<String, String> xattrs) {
    byte[] bytes = content.getBytes(UTF_8);
    add(TarType.REGULAR, name, "", mode, bytes.length, 0, xattrs);
    out.writeBytes(bytes);
    out.writeBytes(new byte[TarHeaders.padding(bytes.length)]);
    return this;
  }

  Tar directory(String name) {
    return directory(name, 0755);
  }

  Tar directory(String name, int mode) {
    return add(TarType.DIRECTORY, name, "", mode, 0, 0, Map.of());
  }

  Tar symlink(String name, String target) {
    return add(TarType.SYMLINK, name, target, 0777, 0, 0, Map.of());
  }

  Tar hardLink(String name, String target) {
    return add(TarType.HARD_LINK, name, target, 0644, 0, 0, Map.of());
  }

  Tar add(
      TarType type,
      String name,
      String link,
      int mode,
      long size,
      long mtime,
      Map<String, String> xattrs) {
    TarHeaders.write(
        new TarEntry(
            type,
            name,
            link,
            mode,
            0,
            0,
            "",
            "",
            mtime,
            0,
            0,
            0,
            xattrs,
            Map.of(),
            size,
            SparseMap.NONE),
        out);
    return this;
  }

  byte[] bytes() {
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    whole.writeBytes(out.toByteArray());
    whole.writeBytes(new byte[TarHeaders.END_BYTES]);
    return whole.toByteArray();
  }

  /** Unpacks it as one tree with all layers below. */
  void unpack(Path target) throws IOException {
    unpack(bytes(), target, List.of(), Unpacker.Style.REMOVING, LayerLimits.DEFAULT);
  }

  /** Unpacks it as one layer of an overlay. */
  void unpackOver(Path target, Path... lower) throws IOException {
    unpack(bytes(), target, List.of(lower), Unpacker.Style.OVERLAY, LayerLimits.DEFAULT);
  }

  static void unpack(
      byte[] tar, Path target, List<Path> lower, Unpacker.Style style, LayerLimits limits)
      throws IOException {
    try (Calls calls = new Calls();
        RootDirectory root = RootDirectory.open(calls, ByteStrings.ofText(target.toString()))) {
      List<RootDirectory> layers = new ArrayList<>();
      for (Path layer : lower) {
        layers.add(RootDirectory.open(calls, ByteStrings.ofText(layer.toString())));
      }
      try (Unpacker unpacker = new Unpacker(calls, root, layers, style, limits, () -> false)) {
        unpacker.unpack(new TarReader(new ByteArrayInputStream(tar)));
      } finally {
        layers.forEach(RootDirectory::close);
      }
    }
  }
}
