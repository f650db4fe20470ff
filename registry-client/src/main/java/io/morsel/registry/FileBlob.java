package io.morsel.registry;

import io.morsel.registry.RegistryException.Kind;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;

/** A blob in a local file. */
final class FileBlob implements RemoteBlob {
  private final Path file;
  private final Digest digest;
  private final long sizeBytes;

  FileBlob(Path file, Digest digest, long sizeBytes) {
    this.file = file;
    this.digest = digest;
    this.sizeBytes = sizeBytes;
  }

  @Override
  public Digest digest() {
    return digest;
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public InputStream open(long offsetBytes, long lengthBytes) throws IOException {
    Objects.checkFromIndexSize(offsetBytes, lengthBytes, sizeBytes);
    FileChannel channel;
    try {
      channel = FileChannel.open(file);
    } catch (NoSuchFileException e) {
      throw new RegistryException(Kind.NOT_FOUND, "blob " + file + " does not exist", e);
    }
    try {
      if (channel.size() != sizeBytes) {
        throw new RegistryException(
            Kind.INVALID_RESPONSE,
            "blob " + file + " has " + channel.size() + " bytes instead of " + sizeBytes);
      }
      channel.position(offsetBytes);
      return new Range(channel, lengthBytes);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  private static final class Range extends InputStream implements ReadableByteChannel {
    private final FileChannel channel;
    private final byte[] single = new byte[1];
    private long left;

    Range(FileChannel channel, long length) {
      this.channel = channel;
      this.left = length;
    }

    @Override
    public int read() throws IOException {
      return read(single, 0, 1) < 0 ? -1 : single[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      return read(ByteBuffer.wrap(target, offset, length));
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
      if (!target.hasRemaining()) {
        return 0;
      }
      if (left == 0) {
        return -1;
      }
      int limit = target.limit();
      target.limit(target.position() + (int) Math.min(target.remaining(), left));
      try {
        int count = channel.read(target);
        if (count < 0) {
          throw new EOFException("the file became shorter while it was read");
        }
        left -= count;
        return count;
      } finally {
        target.limit(limit);
      }
    }

    @Override
    public boolean isOpen() {
      return channel.isOpen();
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
