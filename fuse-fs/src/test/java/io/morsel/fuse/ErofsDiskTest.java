package io.morsel.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;

/** The contract for EROFS over a complete layer's data on the disk. */
class ErofsDiskTest extends ViewContract {
  @Override
  LayerMounter newMounter() throws IOException {
    return ErofsMounters.open(directory);
  }

  @Override
  SampleLayer everything() throws IOException {
    return SampleLayer.withEverything(16 << 20);
  }

  final SampleContent openIncomplete(SampleLayer layer) throws IOException {
    return super.open(layer);
  }

  @Override
  SampleContent open(SampleLayer layer) throws IOException {
    SampleContent content = super.open(layer);
    content.complete();
    return content;
  }

  @Override
  boolean isServed() {
    return false;
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
}
