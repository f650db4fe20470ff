package io.morsel.runtime.transfer;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.transfertypes.ImageExportStream;
import io.morsel.containerd.api.transfertypes.ImageReference;
import io.morsel.containerd.api.transfertypes.ImageStore;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageIndex;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.Platform;
import io.morsel.registry.VerifiedContent;
import io.morsel.runtime.image.Descriptors;
import io.morsel.stargz.tar.TarEntry;
import io.morsel.stargz.tar.TarHeaders;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Exports images as an archive: an OCI image layout as a tar, which has in it what {@code docker
 * load} wants to find as well.
 */
final class ArchiveExport {
  private static final int MAX_INDEX_DEPTH = 3;
  private static final String IMAGE_NAME = "io.containerd.image.name";
  private static final String REF_NAME = "org.opencontainers.image.ref.name";
  private static final int FILE_MODE = 0444;

  private final Job job;
  private final ImageExportStream options;
  private final PlatformChoice choice;
  private final OutputStream out;

  /** What is written, by its digest. */
  private final Map<String, Descriptor> blobs = new TreeMap<>();

  /** The manifests of an image that {@code docker load} could choose from. */
  private final List<Manifest> manifests = new ArrayList<>();

  private final ArrayNode docker = JsonMapper.shared().createArrayNode();

  private ArchiveExport(Job job, ImageExportStream options, OutputStream out) {
    this.job = job;
    this.options = options;
    this.out = out;
    List<Platform> platforms =
        options.getPlatformsCount() == 0
            ? List.of(Platform.current())
            : PlatformChoice.platforms(options.getPlatformsList());
    this.choice = new PlatformChoice(options.getAllPlatforms() ? List.of() : platforms, false, 0);
  }

  /**
   * Exports.
   *
   * @param from the images
   * @param options which of them, and in what form
   * @throws ContainerdException of class NOT_FOUND where an image or its content is not there
   */
  static void run(Job job, ImageStore from, ImageExportStream options, OutputStream out)
      throws ContainerdException {
    job.progress().say("Exporting");
    ArchiveExport archive = new ArchiveExport(job, options, out);
    try {
      archive.run(archive.lookUp(from));
    } catch (IOException e) {
      job.workers().check();
      throw Failures.of(e);
    }
    job.progress().say("Completed export");
  }

  private List<Image> lookUp(ImageStore from) throws ContainerdException {
    List<Image> images = new ArrayList<>();
    String namespace = job.scope().namespace();
    if (!from.getName().isEmpty()) {
      images.add(job.parts().images().get(namespace, from.getName()));
    }
    for (ImageReference reference : from.getExtraReferencesList()) {
      if (reference.getIsPrefix()) {
        throw new ContainerdException(
            ErrorClass.NOT_IMPLEMENTED,
            "images are exported by their whole names, not by prefixes");
      }
      images.add(job.parts().images().get(namespace, reference.getName()));
    }
    return images;
  }

  private void run(List<Image> images) throws IOException, ContainerdException {
    List<Descriptor> tops = new ArrayList<>();
    for (Image image : images) {
      Descriptor target = Descriptors.of(image.getTarget());
      manifests.clear();
      document(target, 0);
      tops.add(named(target, image.getName()));
      if (manifests.size() == 1) {
        addForDocker(manifests.getFirst(), image.getName());
      }
    }
    file("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}".getBytes(StandardCharsets.UTF_8));
    file("index.json", new ImageIndex(MediaTypes.OCI_INDEX, tops, Map.of()).toJson());
    if (!options.getSkipCompatibilityManifest() && !docker.isEmpty()) {
      file("manifest.json", JsonMapper.shared().writeValueAsBytes(docker));
    }
    for (Descriptor blob : blobs.values()) {
      job.workers().check();
      try (InputStream in = job.blobs().open(blob)) {
        file(path(blob), job.blobs().sizeBytes(blob), in);
      }
    }
    out.write(new byte[TarHeaders.END_BYTES]);
    out.flush();
  }

  private static Descriptor named(Descriptor target, String name) {
    Map<String, String> annotations = new LinkedHashMap<>(target.annotations());
    annotations.put(IMAGE_NAME, name);
    String tag = name.substring(name.lastIndexOf('/') + 1);
    int colon = tag.indexOf('@') < 0 ? tag.indexOf(':') : -1;
    if (colon >= 0) {
      annotations.put(REF_NAME, tag.substring(colon + 1));
    }
    return target.withAnnotations(annotations);
  }

  private static String path(Descriptor blob) {
    return "blobs/" + blob.digest().algorithm() + "/" + blob.digest().hex();
  }

  private void document(Descriptor descriptor, int depth) throws IOException, ContainerdException {
    if (depth > MAX_INDEX_DEPTH) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT, "the image has indexes in indexes in indexes");
    }
    VerifiedContent content = job.blobs().document(descriptor);
    add(descriptor);
    if (content.isIndex()) {
      ImageIndex index = ImageIndex.parse(content.bytes(), descriptor.mediaType());
      for (PlatformChoice.Child child : choice.of(index, descriptor.digest().toString())) {
        document(child.descriptor(), depth + 1);
      }
      return;
    }
    Manifest manifest = Manifest.parse(content.bytes(), descriptor.mediaType());
    manifests.add(manifest);
    add(manifest.config());
    for (Descriptor layer : manifest.layers()) {
      if (!options.getSkipNonDistributable() || !isNonDistributable(layer.mediaType())) {
        add(layer);
      }
    }
  }

  private static boolean isNonDistributable(String mediaType) {
    return mediaType.contains(".nondistributable.") || mediaType.contains(".foreign.");
  }

  private void add(Descriptor blob) throws ContainerdException {
    if (!job.blobs().has(blob)) {
      throw new ContainerdException(
          ErrorClass.NOT_FOUND,
          "content digest "
              + blob.digest()
              + " is not in the content store; pull the image in full to export it");
    }
    blobs.put(blob.digest().toString(), blob);
  }

  /** Docker knows images of its hub by their short names. */
  private void addForDocker(Manifest manifest, String name) {
    ObjectNode image = docker.addObject();
    image.put("Config", path(manifest.config()));
    String shown =
        name.startsWith("docker.io/library/")
            ? name.substring("docker.io/library/".length())
            : name.startsWith("docker.io/") ? name.substring("docker.io/".length()) : name;
    ArrayNode tags = image.putArray("RepoTags");
    if (shown.indexOf('@') < 0) {
      tags.add(shown);
    }
    ArrayNode layers = image.putArray("Layers");
    manifest.layers().forEach(layer -> layers.add(path(layer)));
  }

  private void file(String name, byte[] content) throws IOException {
    file(name, content.length, new ByteArrayInputStream(content));
  }

  private void file(String name, long sizeBytes, InputStream content) throws IOException {
    ByteArrayOutputStream header = new ByteArrayOutputStream();
    TarHeaders.write(TarEntry.file(name, FILE_MODE, sizeBytes), header);
    out.write(header.toByteArray());
    long written = content.transferTo(out);
    if (written != sizeBytes) {
      throw new IOException(name + " has " + written + " bytes instead of " + sizeBytes);
    }
    out.write(new byte[TarHeaders.padding(sizeBytes)]);
  }
}
