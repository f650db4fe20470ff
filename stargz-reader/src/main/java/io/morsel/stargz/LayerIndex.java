package io.morsel.stargz;

import io.morsel.stargz.erofs.ErofsImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * What Morsel keeps of a layer's TOC: an EROFS metadata image and a table of chunks, two files in
 * one directory, memory-mapped.
 *
 * <p>Safe for use by many threads until closed.
 */
public final class LayerIndex implements AutoCloseable {
  /** The file that holds names, inodes and extended attributes. */
  public static final String META_FILE = "meta.erofs";

  /** The file that holds the chunk table. */
  public static final String CHUNKS_FILE = "chunks";

  private LayerIndex() {}

  /**
   * Reads footer and TOC from the end of the blob, verifies them and writes the index into {@code
   * directory}; the files appear there complete and synced, or not at all.
   *
   * @param trust what the TOC is checked against
   * @throws LayerFormatException if the layer can't be read at random or breaks its format
   */
  public static LayerIndex build(LayerBlob blob, TocTrust trust, Path directory, LayerLimits limits)
      throws IOException {
    throw new UnsupportedOperationException();
  }

  /**
   * Opens the index that an earlier {@link #build} left in {@code directory}.
   *
   * @throws java.nio.file.NoSuchFileException if there is none
   * @throws LayerFormatException if it is damaged
   */
  public static LayerIndex open(Path directory) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** The layer's names, inodes and extended attributes. */
  public ErofsImage tree() {
    throw new UnsupportedOperationException();
  }

  /** Where each piece of the layer's data is in the blob. */
  public ChunkTable chunks() {
    throw new UnsupportedOperationException();
  }

  /** Decodes this layer's chunks and verifies them. */
  public ChunkDecoder decoder() {
    throw new UnsupportedOperationException();
  }

  /** The format of the blob. */
  public LayerFormat format() {
    throw new UnsupportedOperationException();
  }

  /** The SHA-256 of the uncompressed TOC, as {@code sha256:…}. */
  public String tocDigest() {
    throw new UnsupportedOperationException();
  }

  /** The size of the layer's data: of the sparse file that holds every regular file. */
  public long dataBytes() {
    throw new UnsupportedOperationException();
  }

  /**
   * Where in the blob the prefetch landmark stands: everything before it is worth fetching at once.
   * Empty where the image asks for no prefetch.
   */
  public OptionalLong prefetchEndBytes() {
    throw new UnsupportedOperationException();
  }

  /**
   * The path within the layer of a file that holds this chunk, for messages; lossy for odd names.
   */
  public String pathOf(int chunk) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
