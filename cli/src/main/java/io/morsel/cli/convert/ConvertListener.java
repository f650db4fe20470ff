package io.morsel.cli.convert;

import io.morsel.registry.Descriptor;

/** Is told how a conversion goes on; called by many threads, must be quick. */
public interface ConvertListener {
  /** Nobody listens. */
  ConvertListener NONE = new ConvertListener() {};

  /** What is being done with a layer. */
  enum Phase {
    /** It is read and unpacked: counted in compressed bytes. */
    READING,
    /** It is compressed anew: counted in bytes of file content. */
    COMPRESSING,
    /** It is written to its new place: nothing is counted. */
    WRITING
  }

  /** Work at a layer has come this far. */
  default void progress(Descriptor layer, Phase phase, long doneBytes, long totalBytes) {}

  /** A layer is done and in its new place; {@code reused} if it was as wanted already. */
  default void done(Descriptor layer, Descriptor converted, boolean reused) {}

  /** Something that the user should know, as a sentence without its full stop. */
  default void note(String text) {}
}
