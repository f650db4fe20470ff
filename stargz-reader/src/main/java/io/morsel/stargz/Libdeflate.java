package io.morsel.stargz;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.zip.Deflater;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The C library libdeflate, on machines that have it: decompresses a whole DEFLATE stream at once,
 * at more than twice the speed of {@link java.util.zip.Inflater}.
 *
 * <p>Source: {@code libdeflate.h}. Safe for use by many threads; a {@link Decompressor} is not.
 */
final class Libdeflate {
  private static final Logger log = LoggerFactory.getLogger(Libdeflate.class);
  private static final String LIBRARY = "libdeflate.so.0";

  // enum libdeflate_result
  private static final int SUCCESS = 0;
  private static final int INSUFFICIENT_SPACE = 3;

  private final MethodHandle alloc;
  private final MethodHandle decompress;
  private final MethodHandle free;

  private Libdeflate(SymbolLookup library) {
    Linker linker = Linker.nativeLinker();
    alloc =
        linker.downcallHandle(
            library.findOrThrow("libdeflate_alloc_decompressor"),
            FunctionDescriptor.of(ValueLayout.ADDRESS));
    decompress =
        linker.downcallHandle(
            library.findOrThrow("libdeflate_deflate_decompress_ex"),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS));
    free =
        linker.downcallHandle(
            library.findOrThrow("libdeflate_free_decompressor"),
            FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));
  }

  /** The library, if this machine has one that decompresses a small stream correctly. */
  static Optional<Libdeflate> find() {
    try {
      Libdeflate library = new Libdeflate(SymbolLookup.libraryLookup(LIBRARY, Arena.global()));
      if (library.works()) {
        log.debug("chunks are decoded by {}", LIBRARY);
        return Optional.of(library);
      }
      log.debug("chunks are decoded by java.util.zip: {} gives wrong results", LIBRARY);
    } catch (IllegalArgumentException | NoSuchElementException | IllegalCallerException e) {
      // Not there, without one of the functions, or native access is forbidden.
      log.debug("chunks are decoded by java.util.zip: {}", e.getMessage());
    }
    return Optional.empty();
  }

  private boolean works() {
    byte[] text = "one stream, one stream, one stream".getBytes(StandardCharsets.US_ASCII);
    ByteBuffer compressed = ByteBuffer.allocateDirect(2 * text.length);
    Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
    deflater.setInput(text);
    deflater.finish();
    deflater.deflate(compressed);
    deflater.end();
    ByteBuffer content = ByteBuffer.allocateDirect(text.length + 1);
    try (Decompressor decompressor = new Decompressor()) {
      return decompressor.decompress(compressed.flip(), content) == text.length
          && content.limit(text.length).equals(ByteBuffer.wrap(text));
    } catch (OutOfMemoryError e) {
      return false;
    }
  }

  /** The working memory of one decompression at a time; owns native memory. */
  final class Decompressor implements AutoCloseable {
    private final MemorySegment state;
    private final MemorySegment produced = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG);

    /** Working memory of the library; an {@link OutOfMemoryError} if there is none. */
    Decompressor() {
      try {
        state = (MemorySegment) alloc.invokeExact();
      } catch (Throwable e) {
        throw unexpected(e);
      }
      if (state.equals(MemorySegment.NULL)) {
        throw new OutOfMemoryError(LIBRARY + " has no memory for a decompressor");
      }
    }

    /**
     * Decompresses the raw DEFLATE stream at the source's position to the target's position, as far
     * as the target has room. Both are direct; neither's position changes.
     *
     * <p>Where the stream holds more than fits, the library says so, and no word on what it has
     * written by then: this returns all of the target's room, and the caller has to verify it.
     *
     * @return how many bytes are there; -1 if the stream is broken or cut off
     */
    int decompress(ByteBuffer source, ByteBuffer target) {
      int result;
      try {
        result =
            (int)
                decompress.invokeExact(
                    state,
                    MemorySegment.ofBuffer(source),
                    (long) source.remaining(),
                    MemorySegment.ofBuffer(target),
                    (long) target.remaining(),
                    MemorySegment.NULL,
                    produced);
      } catch (Throwable e) {
        throw unexpected(e);
      }
      return switch (result) {
        case SUCCESS -> (int) produced.get(ValueLayout.JAVA_LONG, 0);
        case INSUFFICIENT_SPACE -> target.remaining();
        default -> -1;
      };
    }

    @Override
    public void close() {
      try {
        free.invokeExact(state);
      } catch (Throwable e) {
        throw unexpected(e);
      }
    }
  }

  private static RuntimeException unexpected(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return e instanceof RuntimeException runtime ? runtime : new IllegalStateException(e);
  }
}
