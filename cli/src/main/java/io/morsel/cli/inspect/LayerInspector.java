package io.morsel.cli.inspect;

import io.morsel.registry.Descriptor;
import io.morsel.registry.RemoteBlob;
import io.morsel.stargz.ChunkTable;
import io.morsel.stargz.LayerBlob;
import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerIndex;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.TocTrust;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Looks at one layer: at its end for a TOC, and where there is none at its first bytes. Reads no
 * more of it than that.
 */
final class LayerInspector {
  /** The digest of an eStargz layer's TOC, as the manifest names it. */
  private static final String TOC_DIGEST = "containerd.io/snapshot/stargz/toc.digest";

  private static final String ZSTD_CHUNKED = "io.github.containers.zstd-chunked.manifest-checksum";
  private static final String ZSTD_CHUNKED_OLD = "io.containers.zstd-chunked.manifest-checksum";
  private static final int TAR_MAGIC_OFFSET = 257;
  private static final int HEAD_BYTES = TAR_MAGIC_OFFSET + 5;

  private final boolean listFiles;

  /** An inspector that lists the layers' files, too, or does not. */
  LayerInspector(boolean listFiles) {
    this.listFiles = listFiles;
  }

  /**
   * What was found.
   *
   * @param report what the layer is
   * @param files its files, one line each, where they are wanted and can be read
   */
  record Finding(LayerReport report, List<String> files) {}

  /**
   * Inspects a layer.
   *
   * @throws IOException if the layer can't be read; a layer of any content is no failure
   */
  Finding inspect(Descriptor layer, RemoteBlob blob) throws IOException {
    Path directory = Files.createTempDirectory("morsel-inspect-");
    // The digest is compared here and not by the reader, so that both can be shown.
    try (LayerIndex index =
        LayerIndex.build(
            layerBlob(blob), new TocTrust.Unverified(), directory, LayerLimits.DEFAULT)) {
      return lazyLayer(layer, index);
    } catch (LayerFormatException refusal) {
      String format = refusal.kind() == LayerFormatException.Kind.NOT_LAZY ? "" : "broken ";
      return new Finding(
          report(layer, format + formatByHead(layer, blob), null, false, message(refusal)),
          List.of());
    } finally {
      delete(directory);
    }
  }

  private Finding lazyLayer(Descriptor layer, LayerIndex index) throws IOException {
    ChunkTable chunks = index.chunks();
    long contentBytes = 0;
    for (int chunk = 0; chunk < chunks.count(); chunk++) {
      contentBytes += chunks.dataLength(chunk);
    }
    LayerReport.Toc toc =
        new LayerReport.Toc(
            index.tocDigest(),
            index.tree().inodeCount(),
            chunks.count(),
            contentBytes,
            index.prefetchEndBytes().orElse(-1));
    String named = layer.annotations().get(TOC_DIGEST);
    boolean lazy = index.tocDigest().equals(named);
    String why =
        lazy
            ? ""
            : named == null
                ? "the manifest names no TOC digest, so only with allow_unverified_toc"
                : "the TOC does not have the digest that the manifest names";
    return new Finding(
        report(layer, index.format().title(), toc, lazy, why),
        listFiles ? FileList.of(index.tree()) : List.of());
  }

  private static LayerReport report(
      Descriptor layer, String format, LayerReport.@Nullable Toc toc, boolean lazy, String why) {
    return new LayerReport(
        layer.digest().toString(),
        layer.mediaType(),
        format,
        layer.sizeBytes(),
        toc,
        layer.annotations().get(TOC_DIGEST),
        lazy,
        why);
  }

  private static String formatByHead(Descriptor layer, RemoteBlob blob) throws IOException {
    byte[] head;
    try (InputStream in = blob.open(0, Math.min(HEAD_BYTES, blob.sizeBytes()))) {
      head = in.readAllBytes();
    }
    String hex = HexFormat.of().formatHex(head);
    if (hex.startsWith("1f8b")) {
      return "gzip";
    }
    boolean skippableFrame = hex.startsWith("5") && hex.startsWith("2a4d18", 2);
    if (hex.startsWith("28b52ffd") || skippableFrame) {
      boolean chunked =
          layer.annotations().containsKey(ZSTD_CHUNKED)
              || layer.annotations().containsKey(ZSTD_CHUNKED_OLD);
      return chunked ? "zstd:chunked" : "zstd";
    }
    return hex.startsWith("7573746172", 2 * TAR_MAGIC_OFFSET) ? "tar, uncompressed" : "unknown";
  }

  private static String message(LayerFormatException refusal) {
    return String.valueOf(refusal.getMessage());
  }

  private static LayerBlob layerBlob(RemoteBlob blob) {
    return new LayerBlob() {
      @Override
      public long sizeBytes() {
        return blob.sizeBytes();
      }

      @Override
      public InputStream open(long offsetBytes, long lengthBytes) throws IOException {
        return blob.open(offsetBytes, lengthBytes);
      }
    };
  }

  private static void delete(Path directory) throws IOException {
    List<Path> files = new ArrayList<>();
    try (Stream<Path> listed = Files.list(directory)) {
      listed.forEach(files::add);
    }
    for (Path file : files) {
      Files.deleteIfExists(file);
    }
    Files.deleteIfExists(directory);
  }
}
