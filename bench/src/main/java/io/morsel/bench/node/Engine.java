package io.morsel.bench.node;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.HostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What runs a node's containers: whoever serves containerd's API on a socket. */
public sealed interface Engine extends AutoCloseable permits Containerd, Core {
  /** Where it listens. */
  Path socket();

  /** Its process id. */
  long pid();

  /** Whether somebody serves containerd's API there. */
  static boolean answers(Path socket) {
    // Not a program each time that somebody looks who waits for it.
    return Files.exists(socket)
        && Command.of("ctr", "--address", socket, "version").run().exitCode() == 0;
  }

  /** {@code ctr WORDS…} against it. */
  default Command ctr(Object... words) {
    return Command.of("ctr", "--address", socket(), List.of(words));
  }

  /** {@code ctr-remote WORDS…} against it. */
  default Command ctrRemote(Object... words) {
    return Command.of("ctr-remote", "--address", socket(), List.of(words));
  }

  /** The digests of the blobs that are in its content store. */
  default List<String> contents() {
    Command.Result result = ctr("content", "ls", "-q").run();
    if (result.exitCode() != 0) {
      throw new HostException("can't list the content: " + result.errors());
    }
    return result.text().lines().toList();
  }

  /** Ends it. */
  @Override
  void close();
}
