package io.morsel.registry;

import static io.morsel.registry.RealRegistryTest.isOfKind;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.morsel.registry.RegistryException.Kind;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ManifestTest {
  private static final String D =
      "{\"mediaType\":\"m\",\"size\":1,\"digest\":\"sha256:" + "0".repeat(64) + "\"}";

  @Test
  void dockerSchema2IsRead() throws Exception {
    String json =
        "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":%s,\"layers\":[%s,%s]}"
            .formatted(MediaTypes.DOCKER_MANIFEST, D, D, D);
    Manifest manifest = Manifest.parse(bytes(json), "application/json");
    assertThat(manifest.layers()).hasSize(2);
    assertThat(Manifest.parse(manifest.toJson(), "")).isEqualTo(manifest);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{}",
        "{\"schemaVersion\":2}",
        "{\"schemaVersion\":2,\"config\":{}}",
        "{\"schemaVersion\":2,\"config\":D,\"layers\":[D],\"manifests\":[D]}",
        "{\"schemaVersion\":2,\"config\":D,\"config\":D,\"layers\":[]}",
        "{\"schemaVersion\":2,\"config\":D,\"layers\":{}}",
        "{\"schemaVersion\":2,\"config\":D,\"layers\":[3]}",
        "{\"schemaVersion\":2,\"config\":D,\"layers\":[]} trailing",
        "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
            + "\"config\":D,\"layers\":[]}",
      })
  void malformedIsRefused(String json) {
    assertThatThrownBy(() -> Manifest.parse(bytes(json.replace("D", D)), ""))
        .satisfies(isOfKind(Kind.INVALID_RESPONSE));
  }

  @Test
  void negativeSizeAndSchema1AreRefusedWithReason() {
    String negative = "{\"schemaVersion\":2,\"config\":%s}".formatted(D.replace(":1,", ":-1,"));
    assertThatThrownBy(() -> Manifest.parse(bytes(negative), "")).hasMessageContaining("negative");
    assertThatThrownBy(() -> Manifest.parse(bytes("{\"schemaVersion\":1}"), ""))
        .hasMessageContaining("schema 1");
  }

  @Test
  void configKeepsWhatItDoesNotKnow() throws Exception {
    ImageConfig config =
        ImageConfig.parse(
            bytes("{\"os\":\"linux\",\"architecture\":\"arm64\",\"x\":{\"y\":[1.5]}}"));
    Digest diffId = Digest.of(new byte[] {7});
    ImageConfig changed = config.withDiffIds(List.of(diffId));
    assertThat(new String(changed.content(), StandardCharsets.UTF_8)).contains("{\"y\":[1.5]}");
    assertThat(ImageConfig.parse(changed.content()).diffIds()).containsExactly(diffId);
    assertThat(changed.platform()).contains(Platform.parse("linux/arm64/v8"));
  }

  @Test
  void platformsAreChosenAsContainerdChooses() throws Exception {
    assertThat(Platform.parse("Linux/x86_64")).isEqualTo(Platform.parse("linux/amd64"));
    assertThat(Platform.parse("linux/aarch64")).hasToString("linux/arm64");
    assertThat(Platform.parse("linux/arm")).hasToString("linux/arm/v7");
    assertThat(Platform.parse("linux/arm/v7").runs(Platform.parse("linux/armel"))).isTrue();
    assertThat(Platform.parse("linux/amd64").runs(Platform.parse("linux/amd64/v3"))).isFalse();
    Descriptor arm =
        new Descriptor("m", Digest.of(new byte[0]), 0).withPlatform(Platform.parse("linux/arm/v6"));
    Descriptor arm64 = arm.withPlatform(Platform.parse("linux/arm64"));
    ImageIndex index = new ImageIndex(MediaTypes.OCI_INDEX, List.of(arm, arm64), Map.of());
    assertThat(index.choose(Platform.parse("linux/arm64"))).contains(arm64);
    assertThat(index.choose(Platform.parse("linux/arm/v7"))).contains(arm);
    assertThat(index.choose(Platform.parse("linux/amd64"))).isEmpty();
    assertThat(ImageIndex.parse(index.toJson(), "")).isEqualTo(index);
  }

  @FuzzTest
  void anyDocumentIsReadOrRefused(byte[] document) throws Exception {
    try {
      Manifest manifest = Manifest.parse(document, "");
      assertThat(Manifest.parse(manifest.toJson(), "")).isEqualTo(manifest);
    } catch (RegistryException e) {
      assertThat(e.kind()).isEqualTo(Kind.INVALID_RESPONSE);
    }
    try {
      ImageIndex index = ImageIndex.parse(document, "");
      assertThat(ImageIndex.parse(index.toJson(), "")).isEqualTo(index);
    } catch (RegistryException e) {
      assertThat(e.kind()).isEqualTo(Kind.INVALID_RESPONSE);
    }
    try {
      assertThat(ImageConfig.parse(document).content()).isEqualTo(document);
    } catch (RegistryException e) {
      assertThat(e.kind()).isEqualTo(Kind.INVALID_RESPONSE);
    }
  }

  private static byte[] bytes(String json) {
    return json.getBytes(StandardCharsets.UTF_8);
  }
}
