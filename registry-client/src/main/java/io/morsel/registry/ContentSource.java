package io.morsel.registry;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Content to be written; opened again for every try, with the same bytes each time. */
@FunctionalInterface
public interface ContentSource {
  /** A new stream from the content's beginning; the caller closes it. */
  InputStream open() throws IOException;

  /** A file's content. */
  static ContentSource of(Path file) {
    return () -> Files.newInputStream(file);
  }

  /** A whole blob of another place. */
  static ContentSource of(RemoteBlob blob) {
    return () -> blob.open(0, blob.sizeBytes());
  }
}
