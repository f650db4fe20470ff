package io.morsel.stargz;

import io.morsel.stargz.erofs.ErofsImage;
import io.morsel.stargz.erofs.ErofsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HexFormat;
import java.util.OptionalLong;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What Morsel keeps of a layer's TOC: an EROFS metadata image, and a table of chunks with a list of
 * directories that the TOC leaves out, two files in one directory, memory-mapped.
 *
 * <p>Safe for use by many threads until closed.
 */
public final class LayerIndex implements AutoCloseable {
  /** The file that holds names, inodes and extended attributes. */
  public static final String META_FILE = "meta.erofs";

  /** The file that holds the chunk table and the list of implied directories. */
  public static final String CHUNKS_FILE = "chunks";

  private static final Logger log = LoggerFactory.getLogger(LayerIndex.class);

  private final ErofsImage tree;
  private final ChunkFile chunks;
  private final ChunkDecoder decoder;

  private LayerIndex(ErofsImage tree, ChunkFile chunks) {
    this.tree = tree;
    this.chunks = chunks;
    decoder = new GzipChunkDecoder(chunks, this::pathOf);
  }

  /**
   * Reads footer and TOC from the end of the blob, verifies them and writes the index into {@code
   * directory}; the files appear there complete, or not at all. They are not synced: whoever keeps
   * them has other files that they have to be on the disk with.
   *
   * @param trust what the TOC is checked against
   * @throws LayerFormatException if the layer can't be read at random or breaks its format
   */
  public static LayerIndex build(LayerBlob blob, TocTrust trust, Path directory, LayerLimits limits)
      throws IOException {
    TocSource toc = TocSource.read(blob, trust, limits);
    var tree = new TocTree(limits, toc.footer().tocOffset());
    byte[] digest = toc.parse(tree);
    TocTree.Result result = tree.finish();
    long dataBytes = result.layout().dataBytes();
    String suffix = "." + UUID.randomUUID() + ".tmp";
    Path meta = directory.resolve("." + META_FILE + suffix);
    Path chunks = directory.resolve("." + CHUNKS_FILE + suffix);
    try {
      ErofsWriter.write(result.root(), dataBytes, meta);
      ChunkFile.write(
          chunks,
          new ChunkFile.Header(
              toc.footer().format(),
              new ChunkFile.Digest(digest),
              result.prefetchEnd().orElse(-1),
              dataBytes,
              Files.size(meta)),
          result.layout(),
          result.root());
      // The image last: only with it is an index there.
      Files.move(chunks, directory.resolve(CHUNKS_FILE), StandardCopyOption.ATOMIC_MOVE);
      Files.move(meta, directory.resolve(META_FILE), StandardCopyOption.ATOMIC_MOVE);
    } catch (Throwable e) {
      Files.deleteIfExists(meta);
      Files.deleteIfExists(chunks);
      throw e;
    }
    LayerIndex index = open(directory);
    log.debug(
        "indexed a layer: {}, TOC {}, {} inodes, {} chunks, {} bytes of data",
        index.format().title(),
        index.tocDigest(),
        index.tree().inodeCount(),
        index.chunks().count(),
        index.dataBytes());
    return index;
  }

  /**
   * Opens the index that an earlier {@link #build} left in {@code directory}.
   *
   * @throws java.nio.file.NoSuchFileException if there is none
   * @throws LayerFormatException if it is damaged
   */
  public static LayerIndex open(Path directory) throws IOException {
    ErofsImage tree = ErofsImage.open(directory.resolve(META_FILE));
    ChunkFile chunks = null;
    boolean opened = false;
    try {
      chunks = ChunkFile.open(directory.resolve(CHUNKS_FILE));
      if (chunks.metaBytes() != Files.size(directory.resolve(META_FILE))
          || chunks.dataBytes() != tree.dataBlocks() * 4096) {
        throw new LayerFormatException(
            LayerFormatException.Kind.MALFORMED,
            "The index in %s can't be read: %s and %s don't belong together. Remove both to have them built again."
                .formatted(directory, META_FILE, CHUNKS_FILE));
      }
      opened = true;
      return new LayerIndex(tree, chunks);
    } finally {
      if (!opened) {
        tree.close();
        if (chunks != null) {
          chunks.close();
        }
      }
    }
  }

  /** The layer's names, inodes and extended attributes. */
  public ErofsImage tree() {
    return tree;
  }

  /** Where each piece of the layer's data is in the blob. */
  public ChunkTable chunks() {
    return chunks;
  }

  /**
   * The directories that the TOC does not describe. They have mode 0755, belong to root, and are
   * from the epoch in {@link #tree}; where the layer lies on others, unpacking it would give them
   * the attributes that the directories have there.
   */
  public ImpliedDirectories impliedDirectories() {
    return chunks.impliedDirectories();
  }

  /** Decodes this layer's chunks and verifies them. */
  public ChunkDecoder decoder() {
    return decoder;
  }

  /** The format of the blob. */
  public LayerFormat format() {
    return chunks.format();
  }

  /** The SHA-256 of the uncompressed TOC, as {@code sha256:…}. */
  public String tocDigest() {
    return "sha256:" + HexFormat.of().formatHex(chunks.tocDigest());
  }

  /** The size of the layer's data: of the sparse file that holds every regular file. */
  public long dataBytes() {
    return chunks.dataBytes();
  }

  /**
   * Where in the blob the prefetch landmark stands: everything before it is worth fetching at once.
   * Empty where the image asks for no prefetch.
   */
  public OptionalLong prefetchEndBytes() {
    long end = chunks.prefetchEnd();
    return end < 0 ? OptionalLong.empty() : OptionalLong.of(end);
  }

  /**
   * The path within the layer of a file that holds this chunk, for messages; lossy for odd names.
   */
  public String pathOf(int chunk) {
    long offset = chunks.dataOffset(chunk);
    try {
      String path = FileFinder.pathOf(tree, offset);
      return path == null ? "of no known name" : path;
    } catch (IOException e) {
      log.debug("could not look for the name of chunk {}", chunk, e);
      return "of unknown name";
    }
  }

  @Override
  public void close() {
    tree.close();
    chunks.close();
  }
}
