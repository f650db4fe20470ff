package io.morsel.runtime.transfer;

import io.morsel.containerd.ContainerdException;
import java.io.IOException;

/** A failure of a client's stream, where streams of bytes fail. */
final class StreamException extends IOException {
  private final ContainerdException failure;

  StreamException(ContainerdException failure) {
    super(failure.getMessage(), failure);
    this.failure = failure;
  }

  /** The failure as the core tells it. */
  ContainerdException failure() {
    return failure;
  }
}
