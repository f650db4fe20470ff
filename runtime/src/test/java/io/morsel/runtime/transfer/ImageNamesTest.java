package io.morsel.runtime.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.containerd.api.transfertypes.ImageReference;
import io.morsel.containerd.api.transfertypes.ImageStore;
import io.morsel.registry.Descriptor;
import io.morsel.registry.MediaTypes;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What imported images are called: as with containerd 2.2. */
final class ImageNamesTest {
  private static final Descriptor IMAGE = Descriptor.of(MediaTypes.OCI_MANIFEST, new byte[] {1});

  private static List<String> names(ImageReference.Builder reference, String key, String value) {
    return ImageNames.imported(
        ImageStore.newBuilder().addExtraReferences(reference).build(),
        IMAGE.withAnnotations(Map.of(key, value)));
  }

  private static ImageReference.Builder prefix() {
    return ImageReference.newBuilder().setName("r.example/app").setIsPrefix(true);
  }

  private static final String WHOLE = "io.containerd.image.name";
  private static final String TAG = "org.opencontainers.image.ref.name";

  @Test
  void tagsGetThePrefix() {
    assertThat(names(prefix(), TAG, "v1")).containsExactly("r.example/app:v1");
    assertThat(names(prefix().setIsPrefix(false), TAG, "v1")).isEmpty();
  }

  @Test
  void wholeNamesHaveToBeOfThePrefixUnlessAllAreTaken() {
    assertThat(names(prefix(), WHOLE, "r.example/app:v1")).containsExactly("r.example/app:v1");
    assertThat(names(prefix(), WHOLE, "r.example/app/sub:v1"))
        .containsExactly("r.example/app/sub:v1");
    assertThat(names(prefix(), WHOLE, "r.example/apple:v1")).isEmpty();
    assertThat(names(prefix(), TAG, "r.example/apple:v1")).isEmpty();
    assertThat(names(prefix().setAllowOverwrite(true), WHOLE, "r.example/apple:v1"))
        .containsExactly("r.example/apple:v1");
    // No whole name: it does not say what the image is called.
    assertThat(names(prefix(), WHOLE, "v1")).isEmpty();
  }

  @Test
  void digestsAreAddedOrStandIn() {
    String byDigest = "r.example/app@" + IMAGE.digest();
    assertThat(names(prefix().setAddDigest(true), TAG, "v1"))
        .containsExactly("r.example/app:v1", byDigest);
    assertThat(names(prefix().setAddDigest(true).setSkipNamedDigest(true), TAG, "v1"))
        .containsExactly("r.example/app:v1");
    assertThat(names(prefix().setAddDigest(true).setSkipNamedDigest(true), "other", "v1"))
        .containsExactly(byDigest);
  }
}
