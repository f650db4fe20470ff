package io.morsel.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The contract for EROFS over a layer whose data this process serves. */
final class ErofsMounterTest extends ServedViewContract {
  @Override
  LayerMounter newMounter() throws IOException {
    return ErofsMounters.open(directory);
  }

  @Override
  String type() {
    return "erofs";
  }

  @Override
  void assertIsDescribed(Mountinfo info) {
    assertThat(Path.of(info.source())).hasParent(directory);
  }

  @Override
  String inodes(SampleContent content) {
    return ErofsMounters.inodes(content);
  }

  @Override
  long blocks(SampleContent content) throws IOException {
    return ErofsMounters.blocks(content);
  }

  @Test
  void readsAheadInLargeRequests() throws Exception {
    SampleLayer layer = everything();
    SampleContent content = open(layer);
    Path root = mount(content).mountPoint();
    Files.readAllBytes(root.resolve("large"));
    assertThat(content.largestRead.get()).isEqualTo(1 << 20);
  }
}
