package io.morsel.stargz;

import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;

/** Contexts for reuse. Safe for use by many threads. */
final class GzipContexts {
  /** Those of the whole process, which decode by what was found fastest when it started. */
  static final GzipContexts SHARED = new GzipContexts(Libdeflate.find());

  private final Optional<Libdeflate> library;

  /** As many as can be busy at once, with a reserve for callers outside the decoding pool. */
  private final ArrayBlockingQueue<GzipContext> idle =
      new ArrayBlockingQueue<>(2 * Runtime.getRuntime().availableProcessors() + 2);

  /** A pool without contexts yet. */
  GzipContexts(Optional<Libdeflate> library) {
    this.library = library;
  }

  /** An idle context, or a new one; to be {@linkplain #give given} back. */
  GzipContext take() {
    @Nullable GzipContext context = idle.poll();
    return context == null ? new GzipContext(library) : context;
  }

  /** Ends the use of a context; {@code reusable} is false where its state is in doubt. */
  void give(GzipContext context, boolean reusable) {
    if (reusable) {
      context.reset();
      if (idle.offer(context)) {
        return;
      }
    }
    context.close();
  }
}
