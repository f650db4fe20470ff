package io.morsel.stargz.writer;

import io.morsel.stargz.LayerFormat;
import io.morsel.stargz.LayerLimits;
import java.util.List;
import java.util.zip.Deflater;

/**
 * How a layer is written.
 *
 * @param format eStargz or legacy stargz, which has neither chunk digests nor landmarks
 * @param chunkBytes bigger files are cut into chunks of this size
 * @param minMemberBytes files and chunks share a gzip member until it holds this much content; 0
 *     gives each its own. Readers older than stargz-snapshotter 0.13 can't read shared members
 * @param compressionLevel of gzip, 0 to 9
 * @param prioritizedFiles paths within the layer that come first, in this order, before the
 *     prefetch landmark; paths that the layer does not have are reported, not refused
 * @param limits what the layer, which is hostile input, may make the writer allocate
 */
public record EstargzOptions(
    LayerFormat format,
    int chunkBytes,
    int minMemberBytes,
    int compressionLevel,
    List<String> prioritizedFiles,
    LayerLimits limits) {
  /**
   * eStargz with chunks of 512 KiB at gzip's usual level 6. Other writers cut at 4 MiB, but a
   * program that reads one page of a file then fetches, decodes and hashes 4 MiB: starting a JVM
   * took 67 MB of the image with such chunks and 41 MB with these, which make the image 0.2 %
   * larger. Level 9 takes several times as long for less than a hundredth of the size.
   */
  public static final EstargzOptions DEFAULT =
      new EstargzOptions(LayerFormat.ESTARGZ, 512 << 10, 0, 6, List.of(), LayerLimits.DEFAULT);

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if one is out of bounds; the message can be shown to a user
   */
  public EstargzOptions {
    if (chunkBytes <= 0 || chunkBytes > limits.maxChunkBytes()) {
      throw new IllegalArgumentException(
          "a chunk size of %d bytes; 1 to %d are possible"
              .formatted(chunkBytes, limits.maxChunkBytes()));
    }
    if (minMemberBytes < 0 || minMemberBytes > limits.maxChunkBytes()) {
      throw new IllegalArgumentException(
          "a minimal chunk size of %d bytes; 0 to %d are possible"
              .formatted(minMemberBytes, limits.maxChunkBytes()));
    }
    if (compressionLevel < Deflater.NO_COMPRESSION
        || compressionLevel > Deflater.BEST_COMPRESSION) {
      throw new IllegalArgumentException(
          "a compression level of %d; 0 to 9 are possible".formatted(compressionLevel));
    }
    prioritizedFiles = List.copyOf(prioritizedFiles);
  }
}
