package io.morsel.integration;

import io.morsel.bench.node.Core;
import java.nio.file.Path;

/** Starts cores for tests that are not about how one is warmed up. */
final class Cores {
  /**
   * What a daemon's configuration begins with where it does not warm up: that takes more processor
   * time than most tests do, and goes on beside them. It stays on in tests of starts, of restarts
   * and of all that a core does with tasks.
   */
  static final String NO_WARM_UP = "warm_up = false\n";

  private Cores() {}

  /** Starts one in a directory of its own, on the state that is there. */
  static Core start(Path directory) {
    return start(directory, "");
  }

  /** The same with further lines of configuration. */
  static Core start(Path directory, String config) {
    return Core.start(Node.CHECKOUT, directory, NO_WARM_UP + config);
  }
}
