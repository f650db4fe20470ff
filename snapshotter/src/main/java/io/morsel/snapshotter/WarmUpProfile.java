package io.morsel.snapshotter;

import io.morsel.prefetch.profile.ChunkUse;
import io.morsel.prefetch.profile.ImageProfile;
import io.morsel.prefetch.profile.ProfileJson;
import io.morsel.prefetch.profile.RecordedStart;
import io.morsel.registry.Artifact;
import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.VerifiedContent;
import io.morsel.stargz.ChunkTable;
import io.morsel.stargz.LayerIndex;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.TocTrust;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The profile of a {@link WarmUpLayer}'s image as others would have shared it, so that looking one
 * up and replaying it are gone through, too.
 *
 * @param content the profile
 * @param manifest its manifest
 * @param referrers the list that names it, as registries have it that keep none by themselves
 * @param tag what that list is tagged with
 */
record WarmUpProfile(
    VerifiedContent content, VerifiedContent manifest, VerifiedContent referrers, String tag) {
  /** As many more uses as make the code that reads them hot; where they point there is no chunk. */
  private static final int MADE_UP_USES = 300;

  /**
   * Makes up two starts, which have the layer's first chunks in common.
   *
   * @param layer the lowest one
   * @param image the descriptor of the image's manifest
   * @param layers the digests of all
   * @param scratch a directory for what is written meanwhile
   */
  static WarmUpProfile of(WarmUpLayer layer, Descriptor image, List<Digest> layers, Path scratch)
      throws IOException {
    List<Long> chunks = chunkOffsets(layer, scratch);
    ImageProfile profile =
        new ImageProfile(image.digest(), layers, List.of(start(2, chunks, 2), start(1, chunks, 3)));
    VerifiedContent content =
        VerifiedContent.of(ImageProfile.MEDIA_TYPE, ProfileJson.write(profile));
    VerifiedContent manifest =
        new Artifact(ImageProfile.MEDIA_TYPE, image, content.descriptor(), Map.of()).manifest();
    byte[] referrers =
        """
        {"schemaVersion":2,"mediaType":"%s","manifests":[\
        {"mediaType":"%s","digest":"%s","size":%d,"artifactType":"%s"}]}\
        """
            .formatted(
                MediaTypes.OCI_INDEX,
                MediaTypes.OCI_MANIFEST,
                manifest.descriptor().digest(),
                manifest.descriptor().sizeBytes(),
                ImageProfile.MEDIA_TYPE)
            .getBytes(StandardCharsets.UTF_8);
    return new WarmUpProfile(
        content,
        manifest,
        VerifiedContent.of(MediaTypes.OCI_INDEX, referrers),
        image.digest().toString().replace(':', '-'));
  }

  private static RecordedStart start(long second, List<Long> chunks, int step) {
    List<ChunkUse> uses = new ArrayList<>();
    chunks.forEach(offset -> uses.add(new ChunkUse(0, offset, 1)));
    for (int i = 0; i < MADE_UP_USES; i++) {
      uses.add(new ChunkUse(0, Integer.MAX_VALUE + (long) i * step, 1));
    }
    return new RecordedStart(Instant.ofEpochSecond(second), uses);
  }

  private static List<Long> chunkOffsets(WarmUpLayer layer, Path scratch) throws IOException {
    Path directory = Files.createTempDirectory(scratch, "profile");
    try (LayerIndex index =
        LayerIndex.build(
            layer.asBlob(),
            new TocTrust.Expected(layer.tocDigest()),
            directory,
            LayerLimits.DEFAULT)) {
      ChunkTable table = index.chunks();
      List<Long> offsets = new ArrayList<>();
      for (int i = 0; i < Math.min(WarmUpLayer.FIRST_CHUNKS, table.count()); i++) {
        offsets.add(table.blobOffset(i));
      }
      return offsets;
    } finally {
      SnapshotDirectories.deleteTree(directory);
    }
  }
}
