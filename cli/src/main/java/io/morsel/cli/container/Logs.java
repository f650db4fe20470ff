package io.morsel.cli.container;

import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.CommandException;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.tasks.WaitRequest;
import io.morsel.containerd.api.types.Process;
import io.morsel.runtime.container.ContainerLabels;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code morsel logs}: what a container has written, where that went into a file. */
public final class Logs {
  private static final String FILE_SCHEME = "file:";
  private static final int BLOCK_BYTES = 64 << 10;
  private static final Logger log = LoggerFactory.getLogger(Logs.class);

  private final CoreClient client;
  private final OutputStream out;

  /** Logs of the client's containers, copied to {@code out} byte for byte. */
  public Logs(CoreClient client, OutputStream out) {
    this.client = client;
    this.out = out;
  }

  /**
   * Prints a container's log.
   *
   * @param lines how many of its last lines; negative for all
   * @param follow whether to go on with what is written, until the container ends
   */
  public void print(String name, long lines, boolean follow)
      throws CommandException, IOException, InterruptedException {
    Containers containers = new Containers(client);
    Container container = containers.require(name);
    Optional<Process> task = containers.task(container.getId());
    Path file = file(container, task);
    if (!Files.isRegularFile(file)) {
      throw CommandException.failed(
          "the log of container '" + container.getId() + "', " + file + ", is not there");
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      channel.position(lines < 0 ? 0 : lastLines(channel, lines));
      if (follow && task.filter(Containers::isAlive).isPresent()) {
        follow(container.getId(), file, channel);
      } else {
        copy(channel);
      }
    }
  }

  private static Path file(Container container, Optional<Process> task) throws CommandException {
    // The task knows; the label is for when it is deleted already.
    String stdout = task.map(Process::getStdout).orElse("");
    if (stdout.startsWith(FILE_SCHEME)) {
      return Path.of(URI.create(stdout).getPath());
    }
    String label = ContainerLabels.of(container, ContainerLabels.LOG);
    if (!label.isEmpty() && task.isEmpty()) {
      return Path.of(label);
    }
    throw CommandException.failed(
        "container '"
            + container.getId()
            + "' has no log: its output goes "
            + (stdout.isEmpty() ? "nowhere" : "to " + stdout)
            + "; 'morsel run -d' and 'ctr run --log-uri file://…' write one");
  }

  /** Where so many last lines begin. */
  static long lastLines(FileChannel channel, long lines) throws IOException {
    ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
    long end = channel.size();
    // The newline at the end of the last line ends a line and begins none.
    long toFind = lines + 1;
    if (end > 0 && byteAt(channel, end - 1) != '\n') {
      toFind--;
    }
    for (long start = end; start > 0 && toFind > 0; ) {
      int length = (int) Math.min(BLOCK_BYTES, start);
      start -= length;
      block.clear().limit(length);
      while (block.hasRemaining() && channel.read(block, start + block.position()) >= 0) {
        log.trace("{} of {} bytes", block.position(), length);
      }
      for (int i = block.position() - 1; i >= 0; i--) {
        if (block.get(i) == '\n' && --toFind == 0) {
          return start + i + 1;
        }
      }
    }
    return toFind > 0 ? 0 : end;
  }

  private static byte byteAt(FileChannel channel, long position) throws IOException {
    ByteBuffer one = ByteBuffer.allocate(1);
    return channel.read(one, position) == 1 ? one.get(0) : 0;
  }

  /** Waits for changes of the file, and for the container's end, which closes the watch. */
  private void follow(String id, Path file, FileChannel channel)
      throws IOException, InterruptedException {
    Path directory = Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(file);
    try (WatchService watch = directory.getFileSystem().newWatchService()) {
      directory.register(
          watch, StandardWatchEventKinds.ENTRY_MODIFY, StandardWatchEventKinds.ENTRY_CREATE);
      Thread.ofVirtual().name("wait-" + id).start(() -> closeAtEnd(id, watch));
      while (true) {
        copy(channel);
        WatchKey key = watch.take();
        var _ = key.pollEvents();
        key.reset();
      }
    } catch (ClosedWatchServiceException ended) {
      copy(channel);
    }
  }

  private void closeAtEnd(String id, WatchService watch) {
    try {
      var _ = client.waitingTasks().wait(WaitRequest.newBuilder().setContainerId(id).build());
    } catch (StatusException failure) {
      log.debug("container {} is not waited for: {}", id, CoreClient.message(failure));
    }
    try {
      watch.close();
    } catch (IOException failure) {
      log.debug("the watch of container {}'s log: {}", id, failure.getMessage());
    }
  }

  private void copy(FileChannel channel) throws IOException {
    if (channel.size() < channel.position()) {
      // Somebody has emptied it.
      channel.position(0);
    }
    ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
    while (channel.read(block) > 0) {
      out.write(block.array(), 0, block.position());
      block.clear();
    }
    out.flush();
  }
}
