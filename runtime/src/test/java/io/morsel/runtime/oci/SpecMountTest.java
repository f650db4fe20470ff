package io.morsel.runtime.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SpecMountTest {
  @Test
  void spellingsOfCtrAndDocker() throws SpecException {
    SpecMount expected = new SpecMount("/b", "bind", "/a", List.of("rbind", "ro"));
    assertThat(SpecMount.parse("type=bind,src=/a,dst=/b,options=rbind:ro")).isEqualTo(expected);
    assertThat(SpecMount.parse("source=/a,target=/b,readonly")).isEqualTo(expected);
    assertThat(SpecMount.parseVolume("/a:/b:ro")).isEqualTo(expected);
    assertThat(SpecMount.parse("type=tmpfs,dst=/t,tmpfs-size=1m"))
        .isEqualTo(new SpecMount("/t", "tmpfs", "tmpfs", List.of("size=1m")));
    assertThat(SpecMount.parse("src=/a,dst=/b,ro=false").options()).containsExactly("rbind");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "src=/a", "src=a,dst=/b", "src=/a,dst=b", "src=/a,dst=/b,what=1", "dst=/b"})
  void malformedMounts(String text) {
    assertThatThrownBy(() -> SpecMount.parse(text)).hasMessageStartingWith("malformed mount");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/a", "data:/b", "/a:b", "/a:/b:ro:x"})
  void malformedVolumes(String text) {
    assertThatThrownBy(() -> SpecMount.parseVolume(text))
        .hasMessageStartingWith("malformed volume");
  }
}
