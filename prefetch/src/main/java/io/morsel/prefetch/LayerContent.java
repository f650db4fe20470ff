package io.morsel.prefetch;

import io.morsel.stargz.erofs.ErofsImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * What a front end shows to the kernel: a tree, and the bytes of its files.
 *
 * <p>The seam between the filesystem and where content comes from; safe for use by many threads.
 */
public interface LayerContent {
  /** The layer's name in messages and metrics: its digest. */
  String name();

  /** Names, inodes and extended attributes. */
  ErofsImage tree();

  /**
   * Whether {@link #read} of this range returns without fetching: the caller may then read on a
   * thread that must not block for long.
   */
  boolean isPresent(long dataOffset, int lengthBytes);

  /**
   * Reads verified bytes of the layer's data into {@code target}, as many as it has room for, and
   * fetches what is absent.
   *
   * @throws IOException if the bytes can't be had, or fail their verification
   * @throws java.io.InterruptedIOException if the calling thread is interrupted while it waits
   */
  void read(long dataOffset, ByteBuffer target) throws IOException;

  /**
   * The sparse file that holds the layer's data. Only {@link #completed} says that all of it is
   * there; until then a hole looks like zeros.
   */
  Path dataFile();

  /**
   * Completes once every byte is verified and on the disk, so that {@link #dataFile} may be read
   * without asking; never where that does not come to pass. Dependent actions run on a thread that
   * must not be held up.
   */
  CompletableFuture<Void> completed();

  /** Size of the layer's regular files in bytes, for {@code statfs}. */
  long dataBytes();

  /**
   * Which content this is, for a later process that is to go on showing it; empty where only this
   * one can.
   *
   * @throws IOException if that can't be found out
   */
  default Optional<ContentIdentity> identity() throws IOException {
    return Optional.empty();
  }
}
