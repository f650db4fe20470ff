package io.morsel.bench.image;

import java.util.List;
import java.util.regex.Pattern;

/**
 * Something that is run in a container, and what shows that it did what it should.
 *
 * @param name as results call it
 * @param image where it runs
 * @param command program and arguments; in a server's, {@link #PORT} stands for the port
 * @param kind how it is run, and when it counts as started
 * @param expectedOutput matches all that it prints on standard output, without surrounding white
 *     space; of a server, the body of its first answer
 */
public record Workload(
    String name, BenchImage image, List<String> command, Kind kind, Pattern expectedOutput) {
  /** Stands in a command for the port on loopback that a server listens on. */
  public static final String PORT = "@PORT@";

  /** Makes the command immutable. */
  public Workload {
    command = List.copyOf(command);
  }

  /** How a workload is run. */
  public sealed interface Kind {
    /** Prints something and ends; has started when the first byte comes. */
    record Output() implements Kind {}

    /**
     * Serves HTTP on the host's network until it is ended; has started when it answers its first
     * request with 200.
     *
     * @param path of the request, beginning with a slash
     */
    record Server(String path) implements Kind {}

    /**
     * Reads files and prints how many bytes that were; of interest is when it ends.
     *
     * @param percent the share of the image's file contents
     * @param bytes what that share is
     */
    record Read(int percent, long bytes) implements Kind {}
  }

  /** The command of a server that is to listen on this port of loopback. */
  public List<String> command(int port) {
    return command.stream().map(word -> word.replace(PORT, Integer.toString(port))).toList();
  }

  /** Whether the output, or the body of a server's answer, is what this workload must give. */
  public boolean accepts(String output) {
    return expectedOutput.matcher(output.strip()).matches();
  }
}
