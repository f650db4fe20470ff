package io.morsel.bench.image;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Images that are there, in the storage of a registry; immutable. */
public final class ImageLibrary {
  private final Path storage;
  private final Map<BenchImage, List<StoredImage>> plain;
  private final Map<BenchImage, List<StoredImage>> esgz;

  ImageLibrary(
      Path storage,
      Map<BenchImage, List<StoredImage>> plain,
      Map<BenchImage, List<StoredImage>> esgz) {
    this.storage = storage;
    this.plain = Map.copyOf(plain);
    this.esgz = Map.copyOf(esgz);
  }

  /** The storage directory, for {@link io.morsel.bench.host.DockerRegistry#start}. */
  public Path storage() {
    return storage;
  }

  /** Repository and tag of the ordinary image; of {@link BenchImage#LAYERS}, the first one's. */
  public String plain(BenchImage image) {
    return all(image, false).getFirst().name();
  }

  /** Repository and tag of the eStargz image; of {@link BenchImage#LAYERS}, the first one's. */
  public String esgz(BenchImage image) {
    return all(image, true).getFirst().name();
  }

  /** The layers' bytes as they are pulled; of {@link BenchImage#LAYERS}, all images' sum. */
  public long compressedBytes(BenchImage image, boolean lazy) {
    return all(image, lazy).stream().mapToLong(StoredImage::compressedBytes).sum();
  }

  /**
   * All that this image is: one, or several of {@link BenchImage#LAYERS}.
   *
   * @param lazy whether as eStargz
   * @throws IllegalArgumentException if it was not prepared
   */
  public List<StoredImage> all(BenchImage image, boolean lazy) {
    List<StoredImage> images = (lazy ? esgz : plain).get(image);
    if (images == null) {
      throw new IllegalArgumentException(image + " was not among the images to prepare");
    }
    return images;
  }
}
