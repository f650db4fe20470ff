package io.morsel.prefetch;

import io.morsel.stargz.ChunkDecoder;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Direct buffers for reuse, in sizes that are powers of two, each with the room behind it that
 * decoders like to have.
 *
 * <p>Bounded in what lies idle; what is in use is bounded by those who take. Safe for use by many
 * threads.
 *
 * <p>From {@code malloc}: Java's own are filled with zeros first, which makes all of them resident,
 * and are only freed once the garbage collector has found them, in a heap where it seldom looks.
 */
final class BufferPool implements AutoCloseable {
  private static final int SMALLEST_SHIFT = 12;
  private static final int LARGEST_SHIFT = 30;
  private static final int SPARE_BYTES = ChunkDecoder.SPARE_BYTES;

  private static final MethodHandle MALLOC =
      function("malloc", FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
  private static final MethodHandle FREE =
      function("free", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));

  private final long maxIdleBytes;
  private final AtomicLong idleBytes = new AtomicLong();
  private final AtomicLong takenBytes = new AtomicLong();
  private final ConcurrentLinkedQueue<ByteBuffer>[] idle;
  private volatile boolean closed;

  /** A pool that keeps at most this much for reuse. */
  @SuppressWarnings({"unchecked", "rawtypes"}) // Java has no arrays of parameterized types.
  BufferPool(long maxIdleBytes) {
    this.maxIdleBytes = maxIdleBytes;
    this.idle = new ConcurrentLinkedQueue[LARGEST_SHIFT - SMALLEST_SHIFT + 1];
    for (int i = 0; i < idle.length; i++) {
      idle[i] = new ConcurrentLinkedQueue<>();
    }
  }

  private static MethodHandle function(String name, FunctionDescriptor type) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
  }

  /**
   * A buffer with this limit, to be given back by {@link #give}; at least {@link
   * ChunkDecoder#SPARE_BYTES} are behind the limit. What is in it is anything.
   */
  ByteBuffer take(int lengthBytes) {
    int shift = shift(lengthBytes);
    ByteBuffer buffer = idle[shift - SMALLEST_SHIFT].poll();
    if (buffer == null) {
      buffer = allocate((1 << shift) + SPARE_BYTES);
    } else {
      idleBytes.addAndGet(-buffer.capacity());
    }
    takenBytes.addAndGet(buffer.capacity());
    return buffer.clear().limit(lengthBytes);
  }

  /** Takes a buffer back; nobody may use it, nor a view of it, any more. */
  void give(ByteBuffer buffer) {
    int capacity = buffer.capacity();
    takenBytes.addAndGet(-capacity);
    if (idleBytes.addAndGet(capacity) > maxIdleBytes) {
      idleBytes.addAndGet(-capacity);
      free(buffer);
      return;
    }
    idle[shift(capacity - SPARE_BYTES) - SMALLEST_SHIFT].add(buffer);
    if (closed) {
      freeIdle();
    }
  }

  /** How many bytes are taken and not given back. */
  long takenBytes() {
    return takenBytes.get();
  }

  /** Frees what lies idle, now and whenever a buffer is given back from now on. */
  @Override
  public void close() {
    closed = true;
    freeIdle();
  }

  private void freeIdle() {
    for (ConcurrentLinkedQueue<ByteBuffer> buffers : idle) {
      for (ByteBuffer buffer = buffers.poll(); buffer != null; buffer = buffers.poll()) {
        idleBytes.addAndGet(-buffer.capacity());
        free(buffer);
      }
    }
  }

  private static ByteBuffer allocate(int bytes) {
    MemorySegment memory;
    try {
      memory = (MemorySegment) MALLOC.invokeExact((long) bytes);
    } catch (Throwable e) {
      throw new IllegalStateException("malloc", e);
    }
    if (memory.address() == 0) {
      throw new OutOfMemoryError("no memory for a buffer of " + bytes + " bytes");
    }
    return memory.reinterpret(bytes).asByteBuffer();
  }

  private static void free(ByteBuffer buffer) {
    try {
      FREE.invokeExact(MemorySegment.ofBuffer(buffer.clear()));
    } catch (Throwable e) {
      throw new IllegalStateException("free", e);
    }
  }

  private static int shift(int lengthBytes) {
    if (lengthBytes > 1 << LARGEST_SHIFT) {
      throw new IllegalArgumentException("a buffer of " + lengthBytes + " bytes");
    }
    return Math.max(
        SMALLEST_SHIFT, 32 - Integer.numberOfLeadingZeros(Math.max(1, lengthBytes) - 1));
  }
}
