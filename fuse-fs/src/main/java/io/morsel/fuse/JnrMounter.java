package io.morsel.fuse;

import io.morsel.prefetch.LayerContent;
import java.io.IOException;
import java.nio.file.Path;

/** The front end over jnr-fuse and libfuse 2. */
public final class JnrMounter implements FuseMounter {
  @Override
  public String backend() {
    return "jnr";
  }

  @Override
  public FuseMount mount(LayerContent content, Path mountPoint) throws IOException {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
