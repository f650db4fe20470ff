package io.morsel.fuse;

import io.morsel.prefetch.ContentIdentity;
import io.morsel.prefetch.LayerContent;
import io.morsel.registry.Digest;
import io.morsel.stargz.erofs.ErofsImage;
import io.morsel.stargz.erofs.ErofsNode;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Content whose bytes are computed from their offset, but for a few files that are given. Ranges
 * can be absent, so that reads must fetch them, and fetching can wait for ever or fail.
 */
final class SampleContent implements LayerContent {
  private final String name;
  private final ErofsImage tree;
  private final long dataBytes;
  private final NavigableMap<Long, byte[]> given;
  private final Map<Long, CountDownLatch> gates = new ConcurrentHashMap<>();
  private final Map<Long, IOException> failures = new ConcurrentHashMap<>();
  private final SampleLayer layer;
  private final Path dataFile;
  private final CompletableFuture<Void> completed;
  private volatile boolean absent;

  final AtomicInteger waiting = new AtomicInteger();
  final AtomicInteger interrupted = new AtomicInteger();
  final AtomicLong reads = new AtomicLong();
  final AtomicLong largestRead = new AtomicLong();

  SampleContent(
      String name,
      SampleLayer layer,
      ErofsImage tree,
      long dataBytes,
      NavigableMap<Long, byte[]> given,
      Path dataFile,
      CompletableFuture<Void> completed) {
    this.layer = layer;
    this.dataFile = dataFile;
    this.completed = completed;
    this.name = name;
    this.tree = tree;
    this.dataBytes = dataBytes;
    this.given = new TreeMap<>(given);
  }

  /** The same content with another tree. */
  SampleContent with(ErofsImage view) {
    return new SampleContent(name, layer, view, dataBytes, given, dataFile, completed);
  }

  /** The byte at this offset of generated data. */
  static byte generated(long offset) {
    long word = (offset >>> 3) * 0x9E3779B97F4A7C15L;
    word ^= word >>> 29;
    return (byte) (word >>> (8 * (offset & 7)));
  }

  /** From now on nothing counts as present. */
  void makeAbsent() {
    absent = true;
  }

  /** Reads that touch the 4 KiB block at this offset wait until the gate is opened. */
  CountDownLatch closeGate(long dataOffset) {
    CountDownLatch gate = new CountDownLatch(1);
    gates.put(dataOffset / 4096, gate);
    return gate;
  }

  /** Reads that touch the 4 KiB block at this offset fail. */
  void fail(long dataOffset, IOException failure) {
    failures.put(dataOffset / 4096, failure);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public ErofsImage tree() {
    return tree;
  }

  @Override
  public boolean isPresent(long dataOffset, int lengthBytes) {
    if (absent) {
      return false;
    }
    for (long block = dataOffset / 4096; block * 4096 < dataOffset + lengthBytes; block++) {
      if (gates.containsKey(block) || failures.containsKey(block)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void read(long dataOffset, ByteBuffer target) throws IOException {
    long end = dataOffset + target.remaining();
    reads.incrementAndGet();
    largestRead.accumulateAndGet(target.remaining(), Math::max);
    if (dataOffset < 0 || end > dataBytes) {
      throw new IOException("a read past the data: " + dataOffset + " to " + end);
    }
    for (long block = dataOffset / 4096; block * 4096 < end; block++) {
      await(gates.get(block));
      IOException failure = failures.get(block);
      if (failure != null) {
        throw failure;
      }
    }
    for (long at = dataOffset; at < end; ) {
      Map.Entry<Long, byte[]> file = given.floorEntry(at);
      if (file != null && at < file.getKey() + file.getValue().length) {
        int from = (int) (at - file.getKey());
        int length = (int) Math.min(end - at, file.getValue().length - from);
        target.put(file.getValue(), from, length);
        at += length;
      } else {
        target.put(generated(at++));
      }
    }
  }

  private void await(@Nullable CountDownLatch gate) throws IOException {
    if (gate == null) {
      return;
    }
    waiting.incrementAndGet();
    try {
      gate.await();
    } catch (InterruptedException e) {
      interrupted.incrementAndGet();
      throw new InterruptedIOException("the read was given up");
    } finally {
      waiting.decrementAndGet();
    }
  }

  /** Writes the data file, and calls it complete. */
  void complete() throws IOException {
    try (FileChannel file =
        FileChannel.open(dataFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      file.truncate(0);
      for (ErofsNode node : layer.files()) {
        if (node.sizeBytes() > 0) {
          ByteBuffer bytes = ByteBuffer.wrap(layer.expected(node, 0, (int) node.sizeBytes()));
          for (long at = node.dataOffset(); bytes.hasRemaining(); ) {
            at += file.write(bytes, at);
          }
        }
      }
      if (file.size() < dataBytes) {
        file.write(ByteBuffer.allocate(1), dataBytes - 1);
      }
    }
    completed.complete(null);
  }

  @Override
  public Path dataFile() {
    return dataFile;
  }

  @Override
  public CompletableFuture<Void> completed() {
    return completed.copy();
  }

  @Override
  public long dataBytes() {
    return dataBytes;
  }

  @Override
  public Optional<ContentIdentity> identity() {
    return Optional.of(
        new ContentIdentity(
            Digest.parse(name),
            HexFormat.of().toHexDigits(dataBytes),
            HexFormat.of().toHexDigits(tree.rootNid())));
  }
}
