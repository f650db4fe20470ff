package io.morsel.stargz.writer;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * Compresses members on many threads and writes them in the order in which they came.
 *
 * <p>At most {@link #MAX_BYTES} of uncompressed members, or one member, are under way at a time.
 * For one thread; the compressing itself happens on the executor's.
 */
final class MemberPipeline implements AutoCloseable {
  private static final long MAX_BYTES = 48 << 20;
  private static final int MAX_MEMBERS = 256;
  private static final byte[] HEADER = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, (byte) 0xff};

  private final DigestingOutput blob;
  private final ExecutorService workers;
  private final int level;
  private final Deque<Work> underway = new ArrayDeque<>();
  private final ConcurrentLinkedQueue<Deflater> deflaters = new ConcurrentLinkedQueue<>();
  private volatile boolean closed;
  private long bytesUnderway;

  private record Work(Member member, int bytes, Future<GrowingBuffer> compressed) {}

  MemberPipeline(DigestingOutput blob, ExecutorService workers, int level) {
    this.blob = blob;
    this.workers = workers;
    this.level = level;
  }

  /** Hands a member to the workers; the caller must not change it any more. */
  void submit(Member member) throws IOException {
    int bytes = member.content().size();
    while (!underway.isEmpty()
        && (bytesUnderway + bytes > MAX_BYTES || underway.size() >= MAX_MEMBERS)) {
      writeFirst();
    }
    underway.addLast(new Work(member, bytes, workers.submit(() -> compress(member))));
    bytesUnderway += bytes;
    while (!underway.isEmpty() && underway.getFirst().compressed().isDone()) {
      writeFirst();
    }
  }

  /** Waits until all members have been written. */
  void drain() throws IOException {
    while (!underway.isEmpty()) {
      writeFirst();
    }
  }

  private void writeFirst() throws IOException {
    Work work = underway.removeFirst();
    try {
      GrowingBuffer compressed = work.compressed.get();
      work.member.written(blob.count());
      blob.write(compressed.array(), 0, compressed.size());
    } catch (InterruptedException e) {
      work.compressed.cancel(true);
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while compressing a layer");
    } catch (ExecutionException e) {
      throw new IOException("compressing a layer failed: " + e.getCause(), e.getCause());
    }
    bytesUnderway -= work.bytes;
  }

  private GrowingBuffer compress(Member member) {
    GrowingBuffer content = member.content();
    MessageDigest sha256 = Hashes.sha256();
    for (Member.Chunk chunk : member.chunks()) {
      sha256.update(content.array(), chunk.innerOffset, chunk.length);
      chunk.sha256 = sha256.digest();
    }
    @Nullable Deflater pooled = deflaters.poll();
    Deflater deflater = pooled == null ? new Deflater(level, true) : pooled;
    try {
      GrowingBuffer compressed = new GrowingBuffer(HEADER.length + content.size() / 2 + 64);
      compressed.writeBytes(HEADER);
      deflater.setInput(content.array(), 0, content.size());
      deflater.finish();
      while (!deflater.finished()) {
        int room = Math.max(512, compressed.array().length - compressed.size());
        int at = compressed.extend(room);
        compressed.truncate(at + deflater.deflate(compressed.array(), at, room));
      }
      CRC32 crc = new CRC32();
      crc.update(content.array(), 0, content.size());
      compressed.putLittleEndian32(crc.getValue());
      compressed.putLittleEndian32(content.size());
      return compressed;
    } finally {
      deflater.reset();
      deflater.setInput(new byte[0]);
      if (closed) {
        deflater.end();
      } else {
        deflaters.add(deflater);
      }
    }
  }

  /** Gives up what has not been written. */
  @Override
  public void close() {
    closed = true;
    underway.forEach(work -> work.compressed.cancel(true));
    underway.clear();
    Deflater deflater = deflaters.poll();
    while (deflater != null) {
      deflater.end();
      deflater = deflaters.poll();
    }
  }
}
