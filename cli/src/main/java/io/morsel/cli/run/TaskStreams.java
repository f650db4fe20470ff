package io.morsel.cli.run;

import io.morsel.runtime.linux.Linux;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A task's standard streams: FIFOs that the shim opens at their other ends, and the threads that
 * copy between them and this process's own streams.
 *
 * <p>The threads are platform threads, since waiting for a FIFO keeps the carrier of a virtual one.
 */
final class TaskStreams implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(TaskStreams.class);
  private static final int BUFFER_BYTES = 1 << 16;

  private final Path directory;
  private final Optional<Path> stdin;
  private final Optional<Path> stdout;
  private final Optional<Path> stderr;
  private final List<FileChannel> held = new ArrayList<>();
  private final List<Thread> outputs = new ArrayList<>();

  private TaskStreams(
      Path directory, Optional<Path> stdin, Optional<Path> stdout, Optional<Path> stderr) {
    this.directory = directory;
    this.stdin = stdin;
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /**
   * Makes the FIFOs.
   *
   * @param parent where; its path is part of theirs
   * @param id the container
   * @param stdin whether there is a standard input
   * @param stdout whether there is a standard output
   * @param stderr whether there is a standard error beside it
   */
  static TaskStreams create(
      Path parent, String id, boolean stdin, boolean stdout, boolean stderr) throws IOException {
    Files.createDirectories(
        parent, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
    Path directory = Files.createTempDirectory(parent, "");
    TaskStreams streams =
        new TaskStreams(
            directory,
            fifo(directory, id + "-stdin", stdin),
            fifo(directory, id + "-stdout", stdout),
            fifo(directory, id + "-stderr", stderr));
    boolean made = false;
    try {
      for (Path fifo : streams.all()) {
        Linux.mkfifo(fifo);
        // Who opens one end waits for who opens the other, but for who opens both.
        streams.held.add(
            FileChannel.open(fifo, StandardOpenOption.READ, StandardOpenOption.WRITE));
      }
      made = true;
      return streams;
    } finally {
      if (!made) {
        streams.close();
      }
    }
  }

  private static Optional<Path> fifo(Path directory, String name, boolean wanted) {
    return wanted ? Optional.of(directory.resolve(name)) : Optional.empty();
  }

  private List<Path> all() {
    List<Path> all = new ArrayList<>();
    stdin.ifPresent(all::add);
    stdout.ifPresent(all::add);
    stderr.ifPresent(all::add);
    return all;
  }

  /** The FIFO's path, or nothing, as the tasks service takes it. */
  String stdin() {
    return stdin.map(Path::toString).orElse("");
  }

  /** The FIFO's path, or nothing, as the tasks service takes it. */
  String stdout() {
    return stdout.map(Path::toString).orElse("");
  }

  /** The FIFO's path, or nothing, as the tasks service takes it. */
  String stderr() {
    return stderr.map(Path::toString).orElse("");
  }

  /**
   * Starts to copy what comes out, once the shim has opened its ends.
   *
   * @param outputLost called when nobody reads this process's standard output any more
   */
  void startOutput(Runnable outputLost) throws IOException {
    if (stdout.isPresent()) {
      outputs.add(
          copyOutput(
              "stdout", stdout.get(), new FileOutputStream(FileDescriptor.out), outputLost));
    }
    if (stderr.isPresent()) {
      outputs.add(
          copyOutput("stderr", stderr.get(), new FileOutputStream(FileDescriptor.err), () -> {}));
    }
    for (FileChannel channel : held.subList(stdin.isPresent() ? 1 : 0, held.size())) {
      channel.close();
    }
  }

  /**
   * Starts to copy what goes in, once the container runs.
   *
   * @param ended called when all of standard input is in its FIFO
   */
  void startInput(Runnable ended) throws IOException {
    if (stdin.isPresent()) {
      FileChannel fifo = FileChannel.open(stdin.get(), StandardOpenOption.WRITE);
      Thread.ofPlatform().daemon().name("stdin").start(() -> copyInput(fifo, ended));
    }
    release();
  }

  /** From now on a stream ends when the shim ends it. */
  private void release() throws IOException {
    for (FileChannel channel : held) {
      channel.close();
    }
    held.clear();
  }

  private static Thread copyOutput(
      String name, Path fifo, FileOutputStream stream, Runnable lost) throws IOException {
    FileChannel in = FileChannel.open(fifo, StandardOpenOption.READ);
    return Thread.ofPlatform()
        .daemon()
        .name(name)
        .start(
            () -> {
              boolean writing = true;
              ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
              // Not closed: it is this process's own stream.
              WritableByteChannel out = stream.getChannel();
              try (in) {
                while (in.read(buffer) >= 0) {
                  writing = writing && write(buffer.flip(), out, lost);
                  buffer.clear();
                }
              } catch (IOException e) {
                log.debug("{} ended: {}", name, e.toString());
              }
            });
  }

  private static boolean write(ByteBuffer buffer, WritableByteChannel out, Runnable lost) {
    try {
      while (buffer.hasRemaining()) {
        int _ = out.write(buffer);
      }
      return true;
    } catch (IOException e) {
      log.debug("standard output is gone: {}", e.toString());
      lost.run();
      return false;
    }
  }

  private static void copyInput(FileChannel fifo, Runnable ended) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    FileChannel in = new FileInputStream(FileDescriptor.in).getChannel();
    try (fifo) {
      while (in.read(buffer) >= 0) {
        buffer.flip();
        while (buffer.hasRemaining()) {
          int _ = fifo.write(buffer);
        }
        buffer.clear();
      }
    } catch (IOException e) {
      log.debug("the container reads no more: {}", e.toString());
    }
    ended.run();
  }

  /**
   * Waits until all output has been copied.
   *
   * @return whether it has been, within the limit
   */
  boolean awaitOutput(Duration limit) throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    for (Thread output : outputs) {
      if (!output.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())))) {
        return false;
      }
    }
    return true;
  }

  /** Lets the FIFOs be: they belong to a container that goes on. */
  void leave() throws IOException {
    release();
  }

  /** Deletes the FIFOs. */
  @Override
  public void close() throws IOException {
    release();
    for (Path fifo : all()) {
      Files.deleteIfExists(fifo);
    }
    Files.deleteIfExists(directory);
  }
}
