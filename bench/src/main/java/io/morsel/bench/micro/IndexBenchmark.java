package io.morsel.bench.micro;

import io.morsel.fuse.protocol.Attr;
import io.morsel.fuse.protocol.EntryOut;
import io.morsel.fuse.protocol.OutHeader;
import io.morsel.stargz.LayerIndex;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.TocTrust;
import io.morsel.stargz.erofs.ErofsImage;
import io.morsel.stargz.erofs.ErofsInode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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

/** What is done with the index of a layer of 10,000 entries; for JMH. */
@State(Scope.Thread)
@NullUnmarked // JMH sets it up.
public class IndexBenchmark {
  private static final int ENTRIES = 10_000;

  /** Prime to the number of entries: each is met once before any is met twice. */
  private static final int STRIDE = 7_919;

  private static final int FILE_BYTES = 200;
  private static final long VALID_SECONDS = Integer.MAX_VALUE;

  private Path directory;
  private SampleBlob blob;
  private LayerIndex index;
  private long parent;
  private byte[][] names;
  private long[] nids;
  private MemorySegment reply;
  private int next;

  /** Builds the layer, and its index once. */
  @Setup(Level.Trial)
  public void setUp() throws IOException {
    blob = SampleBlob.of(ENTRIES, FILE_BYTES, 512 << 10);
    directory = Files.createTempDirectory("bench-micro-");
    index = build();
    ErofsImage tree = index.tree();
    parent = tree.lookup(tree.rootNid(), SampleBlob.DIRECTORY.getBytes(StandardCharsets.US_ASCII));
    names = new byte[ENTRIES][];
    nids = new long[ENTRIES];
    for (int i = 0; i < ENTRIES; i++) {
      names[i] = SampleBlob.name(i).getBytes(StandardCharsets.US_ASCII);
    }
    tree.list(
        parent,
        0,
        (name, nid, type, cookie) -> {
          String text = new String(name, StandardCharsets.US_ASCII);
          if (!text.startsWith(".")) {
            nids[Integer.parseInt(text.substring(7, 14))] = nid;
          }
          return true;
        });
    reply = Arena.ofAuto().allocate(4096, 8);
  }

  private LayerIndex build() throws IOException {
    return LayerIndex.build(
        blob, new TocTrust.Expected(blob.tocDigest()), directory, LayerLimits.DEFAULT);
  }

  /** Deletes what it left. */
  @TearDown(Level.Trial)
  public void tearDown() throws IOException {
    index.close();
    SampleBlob.delete(directory);
  }

  /** Footer and TOC of the layer become an index: read, verified, written, synced and opened. */
  @Benchmark
  public long tocToIndex() throws IOException {
    try (LayerIndex built = build()) {
      long inodes = built.tree().inodeCount();
      SampleBlob.check(inodes >= ENTRIES && built.chunks().count() >= ENTRIES, "entries");
      return inodes;
    }
  }

  /** One name is found in a directory of 10,000. */
  @Benchmark
  public long lookup() throws IOException {
    int i = step();
    long nid = index.tree().lookup(parent, names[i]);
    SampleBlob.check(nid == nids[i], "inode of a name");
    return nid;
  }

  /**
   * What a FUSE LOOKUP takes in user space: name, inode, and the reply as the kernel reads it. The
   * request's way through /dev/fuse is not part of it.
   */
  @Benchmark
  public long fuseLookupReply() throws IOException {
    int i = step();
    ErofsImage tree = index.tree();
    long nid = tree.lookup(parent, names[i]);
    ErofsInode inode = tree.inode(nid);
    OutHeader.put(reply, 0, EntryOut.BYTES, 0, i);
    EntryOut.put(reply, OutHeader.BYTES, nid, VALID_SECONDS);
    Attr.put(
        reply,
        OutHeader.BYTES + EntryOut.ATTR_OFFSET,
        inode.ino(),
        inode.sizeBytes(),
        8,
        inode.mtimeSeconds(),
        inode.mtimeNanos(),
        inode.mode(),
        inode.nlink(),
        inode.uid(),
        inode.gid(),
        inode.rdev());
    SampleBlob.check(
        nid == nids[i] && reply.get(ValueLayout.JAVA_INT, 0) == OutHeader.BYTES + EntryOut.BYTES,
        "reply to LOOKUP");
    return nid;
  }

  private int step() {
    next = (next + STRIDE) % ENTRIES;
    return next;
  }
}
