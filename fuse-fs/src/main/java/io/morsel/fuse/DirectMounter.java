package io.morsel.fuse;

import io.morsel.prefetch.LayerContent;
import java.io.IOException;
import java.nio.file.Path;

/** The front end that speaks the kernel's FUSE protocol on {@code /dev/fuse} itself. */
public final class DirectMounter implements FuseMounter {
  @Override
  public String backend() {
    return "direct";
  }

  @Override
  public FuseMount mount(LayerContent content, Path mountPoint) throws IOException {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
