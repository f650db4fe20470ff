package io.morsel.fuse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.opentest4j.TestAbortedException;

/** What the tests of EROFS views share. */
final class ErofsMounters {
  private ErofsMounters() {}

  /** A mounter; the test is left out where this kernel has no EROFS that reads from files. */
  static ErofsMounter open(Path directory) throws IOException {
    return open(directory, Duration.ZERO);
  }

  /** The same, whose mounts stay as they are for so long after they were handed out. */
  static ErofsMounter open(Path directory, Duration switchDelay) throws IOException {
    DirectMounter fuse = new DirectMounter();
    try {
      return ErofsMounter.open(fuse, directory.resolve("views"), switchDelay);
    } catch (IOException e) {
      fuse.close();
      throw new TestAbortedException("EROFS views don't work here: " + e.getMessage(), e);
    }
  }

  /** EROFS has all the numbers there are, and all that it does not use are free. */
  static String inodes(SampleContent content) {
    return "18446744073709551615 " + (-1 - content.tree().inodeCount());
  }

  /** How many blocks EROFS shows: those of the image too. */
  static long blocks(SampleContent content) throws IOException {
    return (content.dataBytes() + Files.size(content.tree().file())) / 4096;
  }
}
