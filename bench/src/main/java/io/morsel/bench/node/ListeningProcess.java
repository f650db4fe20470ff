package io.morsel.bench.node;

import io.morsel.bench.host.HostException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Finds out which process listens on a Unix socket. */
final class ListeningProcess {
  /** In the flags of /proc/net/unix: the socket accepts connections ({@code __SO_ACCEPTCON}). */
  private static final String LISTENS = "00010000";

  private ListeningProcess() {}

  /**
   * The process id of a socket's listener.
   *
   * @throws HostException if nobody listens there
   */
  static long of(Path socket) {
    try {
      String inode = inode(socket);
      try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
        return processes
            .filter(process -> process.getFileName().toString().matches("\\d+"))
            .filter(process -> holds(process, "socket:[" + inode + "]"))
            .mapToLong(process -> Long.parseLong(process.getFileName().toString()))
            .findFirst()
            .orElseThrow(() -> new HostException("no process listens on " + socket));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Num RefCount Protocol Flags Type St Inode Path, as proc(5) says. */
  private static String inode(Path socket) throws IOException {
    List<String> lines = Files.readAllLines(Path.of("/proc/net/unix"));
    for (String line : lines) {
      String[] fields = line.strip().split("\\s+", 8);
      if (fields.length == 8 && fields[3].equals(LISTENS) && fields[7].equals(socket.toString())) {
        return fields[6];
      }
    }
    throw new HostException("nobody listens on " + socket);
  }

  private static boolean holds(Path process, String target) {
    try (Stream<Path> descriptors = Files.list(process.resolve("fd"))) {
      return descriptors.anyMatch(descriptor -> target.equals(link(descriptor)));
    } catch (IOException e) {
      // It ended meanwhile.
      return false;
    }
  }

  private static String link(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      return "";
    }
  }
}
