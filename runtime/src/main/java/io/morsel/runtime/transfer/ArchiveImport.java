package io.morsel.runtime.transfer;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.transfertypes.ImageStore;
import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import io.morsel.registry.ImageConfig;
import io.morsel.registry.ImageIndex;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.VerifiedContent;
import io.morsel.runtime.image.Descriptors;
import io.morsel.runtime.image.ImageLabels;
import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerStreams;
import io.morsel.stargz.tar.TarEntry;
import io.morsel.stargz.tar.TarReader;
import io.morsel.stargz.tar.TarType;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Imports the images of an archive: an OCI image layout (OCI image specification, image-layout.md)
 * as a tar.
 *
 * <p>Blobs go into the content store as they come, each checked against the digest that is its
 * name; the lease holds them until an image refers to them.
 */
final class ArchiveImport {
  private static final int MAX_INDEX_BYTES = 4 << 20;
  private static final int MAX_INDEX_DEPTH = 3;
  private static final String BLOBS = "blobs/";

  private final Job job;
  private final ImageStore wanted;
  private final PlatformChoice choice;
  private final List<Unpacks.Unpack> unpacks;

  private ArchiveImport(Job job, ImageStore wanted, List<Unpacks.Unpack> unpacks) {
    this.job = job;
    this.wanted = wanted;
    this.choice = PlatformChoice.of(wanted);
    this.unpacks = unpacks;
  }

  /**
   * Imports.
   *
   * @param in the archive, possibly compressed
   * @param wanted what the images are called, and unpacked with
   * @throws ContainerdException of class INVALID_ARGUMENT where the archive is malformed; of class
   *     NOT_FOUND where something is missing in it, or no image has a name
   */
  static void run(Job job, InputStream in, ImageStore wanted) throws ContainerdException {
    ArchiveImport archive = new ArchiveImport(job, wanted, Unpacks.of(job, wanted));
    job.progress().say("Importing");
    try {
      archive.run(in);
    } catch (LayerFormatException e) {
      job.workers().check();
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT, "the archive is malformed: " + e.getMessage(), e);
    } catch (IOException e) {
      job.workers().check();
      throw Failures.of(e);
    }
    job.progress().say("Completed import");
  }

  private void run(InputStream in) throws IOException, ContainerdException {
    byte[] document = unpack(in);
    ImageIndex index = ImageIndex.parse(document, MediaTypes.OCI_INDEX);
    Descriptor top = Descriptor.of(MediaTypes.OCI_INDEX, document);
    var _ =
        job.blobs()
            .ensure(
                "index",
                top,
                ImageLabels.of(index),
                offset ->
                    new ByteArrayInputStream(
                        document,
                        Math.toIntExact(offset),
                        document.length - Math.toIntExact(offset)),
                _ -> {});
    for (PlatformChoice.Child child : choice.of(index, top.digest().toString())) {
      document(child.descriptor(), child.metadataOnly(), 1);
    }
    boolean named = name(ImageNames.all(wanted, top.digest().toString()), top);
    for (Descriptor image : index.manifests()) {
      named |= name(ImageNames.imported(wanted, image), image);
    }
    if (!named) {
      throw new ContainerdException(
          ErrorClass.NOT_FOUND, "no image name found: neither given nor in the archive");
    }
  }

  private boolean name(List<String> names, Descriptor target) throws ContainerdException {
    for (String name : names) {
      var _ = job.names().put(name, Descriptors.wire(target), wanted.getLabelsMap());
      job.progress().say("saved", name, target);
    }
    return !names.isEmpty();
  }

  /** Takes in all blobs; what {@code index.json} says. */
  private byte[] unpack(InputStream archive) throws IOException, ContainerdException {
    try (InputStream in = LayerStreams.uncompressed(archive)) {
      return unpack(new TarReader(in));
    }
  }

  private byte[] unpack(TarReader tar) throws IOException, ContainerdException {
    byte[] index = null;
    boolean isDocker = false;
    for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
      job.workers().check();
      String name = entry.name().startsWith("./") ? entry.name().substring(2) : entry.name();
      if (entry.type() == TarType.REGULAR && !entry.holes().isSparse()) {
        if (name.startsWith(BLOBS)) {
          blob(tar, name.substring(BLOBS.length()), entry.sizeBytes());
        } else if (name.equals("index.json")) {
          index = bounded(tar, entry);
        }
        isDocker |= name.equals("manifest.json");
      }
    }
    if (index == null) {
      throw new ContainerdException(
          isDocker ? ErrorClass.NOT_IMPLEMENTED : ErrorClass.INVALID_ARGUMENT,
          isDocker
              ? "the archive is Docker's, of before version 25; save the image again with a newer one"
              : "the archive has no index.json; is it an OCI image layout?");
    }
    return index;
  }

  private static byte[] bounded(TarReader tar, TarEntry entry) throws IOException {
    if (entry.sizeBytes() > MAX_INDEX_BYTES) {
      throw new IOException("index.json is larger than 4 MiB");
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    tar.copyTo(bytes);
    return bytes.toByteArray();
  }

  private void blob(TarReader tar, String path, long sizeBytes)
      throws IOException, ContainerdException {
    Descriptor descriptor;
    try {
      descriptor = new Descriptor("", Digest.parse(path.replaceFirst("/", ":")), sizeBytes);
    } catch (IllegalArgumentException e) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT, "the archive is malformed: blob " + e.getMessage(), e);
    }
    var _ =
        job.blobs().ensure("import", descriptor, Map.of(), offset -> entry(tar, offset), _ -> {});
  }

  private static InputStream entry(TarReader tar, long offset) throws IOException {
    InputStream in =
        new InputStream() {
          @Override
          public int read() throws IOException {
            byte[] one = new byte[1];
            return tar.read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
          }

          @Override
          public int read(byte[] bytes, int at, int length) throws IOException {
            return tar.read(bytes, at, length);
          }
        };
    in.skipNBytes(offset);
    return in;
  }

  /** Ties a document to what it refers to, and unpacks it where that is wanted. */
  private void document(Descriptor descriptor, boolean metadataOnly, int depth)
      throws IOException, ContainerdException {
    if (depth > MAX_INDEX_DEPTH) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT, "the archive has indexes in indexes in indexes");
    }
    job.workers().check();
    VerifiedContent content = job.blobs().document(descriptor);
    if (content.isIndex()) {
      ImageIndex index = ImageIndex.parse(content.bytes(), descriptor.mediaType());
      job.blobs().addLabels(descriptor, ImageLabels.of(index));
      for (PlatformChoice.Child child : choice.of(index, descriptor.digest().toString())) {
        document(child.descriptor(), metadataOnly || child.metadataOnly(), depth + 1);
      }
      return;
    }
    Manifest manifest = Manifest.parse(content.bytes(), descriptor.mediaType());
    job.blobs().addLabels(descriptor, ImageLabels.of(manifest));
    require(manifest.config());
    if (metadataOnly) {
      return;
    }
    for (Descriptor layer : manifest.layers()) {
      require(layer);
    }
    if (!unpacks.isEmpty() && MediaTypes.isImageConfig(manifest.config().mediaType())) {
      ImageConfig config = ImageConfig.parse(job.blobs().document(manifest.config()).bytes());
      LayerFetches layers =
          new LayerFetches(
              job,
              ArchiveImport::missing,
              Map.of(),
              manifest.layers(),
              Blobs.name("manifest", descriptor));
      var _ = Unpacks.run(job, unpacks, Optional.empty(), descriptor, manifest, config, layers);
    }
  }

  private void require(Descriptor blob) throws ContainerdException {
    if (!job.blobs().has(blob)) {
      throw new ContainerdException(
          ErrorClass.NOT_FOUND, "the archive does not have blob " + blob.digest());
    }
  }

  /** All layers are there when they are asked for. */
  private static Blobs.Opener missing(Descriptor layer) {
    return _ -> {
      throw new IOException("layer " + layer.digest() + " was deleted meanwhile");
    };
  }
}
