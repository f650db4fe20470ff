package io.morsel.runtime.diff;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.types.Descriptor;
import io.morsel.containerd.api.types.Mount;
import io.morsel.runtime.content.ContentStore;
import io.morsel.runtime.store.Digests;
import io.morsel.runtime.store.GoText;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.tar.ByteStrings;
import io.morsel.stargz.tar.TarReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies layers from the content store to mounts.
 *
 * <p>A single overlay is not mounted: the layer goes straight into its upper directory, with
 * overlayfs's own marks, and so does a single writable bind mount into its source. Everything else
 * is mounted for as long as it takes.
 */
final class LayerApplier {
  private static final Logger log = LoggerFactory.getLogger(LayerApplier.class);

  private final ContentStore content;
  private final TemporaryMounts mounts;
  private final LayerLimits limits;

  LayerApplier(ContentStore content, TemporaryMounts mounts, LayerLimits limits) {
    this.content = content;
    this.mounts = mounts;
    this.limits = limits;
  }

  /**
   * Applies a layer; durable when this returns.
   *
   * @param cancelled whether nobody waits for it any more
   * @return the uncompressed tar, whose digest is the diff ID
   * @throws ContainerdException of class NOT_FOUND where the namespace has no such blob; of class
   *     NOT_IMPLEMENTED for a media type that is no layer's; of class FAILED_PRECONDITION where the
   *     blob is not what its digest says. Nothing stays mounted; what is unpacked by then stays.
   */
  Descriptor apply(
      String namespace, Descriptor layer, List<Mount> target, BooleanSupplier cancelled)
      throws ContainerdException {
    String digest = layer.getDigest();
    if (Digests.problem(digest).isPresent()) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT, GoText.quote(digest) + " failed validation");
    }
    long started = System.nanoTime();
    try (FileChannel blob = open(namespace, digest)) {
      boolean compressed =
          LayerMediaType.compressed(layer.getMediaType())
              .orElseThrow(
                  () ->
                      new ContainerdException(
                          ErrorClass.NOT_IMPLEMENTED,
                          "failed to get stream processor for "
                              + layer.getMediaType()
                              + ": no processor for media-type"));
      try (LayerInput tar =
          LayerInput.open(Channels.newInputStream(blob), compressed, Digests.algorithm(digest))) {
        apply(tar, target, cancelled);
        if (!tar.blobDigest().equals(digest)) {
          throw new ContainerdException(
              ErrorClass.FAILED_PRECONDITION,
              "layer "
                  + digest
                  + " is damaged in the content store: its bytes have the digest "
                  + tar.blobDigest());
        }
        log.debug(
            "layer {} ({} bytes) applied in {} ms",
            digest,
            tar.sizeBytes(),
            (System.nanoTime() - started) / 1_000_000);
        return Descriptor.newBuilder()
            .setMediaType(LayerMediaType.TAR)
            .setDigest(tar.tarDigest())
            .setSize(tar.sizeBytes())
            .build();
      }
    } catch (IOException e) {
      throw new ContainerdException(
          ErrorClass.UNKNOWN, "can't apply layer " + digest + ": " + e.getMessage(), e);
    }
  }

  private FileChannel open(String namespace, String digest) throws ContainerdException {
    try {
      return content.open(namespace, digest);
    } catch (ContainerdException e) {
      throw e.during("failed to get reader from content store");
    }
  }

  private void apply(LayerInput tar, List<Mount> target, BooleanSupplier cancelled)
      throws IOException {
    if (target.size() == 1) {
      Mount mount = target.getFirst();
      String upper = TemporaryMounts.option(mount, "upperdir=");
      // In a user namespace nobody can make the marks, but through a mount.
      boolean plain = !mount.getOptionsList().contains("userxattr");
      if (mount.getType().equals("overlay") && !upper.isEmpty() && plain) {
        String lower = TemporaryMounts.option(mount, "lowerdir=");
        unpack(
            tar,
            upper,
            Arrays.stream(lower.split(":", -1)).filter(layer -> !layer.isEmpty()).toList(),
            Unpacker.Style.OVERLAY,
            cancelled);
        return;
      }
      boolean writable = !mount.getOptionsList().contains("ro");
      if (mount.getType().equals("bind") && writable && mount.getTarget().isEmpty()) {
        unpack(tar, mount.getSource(), List.of(), Unpacker.Style.REMOVING, cancelled);
        return;
      }
    }
    try (TemporaryMounts.Mounted mounted = mounts.mount(target)) {
      unpack(tar, mounted.path().toString(), List.of(), Unpacker.Style.REMOVING, cancelled);
    }
  }

  private void unpack(
      LayerInput tar,
      String directory,
      List<String> lower,
      Unpacker.Style style,
      BooleanSupplier cancelled)
      throws IOException {
    try (Calls calls = new Calls();
        RootDirectory root = RootDirectory.open(calls, ByteStrings.ofText(directory))) {
      List<RootDirectory> layers = new ArrayList<>();
      try {
        for (String layer : lower) {
          layers.add(RootDirectory.open(calls, ByteStrings.ofText(layer)));
        }
        try (Unpacker unpacker = new Unpacker(calls, root, layers, style, limits, cancelled)) {
          unpacker.unpack(new TarReader(tar));
        }
        // What follows the tar's end counts for the digests.
        var _ = tar.transferTo(OutputStream.nullOutputStream());
        calls.sync(root.fd());
      } finally {
        layers.forEach(RootDirectory::close);
      }
    }
  }
}
