package io.morsel.stargz.writer;

import io.morsel.stargz.LayerFormat;
import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.LayerFormatException.Kind;
import io.morsel.stargz.LayerLimits;
import io.morsel.stargz.LayerStreams;
import io.morsel.stargz.tar.ByteStrings;
import io.morsel.stargz.tar.TarEntry;
import io.morsel.stargz.tar.TarHeaders;
import io.morsel.stargz.tar.TarReader;
import io.morsel.stargz.tar.TarType;
import io.morsel.stargz.writer.LayerEntries.Item;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;

/**
 * Writes eStargz, or legacy stargz, of ordinary image layers.
 *
 * <p>The input may be a tar, plain or compressed by gzip or zstd, also one that is eStargz already:
 * its TOC and landmarks are left out. The output is a gzip-compressed tar like any other to who
 * does not know the format, and holds the same files. The same input and options always give the
 * same bytes.
 *
 * <p>Safe for use by many threads, each with a layer of its own. A layer takes temporary disk space
 * of its uncompressed size, about 100 MiB of memory at most for content, and some hundred bytes for
 * each entry.
 */
public final class EstargzWriter {
  /** The file that stands behind the prioritized files. */
  static final String PREFETCH_LANDMARK = ".prefetch.landmark";

  /** The file that says that there are no prioritized files. */
  static final String NO_PREFETCH_LANDMARK = ".no.prefetch.landmark";

  private static final byte LANDMARK_CONTENT = 0xf;

  /** Headers without content between them are spread over members of about this size. */
  private static final int MAX_HEADER_BYTES = 4 << 20;

  /** With keys and lengths of PAX records it stays below what readers accept. */
  private static final int MAX_METADATA_BYTES = TarReader.MAX_EXTENSION_BYTES / 2;

  private final EstargzOptions options;
  private final ExecutorService compressors;
  private final Path scratchDirectory;

  /**
   * A writer with these options.
   *
   * @param compressors run what takes the processor; as many threads as cores to be used. Several
   *     layers may share them
   * @param scratchDirectory where temporary files are made; they are gone when a layer is done
   */
  public EstargzWriter(EstargzOptions options, ExecutorService compressors, Path scratchDirectory) {
    this.options = options;
    this.compressors = compressors;
    this.scratchDirectory = scratchDirectory;
  }

  /**
   * Reads a layer to its end and writes it anew; both streams stay open.
   *
   * @throws LayerFormatException if the input is no layer, or exceeds the limits
   * @throws InterruptedIOException if the thread is interrupted
   */
  public EstargzLayer write(InputStream layer, OutputStream blob, WriteListener listener)
      throws IOException {
    try (Spool spool = new Spool(scratchDirectory)) {
      LayerEntries entries = new LayerEntries();
      long totalBytes = read(layer, entries, spool);
      DigestingOutput output = new DigestingOutput(blob);
      try (MemberPipeline pipeline =
          new MemberPipeline(output, compressors, options.compressionLevel())) {
        return new Run(spool, pipeline, output, totalBytes, listener).write(entries);
      }
    }
  }

  /** Reads all entries, spools their content, and returns the size of all files. */
  private long read(InputStream layer, LayerEntries entries, Spool spool) throws IOException {
    LayerLimits limits = options.limits();
    long entryCount = 0;
    long metadataBytes = 0;
    long dataBytes = 0;
    long spooled = 0;
    try (InputStream tar = LayerStreams.uncompressed(layer)) {
      TarReader reader = new TarReader(tar);
      TarEntry entry = reader.next();
      while (entry != null) {
        checkInterrupt();
        entryCount += 1 + entry.sizeBytes() / options.chunkBytes();
        metadataBytes += checkedMetadataBytes(entry);
        dataBytes += entry.sizeBytes();
        checkLimit(entryCount, limits.maxEntries(), "entries and chunks");
        checkLimit(metadataBytes, limits.maxTocBytes(), "bytes of names and attributes");
        checkLimit(dataBytes, limits.maxDataBytes(), "bytes of files");
        if (!isGenerated(entry)) {
          entries.add(entry, spooled);
          spooled += reader.copyTo(spool.appender());
        }
        entry = reader.next();
      }
      spool.flush();
      tar.transferTo(OutputStream.nullOutputStream()); // What is behind the tar's end.
    }
    return dataBytes;
  }

  private static void checkLimit(long value, long limit, String what) throws LayerFormatException {
    if (value > limit) {
      throw new LayerFormatException(
          Kind.TOO_LARGE, "layer with more than %d %s".formatted(limit, what));
    }
  }

  private static void checkInterrupt() throws InterruptedIOException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("interrupted while writing a layer");
    }
  }

  /** What an entry takes of memory; no more than every reader of tars accepts in a header. */
  private static long checkedMetadataBytes(TarEntry entry) throws LayerFormatException {
    long bytes = (long) entry.name().length() + entry.linkName().length();
    for (var xattr : entry.xattrs().entrySet()) {
      bytes += xattr.getKey().length() + xattr.getValue().length();
    }
    for (var pax : entry.otherRecords().entrySet()) {
      bytes += pax.getKey().length() + pax.getValue().length();
    }
    if (bytes > MAX_METADATA_BYTES) {
      String name = entry.name();
      throw new LayerFormatException(
          Kind.TOO_LARGE,
          "layer with %d bytes of names and attributes at %s; at most %d are accepted"
              .formatted(
                  bytes,
                  ByteStrings.text(name.substring(0, Math.min(200, name.length()))),
                  MAX_METADATA_BYTES));
    }
    return bytes + 16L * entry.holes().count();
  }

  /** Whether an earlier conversion made this entry. */
  private static boolean isGenerated(TarEntry entry) throws LayerFormatException {
    return switch (ByteStrings.cleanPath(entry.name())) {
      case TocJson.FILE_NAME, PREFETCH_LANDMARK, NO_PREFETCH_LANDMARK -> true;
      default -> false;
    };
  }

  /** The writing of one layer. */
  private final class Run {
    private final Spool spool;
    private final MemberPipeline pipeline;
    private final DigestingOutput output;
    private final long totalBytes;
    private final WriteListener listener;
    private final MessageDigest diffId = Hashes.sha256();
    private final List<TocJson.Written> written = new ArrayList<>();
    private Member member = new Member();
    private long uncompressedBytes;
    private long doneBytes;

    Run(
        Spool spool,
        MemberPipeline pipeline,
        DigestingOutput output,
        long totalBytes,
        WriteListener listener) {
      this.spool = spool;
      this.pipeline = pipeline;
      this.output = output;
      this.totalBytes = totalBytes;
      this.listener = listener;
    }

    EstargzLayer write(LayerEntries entries) throws IOException {
      List<String> missing = new ArrayList<>();
      Set<Item> first = entries.prioritized(options.prioritizedFiles(), missing);
      for (Item item : first) {
        write(item);
      }
      if (options.format() == LayerFormat.ESTARGZ) {
        writeLandmark(first.isEmpty() ? NO_PREFETCH_LANDMARK : PREFETCH_LANDMARK);
      }
      for (Item item : entries.inOrder()) {
        if (!first.contains(item)) {
          write(item);
        }
      }
      closeMember();
      pipeline.drain();
      TocTail tail = TocTail.write(options, written, output, diffId);
      output.flush();
      return new EstargzLayer(
          output.digest(),
          output.count(),
          Hashes.spelled(diffId.digest()),
          uncompressedBytes + tail.uncompressedBytes(),
          tail.tocDigest(),
          missing);
    }

    private void write(Item item) throws IOException {
      checkInterrupt();
      TarEntry entry = item.entry();
      TarHeaders.write(entry, member.content());
      if (entry.type() != TarType.REGULAR || entry.sizeBytes() == 0) {
        written.add(new TocJson.Written(entry, List.of(), null));
        if (headerBytes() > MAX_HEADER_BYTES) {
          closeMember();
        }
        return;
      }
      List<Member.Chunk> chunks = new ArrayList<>(1);
      MessageDigest sha256 = Hashes.sha256();
      long size = entry.sizeBytes();
      boolean whole = size <= options.chunkBytes(); // Then its chunk's digest is its own.
      for (long offset = 0; offset < size; offset += options.chunkBytes()) {
        checkInterrupt();
        Member.Chunk chunk = addChunk(offset, (int) Math.min(options.chunkBytes(), size - offset));
        byte[] target = member.content().array();
        spool.read(
            item.spoolOffset(), entry.holes(), offset, target, chunk.innerOffset, chunk.length);
        if (!whole) {
          sha256.update(target, chunk.innerOffset, chunk.length);
        }
        chunks.add(chunk);
        doneBytes += chunk.length;
        listener.progress(doneBytes, totalBytes);
      }
      pad(size);
      written.add(
          new TocJson.Written(
              entry, List.copyOf(chunks), whole ? null : Hashes.spelled(sha256.digest())));
    }

    /** The landmark starts a member in any case, so that its offset parts the blob in two. */
    private void writeLandmark(String name) throws IOException {
      TarEntry entry = TarEntry.file(name, 0444, 1);
      TarHeaders.write(entry, member.content());
      closeMember();
      Member.Chunk chunk = member.addChunk(0, 1);
      member.content().array()[chunk.innerOffset] = LANDMARK_CONTENT;
      pad(1);
      written.add(new TocJson.Written(entry, List.of(chunk), null));
    }

    /** A chunk at the start of a member, or behind others where members are shared. */
    private Member.Chunk addChunk(long fileOffset, int length) throws IOException {
      if (member.chunkBytes() >= options.minMemberBytes() || headerBytes() > MAX_HEADER_BYTES) {
        closeMember();
      }
      return member.addChunk(fileOffset, length);
    }

    private long headerBytes() {
      return member.content().size() - member.chunkBytes();
    }

    private void pad(long size) {
      member.content().extend(TarHeaders.padding(size));
    }

    private void closeMember() throws IOException {
      GrowingBuffer content = member.content();
      if (content.size() > 0) {
        diffId.update(content.array(), 0, content.size());
        uncompressedBytes += content.size();
        pipeline.submit(member);
        member = new Member();
      }
    }
  }
}
