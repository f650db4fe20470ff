package io.morsel.fuse;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;

/**
 * Another process that has a file mapped: a thread of the process that serves the file would wait
 * for itself, since a fault stops the whole Java virtual machine at its next safepoint.
 */
final class MappedReader implements AutoCloseable {
  private final Process process;
  private final BufferedReader output;

  /** Maps the file, and reads its first byte. */
  MappedReader(Path file) throws IOException {
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                MappedReader.class.getName(),
                file.toString())
            .redirectErrorStream(true)
            .start();
    output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    String line = output.readLine();
    if (line == null || !line.startsWith("mapped ")) {
      throw new IOException("the file was not mapped: " + line);
    }
  }

  /** Reads all of the mapping. */
  String sha256() throws IOException {
    process.getOutputStream().write('\n');
    process.getOutputStream().flush();
    return String.valueOf(output.readLine());
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
    process.onExit().orTimeout(20, TimeUnit.SECONDS).join();
  }

  /** The other process. */
  public static void main(String[] args) throws IOException {
    try (FileChannel file = FileChannel.open(Path.of(args[0]));
        Arena arena = Arena.ofConfined()) {
      MemorySegment mapped = file.map(FileChannel.MapMode.READ_ONLY, 0, file.size(), arena);
      System.out.println("mapped " + mapped.get(ValueLayout.JAVA_BYTE, 0));
      while (System.in.read() >= 0) {
        System.out.println(sha256(mapped.toArray(ValueLayout.JAVA_BYTE)));
      }
    }
  }
}
