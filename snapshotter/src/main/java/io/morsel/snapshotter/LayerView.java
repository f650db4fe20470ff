package io.morsel.snapshotter;

import io.morsel.prefetch.Layer;
import io.morsel.prefetch.LayerContent;
import io.morsel.stargz.erofs.ErofsImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/**
 * A layer as it is shown on top of others.
 *
 * @param layer the layer, which this does not close
 * @param tree a view of its tree
 */
record LayerView(Layer layer, ErofsImage tree) implements LayerContent {
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
}
