package io.morsel.cli.convert;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.morsel.cli.convert.ConvertListener.Phase;
import io.morsel.registry.ContentSource;
import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import io.morsel.registry.ImageSource;
import io.morsel.registry.ImageTarget;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.RegistryException;
import io.morsel.registry.RegistryException.Kind;
import io.morsel.registry.RemoteBlob;
import io.morsel.stargz.LayerFormat;
import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.writer.EstargzLayer;
import io.morsel.stargz.writer.EstargzOptions;
import io.morsel.stargz.writer.EstargzWriter;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;

/** Converts single layers; safe for use by many threads, which share the compressors. */
final class LayerConverter {
  /** The digest of the TOC: eStargz specification, section "Content Verification in eStargz". */
  static final String TOC_DIGEST = "containerd.io/snapshot/stargz/toc.digest";

  /** The size of the uncompressed tar, which additional layer stores of containers/storage need. */
  static final String UNCOMPRESSED_SIZE = "io.containers.estargz.uncompressed-size";

  /** What describes a blob in a format that it will no longer have. */
  private static final Set<String> STALE_PREFIXES =
      Set.of(
          "io.github.containers.zstd-chunked.",
          "io.containers.zstd-chunked.",
          "containerd.io/snapshot/stargz/",
          "io.containers.estargz.");

  private static final int FOOTER_BYTES = 51;

  /** What the JDK makes of ENOSPC. */
  private static final String NO_SPACE = "No space left on device";

  private final ImageSource source;
  private final ImageTarget target;
  private final EstargzOptions options;
  private final EstargzWriter writer;
  private final Path scratchDirectory;
  private final ConvertListener listener;

  LayerConverter(
      ImageSource source,
      ImageTarget target,
      EstargzOptions options,
      ExecutorService compressors,
      Path scratchDirectory,
      ConvertListener listener) {
    this.source = source;
    this.target = target;
    this.options = options;
    this.writer = new EstargzWriter(options, compressors, scratchDirectory);
    this.scratchDirectory = scratchDirectory;
    this.listener = listener;
  }

  /**
   * Converts a layer and writes it to the target.
   *
   * @param diffId what the image's configuration says of it
   * @throws LayerFormatException if it is no layer
   * @throws RegistryException if it can't be read or written, or does not have its digest
   */
  ConvertedLayer convert(Descriptor layer, Digest diffId) throws IOException {
    if (isAsWanted(layer)) {
      listener.progress(layer, Phase.WRITING, 0, layer.sizeBytes());
      target.copyBlob(layer, source);
      Descriptor kept =
          new Descriptor(MediaTypes.OCI_LAYER_GZIP, layer.digest(), layer.sizeBytes())
              .withAnnotations(layer.annotations());
      listener.done(layer, kept, true);
      return new ConvertedLayer(layer, kept, diffId, true, Set.of());
    }
    Path file = Files.createTempFile(scratchDirectory, "layer-", ".tar.gz");
    try {
      EstargzLayer written = write(layer, file);
      Descriptor converted =
          new Descriptor(
                  MediaTypes.OCI_LAYER_GZIP, Digest.parse(written.digest()), written.sizeBytes())
              .withAnnotations(annotations(layer, written));
      listener.progress(layer, Phase.WRITING, 0, written.sizeBytes());
      target.writeBlob(converted, ContentSource.of(file));
      listener.done(layer, converted, false);
      return new ConvertedLayer(
          layer,
          converted,
          Digest.parse(written.diffId()),
          false,
          Set.copyOf(written.missingPrioritizedFiles()));
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private EstargzLayer write(Descriptor layer, Path file) throws IOException {
    RemoteBlob blob = source.blob(layer);
    try (VerifyingStream in =
            new VerifyingStream(
                blob.open(0, layer.sizeBytes()),
                layer,
                done -> listener.progress(layer, Phase.READING, done, layer.sizeBytes()));
        OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 256 << 10)) {
      EstargzLayer written =
          writer.write(
              in, out, (done, total) -> listener.progress(layer, Phase.COMPRESSING, done, total));
      in.verify();
      return written;
    } catch (LayerFormatException e) {
      throw new LayerFormatException(
          e.kind(),
          "layer %s of %s (%s) can't be converted: %s"
              .formatted(layer.digest(), source.name(), layer.mediaType(), e.getMessage()),
          e);
    } catch (IOException e) {
      if (NO_SPACE.equals(e.getMessage())) {
        throw new IOException(
            "%s is full: layer %s needs its uncompressed and its new size there; name another"
                    .formatted(scratchDirectory.getParent(), layer.digest())
                + " place with --temp-dir, or work on fewer layers at a time with --jobs",
            e);
      }
      throw e;
    }
  }

  private Map<String, String> annotations(Descriptor layer, EstargzLayer written) {
    Map<String, String> annotations = new LinkedHashMap<>(layer.annotations());
    annotations.keySet().removeIf(key -> STALE_PREFIXES.stream().anyMatch(key::startsWith));
    if (options.format() == LayerFormat.ESTARGZ) {
      annotations.put(TOC_DIGEST, written.tocDigest());
      annotations.put(UNCOMPRESSED_SIZE, Long.toString(written.uncompressedBytes()));
    }
    return annotations;
  }

  /**
   * Whether the layer is eStargz, as its annotation and its footer say. With prioritized files it
   * is written anew in any case, for their sake.
   */
  private boolean isAsWanted(Descriptor layer) throws IOException {
    checkIsLayer(layer);
    if (options.format() != LayerFormat.ESTARGZ
        || !options.prioritizedFiles().isEmpty()
        || !layer.annotations().containsKey(TOC_DIGEST)
        || layer.sizeBytes() < FOOTER_BYTES) {
      return false;
    }
    try (InputStream in = source.blob(layer).open(layer.sizeBytes() - FOOTER_BYTES, FOOTER_BYTES)) {
      byte[] footer = in.readNBytes(FOOTER_BYTES);
      return footer[12] == 'S'
          && footer[13] == 'G'
          && new String(footer, 32, 6, US_ASCII).equals("STARGZ");
    }
  }

  private void checkIsLayer(Descriptor layer) throws RegistryException {
    String type = layer.mediaType();
    boolean known =
        switch (type) {
          case MediaTypes.OCI_LAYER,
              MediaTypes.OCI_LAYER_GZIP,
              MediaTypes.OCI_LAYER_ZSTD,
              MediaTypes.DOCKER_LAYER,
              MediaTypes.DOCKER_LAYER_GZIP,
              "application/vnd.docker.image.rootfs.diff.tar.zstd" ->
              true;
          default -> false;
        };
    if (!known) {
      throw new RegistryException(
          Kind.INVALID_RESPONSE,
          "layer %s of %s is of type %s, which can't be converted; tar, tar+gzip and tar+zstd can"
              .formatted(layer.digest(), source.name(), type));
    }
  }
}
