package io.morsel.runtime.diff;

import java.io.IOException;

/** A system call failed; the message says which, on what, and why. */
final class ErrnoException extends IOException {
  private final int errno;

  ErrnoException(String call, int errno) {
    super(call + ": " + Libc.text(errno));
    this.errno = errno;
  }

  /** The error number, one of {@link Errno} or another. */
  int errno() {
    return errno;
  }
}
