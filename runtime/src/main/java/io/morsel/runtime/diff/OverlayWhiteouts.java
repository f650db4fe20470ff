package io.morsel.runtime.diff;

import io.morsel.stargz.tar.TarEntry;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Hides as overlayfs does, in the directory of one layer: by a character device 0:0, and by an
 * attribute of directories (Linux's {@code filesystems/overlayfs.rst}, "whiteouts and opaque
 * directories").
 */
final class OverlayWhiteouts implements Whiteouts {
  private static final String OPAQUE_KEY = "trusted.overlay.opaque";

  private final Calls calls;
  private final Made made;

  OverlayWhiteouts(Calls calls, Made made) {
    this.calls = calls;
    this.made = made;
  }

  @Override
  public void hide(int directory, String name, TarEntry marker) throws IOException {
    @Nullable FileStatus status = calls.find(directory, name);
    if (status != null && made.contains(status)) {
      // A file hides what is below it by itself.
      if (status.isDirectory()) {
        madeAnew(directory, name);
      }
      return;
    }
    if (status != null) {
      TreeRemoval.remove(calls, directory, name);
    }
    calls.makeNode(directory, name, FileStatus.CHARACTER_DEVICE, 0, 0);
    calls.changeOwner(directory, name, marker.userId(), marker.groupId());
    made.add(directory, name);
  }

  @Override
  public void hideBelow(int directory) throws IOException {
    madeAnew(directory, ".");
  }

  @Override
  public void madeAnew(int directory, String name) throws IOException {
    Calls.check(
        calls.xattrs().set(directory, name, OPAQUE_KEY, "y"),
        "set attribute " + OPAQUE_KEY + " of",
        name);
  }
}
