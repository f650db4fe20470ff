package io.morsel.runtime.transfer;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.transfertypes.ImageStore;
import io.morsel.registry.ContentSource;
import io.morsel.registry.Descriptor;
import io.morsel.registry.ImageIndex;
import io.morsel.registry.ImageReference;
import io.morsel.registry.ImageTarget;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.RegistryClient;
import io.morsel.registry.RegistryException;
import io.morsel.registry.VerifiedContent;
import io.morsel.runtime.image.Descriptors;
import io.morsel.runtime.image.ImageLabels;
import io.morsel.runtime.transfer.ProgressReport.Item;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/**
 * Pushes an image of the core to a registry: blobs first, then the manifests that refer to them,
 * and last what gets the tag.
 *
 * <p>Layers that are shown lazily are not in the content store. They are copied from where the
 * image came from: within one registry without their bytes passing through here.
 */
final class Push {
  private static final int PARALLEL = 3;
  private static final int MAX_INDEX_DEPTH = 3;

  private final Job job;
  private final RegistryClient client;
  private final ImageReference reference;
  private final ImageTarget target;
  private final Semaphore permits = new Semaphore(PARALLEL);

  private Push(Job job, RegistryClient client, ImageReference reference) {
    this.job = job;
    this.client = client;
    this.reference = reference;
    this.target = client.target(reference);
  }

  /**
   * Pushes.
   *
   * @param from the image; where it names platforms, only the manifest for the first of them
   * @param to what progress calls the registry
   */
  static void run(
      Job job, ImageStore from, RegistryClient client, ImageReference reference, String to)
      throws ContainerdException {
    Image image = job.parts().images().get(job.scope().namespace(), from.getName());
    Descriptor target = Descriptors.of(image.getTarget());
    job.progress().say("Pushing to " + to);
    job.progress().say("pushing content", image.getName(), target);
    Push push = new Push(job, client, reference);
    try {
      VerifiedContent top = push.chosen(job.blobs().document(target), from);
      push.document(top, List.of(image.getName()), true, 0);
    } catch (IOException e) {
      throw Failures.of(e);
    }
    job.progress().say("pushed content", image.getName(), target);
    job.progress().say("Completed push to " + to);
  }

  private VerifiedContent chosen(VerifiedContent top, ImageStore from)
      throws IOException, ContainerdException {
    if (from.getPlatformsCount() == 0 || !top.isIndex()) {
      return top;
    }
    PlatformChoice first =
        new PlatformChoice(List.of(PlatformChoice.platform(from.getPlatforms(0))), false, 1);
    ImageIndex index = ImageIndex.parse(top.bytes(), top.descriptor().mediaType());
    String digest = top.descriptor().digest().toString();
    return job.blobs().document(first.of(index, digest).getFirst().descriptor());
  }

  private void document(VerifiedContent content, List<String> parents, boolean top, int depth)
      throws IOException, ContainerdException {
    if (depth > MAX_INDEX_DEPTH) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT, "the image has indexes in indexes in indexes");
    }
    job.workers().check();
    boolean isIndex = content.isIndex();
    String name = Blobs.name(isIndex ? "index" : "manifest", content.descriptor());
    Item item = job.progress().item(name, parents, content.descriptor());
    if (isIndex) {
      ImageIndex index = ImageIndex.parse(content.bytes(), content.descriptor().mediaType());
      for (Descriptor child : index.manifests()) {
        if (MediaTypes.isIndex(child.mediaType()) || MediaTypes.isManifest(child.mediaType())) {
          document(required(child), List.of(name), false, depth + 1);
        } else {
          blobs(List.of(child), List.of(name), Map.of());
        }
      }
    } else {
      Manifest manifest = Manifest.parse(content.bytes(), content.descriptor().mediaType());
      Set<Descriptor> blobs = new LinkedHashSet<>(manifest.layers());
      blobs.add(manifest.config());
      blobs(List.copyOf(blobs), List.of(name), job.blobs().labels(content.descriptor()));
    }
    job.workers()
        .run(
            () -> {
              if (top) {
                target.writeTop(content);
              } else {
                target.writeManifest(content);
              }
              return true;
            });
    item.end("complete");
  }

  private VerifiedContent required(Descriptor manifest) throws ContainerdException {
    try {
      return job.blobs().document(manifest);
    } catch (ContainerdException e) {
      if (e.errorClass() != ErrorClass.NOT_FOUND) {
        throw e;
      }
      throw new ContainerdException(
          ErrorClass.NOT_FOUND,
          "the image's manifest "
              + manifest.digest()
              + (manifest.platform() == null ? "" : " for " + manifest.platform())
              + " was not pulled; pull the image for all platforms, or push one platform",
          e);
    }
  }

  /**
   * Pushes blobs, several at a time.
   *
   * @param labels those of the manifest, which say where it has come from
   */
  private void blobs(List<Descriptor> blobs, List<String> parents, Map<String, String> labels)
      throws ContainerdException {
    List<Future<Boolean>> pushes = new ArrayList<>();
    for (Descriptor blob : blobs) {
      String kind = MediaTypes.isImageConfig(blob.mediaType()) ? "config" : "layer";
      Item item = job.progress().item(Blobs.name(kind, blob), parents, blob);
      pushes.add(
          job.workers()
              .start(
                  () -> {
                    permits.acquire();
                    try {
                      boolean sent = push(blob, item, labels);
                      item.end(sent ? "complete" : "already exists");
                      return sent;
                    } finally {
                      permits.release();
                    }
                  }));
    }
    for (Future<Boolean> push : pushes) {
      var _ = job.workers().await(push);
    }
  }

  private boolean push(Descriptor blob, Item item, Map<String, String> labels)
      throws IOException, ContainerdException {
    if (target.hasBlob(blob)) {
      return false;
    }
    if (job.blobs().has(blob)) {
      target.writeBlob(blob, content(blob, item));
      return true;
    }
    for (ImageLabels.Source source : ImageLabels.sources(labels)) {
      if (copied(blob, source)) {
        return true;
      }
    }
    throw new ContainerdException(
        ErrorClass.NOT_FOUND,
        "content digest "
            + blob.digest()
            + " is neither here nor where the image came from; pull the image in full to push it");
  }

  private ContentSource content(Descriptor blob, Item item) {
    return () -> {
      InputStream in;
      try {
        in = job.blobs().open(blob);
      } catch (ContainerdException e) {
        throw new IOException(e.getMessage(), e);
      }
      return new FilterInputStream(in) {
        private long sent;

        @Override
        public int read() throws IOException {
          int next = in.read();
          sent += next < 0 ? 0 : 1;
          return next;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
          int count = in.read(bytes, offset, length);
          sent += Math.max(0, count);
          item.at("uploading", sent);
          return count;
        }
      };
    };
  }

  private boolean copied(Descriptor blob, ImageLabels.Source source) throws IOException {
    // The labels have no ports: a registry of the same host is taken for the same.
    boolean same = source.host().equals(ImageLabels.host(reference.registry()));
    ImageReference origin;
    try {
      origin =
          new ImageReference(
              same ? reference.registry() : source.host(),
              source.repository(),
              null,
              blob.digest());
    } catch (IllegalArgumentException e) {
      return false; // Anybody can set labels.
    }
    try {
      target.copyBlob(blob, client.source(origin));
      return true;
    } catch (RegistryException e) {
      if (e.kind() == RegistryException.Kind.NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }
}
