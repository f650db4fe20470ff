package io.morsel.stargz.writer;

import io.morsel.stargz.tar.SparseMap;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * A temporary file that holds the content of a layer's files while their new order is found; gone
 * when closed. For one thread.
 */
final class Spool implements AutoCloseable {
  private static final int BUFFER_BYTES = 256 << 10;

  private final FileChannel channel;
  private final OutputStream appender;
  private final Path file;

  /** A spool in this directory. */
  Spool(Path directory) throws IOException {
    file = Files.createTempFile(directory, "morsel-layer-", ".spool");
    channel =
        FileChannel.open(
            file,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.DELETE_ON_CLOSE);
    appender = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER_BYTES);
  }

  /** Appends to the spool. */
  OutputStream appender() {
    return appender;
  }

  /** Makes what was appended readable. */
  void flush() throws IOException {
    appender.flush();
  }

  /**
   * Reads part of a file, holes as zeros.
   *
   * @param spoolOffset where the file's stored content starts
   * @param fileOffset where in the file to start
   */
  void read(long spoolOffset, SparseMap holes, long fileOffset, byte[] target, int at, int length)
      throws IOException {
    if (!holes.isSparse()) {
      readStored(spoolOffset + fileOffset, target, at, length);
      return;
    }
    Arrays.fill(target, at, at + length, (byte) 0);
    long fileEnd = fileOffset + length;
    for (int part = holes.firstEndingAfter(fileOffset);
        part < holes.count() && holes.offset(part) < fileEnd;
        part++) {
      long start = Math.max(holes.offset(part), fileOffset);
      long end = Math.min(holes.offset(part) + holes.length(part), fileEnd);
      readStored(
          spoolOffset + holes.storedOffset(part) + start - holes.offset(part),
          target,
          at + (int) (start - fileOffset),
          (int) (end - start));
    }
  }

  private void readStored(long position, byte[] target, int at, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(target, at, length);
    long next = position;
    while (buffer.hasRemaining()) {
      int read = channel.read(buffer, next);
      if (read < 0) {
        throw new IOException("spool " + file + " was cut off while it was in use");
      }
      next += read;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
