package io.morsel.cli.profile;

import io.morsel.prefetch.profile.ChunkUse;
import io.morsel.prefetch.profile.ImageProfile;
import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import io.morsel.registry.ImageSource;
import io.morsel.registry.RemoteBlob;
import io.morsel.registry.ResolvedImage;
import io.morsel.stargz.ChunkTable;
import io.morsel.stargz.LayerBlob;
import io.morsel.stargz.LayerIndex;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.TocTrust;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Which files the parts of an image belong to that a profile names, by the layers' TOCs. */
final class UsedFiles {
  private UsedFiles() {}

  /** The paths in the order in which they are fetched, each once. */
  static List<String> of(
      ImageProfile profile, List<ChunkUse> uses, ImageSource source, ResolvedImage image)
      throws IOException {
    Map<ChunkUse, String> paths = new HashMap<>();
    for (Descriptor layer : image.manifest().layers()) {
      List<ChunkUse> own = new ArrayList<>();
      for (ChunkUse use : uses) {
        if (profile.layers().get(use.layer()).equals(layer.digest())) {
          own.add(use);
        }
      }
      if (!own.isEmpty()) {
        addPaths(paths, own, layer.digest(), source.blob(layer));
      }
    }
    Set<String> inOrder = new LinkedHashSet<>();
    for (ChunkUse use : uses) {
      String path = paths.get(use);
      if (path != null) {
        inOrder.add(path);
      }
    }
    return List.copyOf(inOrder);
  }

  private static void addPaths(
      Map<ChunkUse, String> paths, List<ChunkUse> uses, Digest layer, RemoteBlob blob)
      throws IOException {
    Path directory = Files.createTempDirectory("morsel-profile-");
    // Names are shown and nothing is run by them: a TOC that nobody vouches for will do.
    try (LayerIndex index =
        LayerIndex.build(
            new Blob(blob), new TocTrust.Unverified(), directory, LayerLimits.DEFAULT)) {
      ChunkTable table = index.chunks();
      Map<Long, Integer> chunks = new HashMap<>();
      for (int chunk = 0; chunk < table.count(); chunk++) {
        chunks.putIfAbsent(table.blobOffset(chunk), chunk);
      }
      for (ChunkUse use : uses) {
        Integer chunk = chunks.get(use.blobOffset());
        if (chunk != null) {
          paths.put(use, index.pathOf(chunk));
        }
      }
    } catch (IOException e) {
      throw new IOException("can't read the TOC of layer " + layer + ": " + e.getMessage(), e);
    } finally {
      delete(directory);
    }
  }

  private static void delete(Path directory) throws IOException {
    List<Path> files;
    try (Stream<Path> listed = Files.list(directory)) {
      files = listed.toList();
    }
    for (Path file : files) {
      Files.deleteIfExists(file);
    }
    Files.deleteIfExists(directory);
  }

  /** A registry's blob as a layer's. */
  private record Blob(RemoteBlob blob) implements LayerBlob {
    @Override
    public long sizeBytes() {
      return blob.sizeBytes();
    }

    @Override
    public InputStream open(long offsetBytes, long lengthBytes) throws IOException {
      return blob.open(offsetBytes, lengthBytes);
    }
  }
}
