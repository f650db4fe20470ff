package io.morsel.cli.io;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * A terminal's keys, in which Ctrl-P, Ctrl-Q ends the input, as {@code nerdctl} and Docker have it.
 *
 * <p>A Ctrl-P is held back until the next key says what it was for. For one reader.
 */
public final class DetachKeys extends FilterInputStream {
  private static final int CTRL_P = 0x10;
  private static final int CTRL_Q = 0x11;
  private static final int NONE = -2;

  private final Runnable detached;
  private boolean held;
  private int next = NONE;
  private boolean ended;

  /**
   * The keys that come from {@code in}.
   *
   * @param detached run once the two keys were seen
   */
  public DetachKeys(InputStream in, Runnable detached) {
    super(in);
    this.detached = detached;
  }

  @Override
  public int read() throws IOException {
    if (next != NONE) {
      int key = next;
      next = NONE;
      return key;
    }
    while (!ended) {
      int key = in.read();
      if (held) {
        held = false;
        if (key == CTRL_Q) {
          ended = true;
          detached.run();
          return -1;
        }
        if (key == CTRL_P) {
          held = true;
        } else {
          next = key;
        }
        return CTRL_P;
      }
      if (key != CTRL_P) {
        return key;
      }
      held = true;
    }
    return -1;
  }

  /** One key at a time: a terminal has no more of them, as a rule. */
  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    int key = read();
    if (key < 0) {
      return -1;
    }
    bytes[offset] = (byte) key;
    return 1;
  }
}
