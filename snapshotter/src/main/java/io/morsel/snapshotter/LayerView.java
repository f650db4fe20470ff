package io.morsel.snapshotter;

import io.morsel.prefetch.ContentIdentity;
import io.morsel.prefetch.Layer;
import io.morsel.prefetch.LayerContent;
import io.morsel.registry.Digest;
import io.morsel.stargz.erofs.DirectoryAttributes;
import io.morsel.stargz.erofs.ErofsImage;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * A layer as it is shown on top of others.
 *
 * @param layer the layer, which this does not close
 * @param attributes of directories that it shows in another way, by inode
 * @param tree a view of its tree
 */
record LayerView(Layer layer, Map<Long, DirectoryAttributes> attributes, ErofsImage tree)
    implements LayerContent {
  /** A layer with other attributes of directories. */
  static LayerView of(Layer layer, Map<Long, DirectoryAttributes> attributes) throws IOException {
    return new LayerView(
        layer, Map.copyOf(attributes), layer.tree().withDirectoryAttributes(attributes));
  }

  /** The same of another handle on the layer. */
  LayerView over(Layer handle) {
    return new LayerView(handle, attributes, tree);
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

  /** With another tree than the layer's own. */
  @Override
  public Optional<ContentIdentity> identity() throws IOException {
    ContentIdentity own = layer.identity().orElse(null);
    if (own == null) {
      return Optional.empty();
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeUTF(own.tree());
    for (Map.Entry<Long, DirectoryAttributes> each : new TreeMap<>(attributes).entrySet()) {
      DirectoryAttributes shown = each.getValue();
      out.writeLong(each.getKey());
      out.writeInt(shown.permissions());
      out.writeInt(shown.uid());
      out.writeInt(shown.gid());
      out.writeLong(shown.mtimeSeconds());
      out.writeInt(shown.mtimeNanos());
      write(out, shown.xattrNames());
      write(out, shown.xattrValues());
    }
    String digest = Digest.of(bytes.toByteArray()).hex();
    return Optional.of(own.withTree(digest.substring(0, ContentIdentity.DIGITS)));
  }

  private static void write(DataOutputStream out, List<byte[]> values) throws IOException {
    out.writeInt(values.size());
    for (byte[] value : values) {
      out.writeInt(value.length);
      out.write(value);
    }
  }
}
