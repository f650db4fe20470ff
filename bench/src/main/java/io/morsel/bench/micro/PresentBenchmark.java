package io.morsel.bench.micro;

import io.morsel.prefetch.FetchObserver;
import io.morsel.prefetch.FetchPriority;
import io.morsel.prefetch.FetchSettings;
import io.morsel.prefetch.Layer;
import io.morsel.prefetch.LayerSource;
import io.morsel.prefetch.LayerStore;
import io.morsel.stargz.erofs.ErofsImage;
import io.morsel.stargz.erofs.ErofsInode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What is asked of data that is present; for JMH. */
@State(Scope.Thread)
@NullUnmarked // JMH sets it up.
public class PresentBenchmark {
  private static final int FILE_BYTES = 8 << 20;
  private static final int PAGE_BYTES = 4 << 10;
  private static final int READ_AHEAD_BYTES = 128 << 10;

  /** Odd, so that every place is met once before any is met twice. */
  private static final int STRIDE = 97;

  private Path directory;
  private LayerStore store;
  private Layer layer;
  private long nid;
  private long dataOffset;
  private byte[] expected;
  private ByteBuffer target;
  private int next;

  /** Opens a layer of one file of 8 MiB and fetches all of it. */
  @Setup(Level.Trial)
  public void setUp() throws IOException {
    SampleBlob blob = SampleBlob.of(1, FILE_BYTES, 512 << 10);
    directory = Files.createTempDirectory("bench-micro-");
    store = new LayerStore(directory, FetchSettings.DEFAULT, FetchObserver.NONE);
    layer =
        store.open(
            new LayerSource("localhost/sample", blob.digest(), blob.sizeBytes(), blob.tocDigest()),
            blob);
    layer.ensure(0, layer.dataBytes(), FetchPriority.DEMAND);
    ErofsImage tree = layer.tree();
    long parent =
        tree.lookup(tree.rootNid(), SampleBlob.DIRECTORY.getBytes(StandardCharsets.US_ASCII));
    nid = tree.lookup(parent, SampleBlob.name(0).getBytes(StandardCharsets.US_ASCII));
    dataOffset = tree.inode(nid).dataOffset();
    expected = SampleBlob.content(0, FILE_BYTES);
    target = ByteBuffer.allocateDirect(READ_AHEAD_BYTES);
  }

  /** Deletes what it left. */
  @TearDown(Level.Trial)
  public void tearDown() throws IOException {
    layer.close();
    store.close();
    SampleBlob.delete(directory);
  }

  /** {@code ensure} of 128 KiB that are there. */
  @Benchmark
  public long ensureHit() throws IOException {
    int offset = step(READ_AHEAD_BYTES);
    layer.ensure(dataOffset + offset, READ_AHEAD_BYTES, FetchPriority.DEMAND);
    return offset;
  }

  /** A read of 4 KiB that are there. */
  @Benchmark
  public ByteBuffer read4Kib() throws IOException {
    return read(PAGE_BYTES);
  }

  /** A read of 128 KiB that are there. */
  @Benchmark
  public ByteBuffer read128Kib() throws IOException {
    return read(READ_AHEAD_BYTES);
  }

  /**
   * What a FUSE READ of 128 KiB takes in user space before its reply is written: inode, whether the
   * range is present, and its bytes.
   */
  @Benchmark
  public ByteBuffer fuseReadReply() throws IOException {
    ErofsInode inode = layer.tree().inode(nid);
    int offset = step(READ_AHEAD_BYTES);
    SampleBlob.check(
        layer.isPresent(inode.dataOffset() + offset, READ_AHEAD_BYTES), "presence of a range");
    return readAt(offset, READ_AHEAD_BYTES);
  }

  private ByteBuffer read(int bytes) throws IOException {
    return readAt(step(bytes), bytes);
  }

  private ByteBuffer readAt(int offset, int bytes) throws IOException {
    layer.read(dataOffset + offset, target.clear().limit(bytes));
    SampleBlob.check(
        target.position() == bytes
            && target.get(0) == expected[offset]
            && target.get(bytes - 1) == expected[offset + bytes - 1],
        "bytes that were read");
    return target;
  }

  private int step(int bytes) {
    next = (next + STRIDE) % (FILE_BYTES / bytes);
    return next * bytes;
  }
}
