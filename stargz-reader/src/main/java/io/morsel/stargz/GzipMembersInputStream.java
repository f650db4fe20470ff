package io.morsel.stargz;

import io.morsel.stargz.LayerFormatException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Decompresses a run of gzip members, as eStargz and parallel compressors write them, and checks
 * each trailer.
 *
 * <p>Unlike the JDK's stream it never takes a short read for the end of the last member. Zero bytes
 * behind the last member are padding and are passed over. For one thread.
 */
public final class GzipMembersInputStream extends InputStream {
  /** Holds any header but one with an absurdly long name. */
  private static final int BUFFER_BYTES = 128 << 10;

  private final InputStream source;
  private final Inflater inflater = new Inflater(true);
  private final CRC32 crc = new CRC32();
  private final ByteBuffer input = ByteBuffer.allocate(BUFFER_BYTES).limit(0);
  private boolean inMember;
  private boolean ended;
  private long members;

  /** Decompresses {@code source}, and closes it when closed. */
  public GzipMembersInputStream(InputStream source) {
    this.source = source;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    try {
      while (!ended) {
        if (!inMember && !openMember()) {
          ended = true;
          break;
        }
        int produced = inflater.inflate(target, offset, length);
        if (produced > 0) {
          crc.update(target, offset, produced);
          return produced;
        }
        if (inflater.finished()) {
          closeMember();
        } else if (inflater.needsDictionary()) {
          throw new DataFormatException("it asks for a preset dictionary");
        } else if (!refill()) {
          throw new DataFormatException("it is cut off");
        }
      }
      return -1;
    } catch (DataFormatException e) {
      throw new LayerFormatException(
          Kind.MALFORMED, "gzip stream, member %d: %s".formatted(members, e.getMessage()), e);
    }
  }

  private boolean openMember() throws IOException, DataFormatException {
    refill();
    if (members > 0) {
      while (input.hasRemaining() && input.get(input.position()) == 0) {
        input.get();
        if (!input.hasRemaining()) {
          refill();
        }
      }
    }
    if (!input.hasRemaining()) {
      if (members == 0) {
        throw new DataFormatException("it is empty");
      }
      return false;
    }
    refill();
    members++;
    GzipHeader.skip(input);
    inflater.reset();
    inflater.setInput(input);
    crc.reset();
    inMember = true;
    return true;
  }

  private void closeMember() throws IOException, DataFormatException {
    if (input.remaining() < 8) {
      refill();
    }
    if (input.remaining() < 8) {
      throw new DataFormatException("its trailer is cut off");
    }
    long expectedCrc = littleEndian32();
    long expectedLength = littleEndian32();
    if (expectedCrc != crc.getValue()
        || expectedLength != (inflater.getBytesWritten() & 0xffffffffL)) {
      throw new DataFormatException("it fails the CRC-32 or length in its trailer");
    }
    inMember = false;
  }

  /** Fills the buffer up; false at the end of the source with nothing left in the buffer. */
  private boolean refill() throws IOException {
    input.compact();
    while (input.hasRemaining()) {
      int read =
          source.read(input.array(), input.arrayOffset() + input.position(), input.remaining());
      if (read < 0) {
        break;
      }
      input.position(input.position() + read);
    }
    input.flip();
    return input.hasRemaining();
  }

  private long littleEndian32() {
    long value = 0;
    for (int shift = 0; shift < 32; shift += 8) {
      value |= (input.get() & 0xffL) << shift;
    }
    return value;
  }

  @Override
  public void close() throws IOException {
    inflater.end();
    ended = true;
    source.close();
  }
}
