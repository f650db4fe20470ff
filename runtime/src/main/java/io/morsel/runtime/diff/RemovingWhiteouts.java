package io.morsel.runtime.diff;

import io.morsel.stargz.tar.TarEntry;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Hides by removing: all layers are unpacked into one tree. */
final class RemovingWhiteouts implements Whiteouts {
  private final Calls calls;
  private final Made made;
  private final int maxDepth;

  /** {@code maxDepth} bounds how deep directories are nested. */
  RemovingWhiteouts(Calls calls, Made made, int maxDepth) {
    this.calls = calls;
    this.made = made;
    this.maxDepth = maxDepth;
  }

  @Override
  public void hide(int directory, String name, TarEntry marker) throws IOException {
    hide(directory, name, 0);
  }

  private void hide(int directory, String name, int depth) throws IOException {
    @Nullable FileStatus status = made.isEverything() ? null : calls.find(directory, name);
    if (status == null) {
      return;
    }
    boolean own = made.contains(status);
    if (status.isDirectory()) {
      // Also one of a lower layer may hold files of this one.
      hideIn(directory, name, depth);
    }
    if (!own) {
      int result = calls.unlink(directory, name, status.isDirectory() ? Libc.AT_REMOVEDIR : 0);
      if (result != -Errno.ENOTEMPTY && result != -Errno.EEXIST) {
        Calls.check(result, "remove", name);
      }
    }
  }

  @Override
  public void hideBelow(int directory) throws IOException {
    if (!made.isEverything()) {
      hideIn(directory, ".", 0);
    }
  }

  private void hideIn(int parent, String name, int depth) throws IOException {
    if (depth > maxDepth) {
      throw new IOException("directories are nested deeper than " + maxDepth);
    }
    int directory =
        (int) Calls.check(calls.open(parent, name, Libc.O_DIRECTORY, 0), "open directory", name);
    try {
      for (String child : calls.list(directory)) {
        hide(directory, child, depth + 1);
      }
    } finally {
      calls.closeDescriptor(directory);
    }
  }

  @Override
  public void madeAnew(int directory, String name) {
    // What was there before is gone with all below it.
  }
}
