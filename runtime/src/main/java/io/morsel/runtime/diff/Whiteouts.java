package io.morsel.runtime.diff;

import io.morsel.stargz.tar.TarEntry;
import java.io.IOException;

/** How a layer hides what lower layers have. */
sealed interface Whiteouts permits OverlayWhiteouts, RemovingWhiteouts {
  /** Begins the name of an entry that hides the rest of the name. */
  String PREFIX = ".wh.";

  /** The name of an entry that hides all that lower layers have in its directory. */
  String OPAQUE = ".wh..wh..opq";

  /**
   * Hides a name.
   *
   * @param marker the entry that says so
   */
  void hide(int directory, String name, TarEntry marker) throws IOException;

  /** Hides all that lower layers have in a directory, which is open for {@link Calls}. */
  void hideBelow(int directory) throws IOException;

  /** Hears that a directory of the layer was made where something else was removed before. */
  void madeAnew(int directory, String name) throws IOException;
}
