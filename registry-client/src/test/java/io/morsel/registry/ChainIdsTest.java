package io.morsel.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class ChainIdsTest {
  /** Diff identifiers, and the snapshots that containerd 1.6 made of them. */
  @Test
  void namesAreThoseOfContainerd() {
    List<Digest> diffIds =
        Stream.of(
                "sha256:672a11cc772f8b3a8f598176aa41fe4fcacd4434d7b1fcdf94f970b11630812e",
                "sha256:c843a8abc45077c5a9f790e5bdf1affee77e34fff7074bf2d3754a6b72369f23",
                "sha256:f4616245773c9d69996b4f4ca4d643a27861f3429448938b46fef074853bf6ca")
            .map(Digest::parse)
            .toList();
    assertThat(ChainIds.of(diffIds))
        .containsExactly(
            "sha256:672a11cc772f8b3a8f598176aa41fe4fcacd4434d7b1fcdf94f970b11630812e",
            "sha256:804fc78669365f0490af84b8dc5e2051fff305e701f3b531f42ada951e9d8b26",
            "sha256:8335981cf2d9cbf342940efd5e3341fb11b112e440ebf04cfb385e42958318b9");
  }

  @Test
  void noLayersHaveNoNames() {
    assertThat(ChainIds.of(List.of())).isEmpty();
  }
}
