package io.morsel.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class MountinfoTest {
  @Test
  void parsesWhatTheKernelWrites() {
    String text =
        """
        22 1 254:0 / / rw,noatime - ext4 /dev/root rw,discard
        61 22 0:52 / /var/lib/a\\040b\\134c ro,relatime shared:7 master:3 - fuse.morsel morsel:sha256:ab ro,user_id=0
        62 22 0:53 / /\303\266\\011 rw - overlay overlay rw,lowerdir=/a:/b
        """;
    assertThat(Mountinfo.parse(text))
        .containsExactly(
            new Mountinfo(22, "254:0", Path.of("/"), "ext4", "/dev/root", "rw,discard"),
            new Mountinfo(
                61,
                "0:52",
                Path.of("/var/lib/a b\\c"),
                "fuse.morsel",
                "morsel:sha256:ab",
                "ro,user_id=0"),
            new Mountinfo(62, "0:53", Path.of("/ö\t"), "overlay", "overlay", "rw,lowerdir=/a:/b"));
  }

  @Test
  void leavesOutWhatIsNoMount() {
    assertThat(Mountinfo.parse("")).isEmpty();
    assertThat(Mountinfo.parse("22 1 254:0 / / rw,noatime ext4 /dev/root rw\n- - - -\n\n"))
        .isEmpty();
    assertThat(Mountinfo.parse("x 1 254:0 / / rw - ext4 /dev/root rw")).isEmpty();
    assertThat(Mountinfo.parse("22 1 254:0 / / rw - ext4 /dev/root")).isEmpty();
  }

  @Test
  void findsMountsOfThisProcess() throws IOException {
    assertThat(Mountinfo.at(Path.of("/proc")).orElseThrow().type()).isEqualTo("proc");
    assertThat(Mountinfo.under(Path.of("/proc"))).isNotEmpty();
    assertThat(Mountinfo.under(Path.of("/proc")))
        .allSatisfy(mount -> assertThat(mount.mountPoint()).startsWith(Path.of("/proc")));
    assertThat(Mountinfo.at(Path.of("/no/such/place"))).isEmpty();
  }

  @Test
  void saysWhyItCannotDetach() {
    assertThatThrownBy(() -> Mountinfo.detach(Path.of("/no/such/place")))
        .isInstanceOf(IOException.class)
        .hasMessage("umount /no/such/place: No such file or directory");
  }
}
