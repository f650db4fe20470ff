package io.morsel.shim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.shim.ShimAddress.Protocol;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What shims print, and how they are found. */
final class ShimAddressTest {
  @Test
  void aBareAddressIsVersionTwo() throws Exception {
    ShimAddress address = ShimAddress.parse("unix:///run/containerd/s/abc\n");
    assertThat(address)
        .isEqualTo(new ShimAddress(2, Protocol.TTRPC, "unix:///run/containerd/s/abc"));
    assertThat(address.socket()).isEqualTo(Path.of("/run/containerd/s/abc"));
    assertThat(ShimAddress.parse(address.toJson())).isEqualTo(address);
  }

  @Test
  void jsonSaysVersionAndProtocol() throws Exception {
    assertThat(
            ShimAddress.parse("{\"version\":3,\"address\":\"unix:///s\",\"protocol\":\"ttrpc\"}"))
        .isEqualTo(new ShimAddress(3, Protocol.TTRPC, "unix:///s"));
    assertThat(
            ShimAddress.parse("{\"version\":2,\"address\":\"unix:///s\",\"protocol\":\"GRPC\"}")
                .protocol())
        .isEqualTo(Protocol.GRPC);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a\nb",
        "{",
        "{}",
        "{\"version\":4,\"address\":\"unix:///s\"}",
        "{\"version\":3}",
        "{\"version\":3,\"address\":\"unix:///s\",\"protocol\":\"http\"}"
      })
  void otherRepliesAreRefused(String reply) {
    assertThatThrownBy(() -> ShimAddress.parse(reply)).isInstanceOf(ShimException.class);
  }

  @Test
  void onlyUnixSocketsCanBeReached() throws Exception {
    ShimAddress address = ShimAddress.parse("{\"version\":3,\"address\":\"vsock://3:1024\"}");
    assertThatThrownBy(address::socket).hasMessageContaining("vsock://3:1024");
  }

  @Test
  void programsAreFoundByTheLastTwoPartsOfTheName(@TempDir Path directory) throws Exception {
    Path binary = directory.resolve("containerd-shim-fake-v9");
    Files.createFile(binary);
    String path = "relative:/nowhere:" + directory;
    assertThatThrownBy(() -> ShimBinary.find("io.example.fake.v9", path))
        .hasMessageContaining("not installed \"containerd-shim-fake-v9\"");
    Files.setPosixFilePermissions(binary, PosixFilePermissions.fromString("rwx------"));
    assertThat(ShimBinary.find("io.example.fake.v9", path)).isEqualTo(binary);
    assertThat(ShimBinary.find(binary.toString(), "")).isEqualTo(binary);
    for (String wrong : new String[] {"runc", "", "a..v1", "a.b/../../c.v1"}) {
      assertThatThrownBy(() -> ShimBinary.find(wrong, path))
          .hasMessageContaining("invalid runtime name");
    }
  }
}
