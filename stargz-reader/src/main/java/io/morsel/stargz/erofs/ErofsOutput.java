package io.morsel.stargz.erofs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file written from front to back through one buffer, little endian. */
final class ErofsOutput implements AutoCloseable {
  private static final int BUFFER_BYTES = 256 << 10;

  private final FileChannel channel;
  private final ByteBuffer buffer =
      ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final ByteBuffer window = buffer.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  private long flushed;
  private int inos;

  ErofsOutput(Path file) throws IOException {
    channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  long position() {
    return flushed + buffer.position();
  }

  int nextIno() {
    return ++inos;
  }

  /** The place of the next {@code length} bytes, for the caller to fill at once. */
  ByteBuffer reserve(int length) throws IOException {
    if (buffer.remaining() < length) {
      flush();
    }
    window.limit(buffer.position() + length).position(buffer.position());
    buffer.position(buffer.position() + length);
    return window;
  }

  void put(byte[] bytes) throws IOException {
    for (int from = 0; from < bytes.length; ) {
      if (!buffer.hasRemaining()) {
        flush();
      }
      int length = Math.min(buffer.remaining(), bytes.length - from);
      buffer.put(bytes, from, length);
      from += length;
    }
  }

  void padTo(long position) throws IOException {
    if (position < position()) {
      throw new IllegalStateException("already at " + position() + ", behind " + position);
    }
    while (position() < position) {
      if (!buffer.hasRemaining()) {
        flush();
      }
      int zeros = (int) Math.min(position - position(), buffer.remaining());
      for (int i = 0; i < zeros; i++) {
        buffer.put((byte) 0);
      }
    }
  }

  void finish() throws IOException {
    flush();
  }

  private void flush() throws IOException {
    buffer.flip();
    while (buffer.hasRemaining()) {
      flushed += channel.write(buffer);
    }
    buffer.clear();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
