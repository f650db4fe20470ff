package io.morsel.bench.micro;

import io.morsel.stargz.ChunkDecoder;
import io.morsel.stargz.ChunkTable;
import io.morsel.stargz.LayerIndex;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.TocTrust;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A gzip chunk is decoded and verified; for JMH. */
@State(Scope.Thread)
@NullUnmarked // JMH sets it up.
public class DecodeBenchmark {
  /** Morsel's own chunks, and those of other writers. */
  @Param({"512", "4096"})
  public int chunkKib;

  private Path directory;
  private LayerIndex index;
  private ChunkTable table;
  private int chunk;
  private ByteBuffer compressed;
  private ByteBuffer content;
  private ByteBuffer expected;

  /** Builds a layer of one file, which is one chunk. */
  @Setup(Level.Trial)
  public void setUp() throws IOException {
    int bytes = chunkKib << 10;
    SampleBlob blob = SampleBlob.of(1, bytes, bytes);
    directory = Files.createTempDirectory("bench-micro-");
    index =
        LayerIndex.build(
            blob, new TocTrust.Expected(blob.tocDigest()), directory, LayerLimits.DEFAULT);
    table = index.chunks();
    while (table.dataLength(chunk) != bytes) {
      chunk++;
    }
    compressed = blob.direct(table.blobOffset(chunk), table.blobLength(chunk));
    content = ByteBuffer.allocateDirect(bytes + ChunkDecoder.SPARE_BYTES);
    expected = ByteBuffer.allocateDirect(bytes).put(SampleBlob.content(0, bytes)).flip();
  }

  /** Compares all of the last content; deletes what it left. */
  @TearDown(Level.Trial)
  public void tearDown() throws IOException {
    SampleBlob.check(content.flip().equals(expected), "content of a chunk");
    index.close();
    SampleBlob.delete(directory);
  }

  /** Decodes the chunk, and compares its SHA-256. */
  @Benchmark
  public ByteBuffer decode() throws IOException {
    index.decoder().decode(chunk, compressed.duplicate(), content.clear());
    SampleBlob.check(content.position() == table.dataLength(chunk), "length of a chunk");
    return content;
  }
}
