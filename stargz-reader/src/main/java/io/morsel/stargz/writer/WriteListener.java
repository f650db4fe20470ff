package io.morsel.stargz.writer;

/** Is told how far the writing of a layer has come; called on the writing thread. */
@FunctionalInterface
public interface WriteListener {
  /**
   * {@code doneBytes} of the layer's {@code totalBytes} bytes of file content have been handed to
   * the compressors.
   */
  void progress(long doneBytes, long totalBytes);
}
