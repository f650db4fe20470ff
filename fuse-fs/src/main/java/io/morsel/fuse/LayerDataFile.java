package io.morsel.fuse;

import io.morsel.prefetch.ContentIdentity;
import io.morsel.prefetch.LayerContent;
import io.morsel.stargz.erofs.ErofsImage;
import io.morsel.stargz.erofs.ErofsNode;
import io.morsel.stargz.erofs.ErofsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A layer's data as the only file of a filesystem.
 *
 * @param layer the layer, which knows what is present of its data and fetches the rest
 * @param tree what {@link #newTree} made; the same for all layers
 */
record LayerDataFile(LayerContent layer, ErofsImage tree) implements LayerContent {
  /** The file's name. */
  static final String NAME = "data";

  /** More than any layer may have; the index says how far there is something to read. */
  private static final long SIZE_BYTES = 8L << 40;

  /** A tree of one file, for any number of layers; {@code directory} must be writable. */
  static ErofsImage newTree(Path directory) throws IOException {
    Path image = directory.resolve("data.erofs");
    ErofsNode root = new ErofsNode(0040700);
    root.put(NAME.getBytes(StandardCharsets.US_ASCII), new ErofsNode(0100400).data(SIZE_BYTES, 0));
    Files.deleteIfExists(image);
    ErofsWriter.write(root, SIZE_BYTES, image);
    try {
      return ErofsImage.open(image); // Mapped, which lasts longer than its name.
    } finally {
      Files.delete(image);
    }
  }

  @Override
  public String name() {
    return layer.name();
  }

  @Override
  public boolean isPresent(long dataOffset, int lengthBytes) {
    return layer.isPresent(dataOffset, lengthBytes);
  }

  @Override
  public void read(long dataOffset, ByteBuffer target) throws IOException {
    if (dataOffset + target.remaining() > layer.dataBytes()) {
      throw new IOException("a read past the layer's data, at " + dataOffset);
    }
    layer.read(dataOffset, target);
  }

  @Override
  public Path dataFile() {
    return layer.dataFile();
  }

  @Override
  public CompletableFuture<Void> completed() {
    return layer.completed();
  }

  @Override
  public long dataBytes() {
    return layer.dataBytes();
  }

  /** Of the layer its data alone, and with it the number of the only file. */
  @Override
  public Optional<ContentIdentity> identity() throws IOException {
    long nid = tree.lookup(tree.rootNid(), NAME.getBytes(StandardCharsets.US_ASCII));
    String numbers = HexFormat.of().toHexDigits(nid);
    return layer.identity().map(identity -> identity.withTree(numbers));
  }
}
