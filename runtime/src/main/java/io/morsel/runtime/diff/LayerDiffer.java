package io.morsel.runtime.diff;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.content.Info;
import io.morsel.containerd.api.diff.DiffRequest;
import io.morsel.containerd.api.types.Descriptor;
import io.morsel.runtime.content.ContentStore;
import io.morsel.runtime.content.ContentWriter;
import io.morsel.runtime.store.Scope;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.tar.ByteStrings;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.zip.GZIPOutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes layers of what differs between mounts, and puts them into the content store. */
final class LayerDiffer {
  private static final String UNCOMPRESSED = "containerd.io/uncompressed";
  private static final int BUFFER_BYTES = 1 << 20;

  private static final Logger log = LoggerFactory.getLogger(LayerDiffer.class);

  private final ContentStore content;
  private final TemporaryMounts mounts;
  private final LayerLimits limits;

  LayerDiffer(ContentStore content, TemporaryMounts mounts, LayerLimits limits) {
    this.content = content;
    this.mounts = mounts;
    this.limits = limits;
  }

  /** How a layer is compressed. */
  private enum Compression {
    NONE,
    GZIP,
    ZSTD;

    static Compression of(String mediaType) throws ContainerdException {
      return switch (mediaType) {
        case LayerMediaType.TAR -> NONE;
        case LayerMediaType.TAR_GZIP -> GZIP;
        case LayerMediaType.TAR_ZSTD -> ZSTD;
        default ->
            throw new ContainerdException(
                ErrorClass.NOT_IMPLEMENTED, "unsupported diff media type: " + mediaType);
      };
    }

    OutputStream compress(OutputStream target) throws IOException {
      return switch (this) {
        case NONE -> target;
        case GZIP -> new GZIPOutputStream(target, BUFFER_BYTES);
        case ZSTD -> new ZstdOutputStreamNoFinalizer(target);
      };
    }
  }

  /**
   * Writes a layer; durable when this returns.
   *
   * @param cancelled whether nobody waits for it any more
   * @return the layer
   * @throws ContainerdException of class NOT_IMPLEMENTED for a media type that is not written here
   */
  Descriptor diff(Scope scope, DiffRequest request, BooleanSupplier cancelled)
      throws ContainerdException {
    String mediaType =
        request.getMediaType().isEmpty() ? LayerMediaType.TAR_GZIP : request.getMediaType();
    Compression compression = Compression.of(mediaType);
    try (TemporaryMounts.Mounted left = mount(request.getLeftList());
        TemporaryMounts.Mounted right = mount(request.getRightList())) {
      Changes changes = new Changes(left.path(), right.path(), latestSeconds(request), cancelled);
      Info info = write(scope, request, compression, changes);
      return Descriptor.newBuilder()
          .setMediaType(mediaType)
          .setDigest(info.getDigest())
          .setSize(info.getSize())
          .build();
    } catch (IOException e) {
      if (e.getCause() instanceof ContainerdException known) {
        throw known;
      }
      throw new ContainerdException(
          ErrorClass.UNKNOWN, "can't write the differences as a layer: " + e.getMessage(), e);
    }
  }

  private TemporaryMounts.Mounted mount(List<io.morsel.containerd.api.types.Mount> list)
      throws IOException {
    return mounts.mount(TemporaryMounts.readOnly(list));
  }

  private static OptionalLong latestSeconds(DiffRequest request) {
    return request.hasSourceDateEpoch()
        ? OptionalLong.of(request.getSourceDateEpoch().getSeconds())
        : OptionalLong.empty();
  }

  /** Two trees that are compared. */
  private record Changes(
      Path left, Path right, OptionalLong latestSeconds, BooleanSupplier cancelled) {
    void writeTo(OutputStream out, int maxDepth) throws IOException {
      try (Calls calls = new Calls();
          RootDirectory lower = open(calls, left);
          RootDirectory upper = open(calls, right);
          LayerWriter writer = new LayerWriter(calls, upper, out, latestSeconds)) {
        new TreeComparison(calls, writer, maxDepth, cancelled).compare(lower, upper);
        writer.finish();
      }
    }

    private static RootDirectory open(Calls calls, Path path) throws IOException {
      return RootDirectory.open(calls, ByteStrings.ofText(path.toString()));
    }
  }

  private Info write(Scope scope, DiffRequest request, Compression compression, Changes changes)
      throws ContainerdException, IOException {
    boolean anyRef = request.getRef().isEmpty();
    String ref = anyRef ? "diff-" + UUID.randomUUID() : request.getRef();
    boolean written = false;
    try (ContentWriter writer = open(scope, ref)) {
      if (!anyRef) {
        writer.truncate();
      }
      Map<String, String> labels = new HashMap<>(request.getLabelsMap());
      MessageDigest hash = LayerDigests.hash(LayerDigests.CANONICAL);
      try (OutputStream compressed =
              compression.compress(new BufferedOutputStream(writer.stream(), BUFFER_BYTES));
          OutputStream tar =
              new BufferedOutputStream(new DigestOutputStream(compressed, hash), BUFFER_BYTES)) {
        changes.writeTo(tar, limits.maxDepth());
      }
      String diffId = LayerDigests.digest(LayerDigests.CANONICAL, hash);
      if (compression != Compression.NONE) {
        labels.put(UNCOMPRESSED, diffId);
      }
      String digest = writer.digest();
      commit(writer, digest, labels);
      written = true;
      return labelled(scope, content.info(scope.namespace(), digest), diffId);
    } finally {
      if (anyRef && !written) {
        abort(scope, ref);
      }
    }
  }

  private ContentWriter open(Scope scope, String ref) throws ContainerdException {
    try {
      return content.writer(scope, ref, 0, "");
    } catch (ContainerdException e) {
      throw e.during("failed to open writer");
    }
  }

  private static void commit(ContentWriter writer, String digest, Map<String, String> labels)
      throws ContainerdException {
    try {
      writer.commit(0, digest, labels);
    } catch (ContainerdException e) {
      // The namespace has had the very same layer before.
      if (e.errorClass() != ErrorClass.ALREADY_EXISTS) {
        throw e.during("failed to commit");
      }
    }
  }

  /** A layer that was there before may lack the label that clients look for. */
  private Info labelled(Scope scope, Info info, String diffId) throws ContainerdException {
    if (info.containsLabels(UNCOMPRESSED)) {
      return info;
    }
    return content.update(
        scope.namespace(),
        info.toBuilder().putLabels(UNCOMPRESSED, diffId).build(),
        List.of("labels." + UNCOMPRESSED));
  }

  private void abort(Scope scope, String ref) {
    try {
      content.abort(scope, ref);
    } catch (ContainerdException e) {
      log.warn("ingest {} of a layer that could not be written is left: {}", ref, e.getMessage());
    }
  }
}
