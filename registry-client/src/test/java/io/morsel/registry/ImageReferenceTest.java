package io.morsel.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ImageReferenceTest {
  private static final String HEX =
      "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

  @ParameterizedTest
  @CsvSource({
    "python,docker.io/library/python:latest",
    "python:3.13,docker.io/library/python:3.13",
    "user/img,docker.io/user/img:latest",
    "docker.io/python,docker.io/library/python:latest",
    "index.docker.io/user/img,docker.io/user/img:latest",
    "ghcr.io/a/b__c/d-e:x_Y.z,ghcr.io/a/b__c/d-e:x_Y.z",
    "localhost/a,localhost/a:latest",
    "localhost:5000,docker.io/library/localhost:5000",
    "Host/a,Host/a:latest",
    "[::1]:5000/a,[::1]:5000/a:latest",
    "python@sha256:" + HEX + ",docker.io/library/python@sha256:" + HEX,
    "host:5000/a/b:tag@sha256:" + HEX + ",host:5000/a/b:tag@sha256:" + HEX,
  })
  void shortFormsAreFilledIn(String given, String full) {
    ImageReference reference = ImageReference.parse(given);
    assertThat(reference.toString()).isEqualTo(full);
    assertThat(ImageReference.parse(full)).isEqualTo(reference);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Python",
        "a//b",
        "/a",
        "a/",
        "a:",
        "a@",
        "a@sha256:12",
        "a@md5:" + HEX,
        "-a",
        "a..b",
        "a___b",
        "a b",
        "https://host/a",
        "host:99999/a",
        "host:/a",
        "a:-tag",
        "../a",
        "host.x/../a",
        "a:b:c/d",
        HEX,
        "a@sha256:" + HEX + "@sha256:" + HEX,
      })
  void malformedIsRefusedWithReason(String given) {
    assertThatThrownBy(() -> ImageReference.parse(given))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("malformed image reference '" + given);
  }

  @FuzzTest
  void whatIsAcceptedReadsBackTheSame(byte[] input) throws RegistryException {
    String given = new String(input, StandardCharsets.UTF_8);
    ImageReference reference;
    try {
      reference = ImageReference.parse(given);
    } catch (IllegalArgumentException e) {
      return;
    }
    assertThat(ImageReference.parse(reference.toString())).isEqualTo(reference);
    Access access = new Hosts(RegistrySettings.defaults("test")).toRead(reference).getFirst();
    assertThat(access.base().pathSegments())
        .as("nothing leaves the repository's path")
        .containsExactly(("v2/" + reference.repository() + "/").split("/", -1));
  }
}
