package io.morsel.cli.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/**
 * The FIFOs by which a process in a container has the standard streams that its client gives it.
 * The client makes them, the shim opens their other ends; the names are those that {@code ctr}
 * uses.
 *
 * <p>Until {@link #connected}, this end of each is held open both ways, so that neither side waits
 * for the other when it opens one, and no end of output is seen before there was a beginning. Safe
 * for use by many threads.
 */
public final class Fifos implements AutoCloseable {
  /** Where the directories of FIFOs are made. */
  public static final Path PARENT = Path.of("/run/morsel/fifo");

  private static final int FILE_TYPE = 0170000;
  private static final int FIFO = 0010000;

  private final Optional<Path> directory;
  private final Optional<Path> stdin;
  private final Path stdout;
  private final Optional<Path> stderr;
  private final List<FileChannel> held = new ArrayList<>();
  private final CountDownLatch connected = new CountDownLatch(1);

  private Fifos(
      Optional<Path> directory, Optional<Path> stdin, Path stdout, Optional<Path> stderr) {
    this.directory = directory;
    this.stdin = stdin;
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /**
   * Makes the FIFOs of one process, in a directory of their own below {@link #PARENT}.
   *
   * @param id the container's or process's identifier, for their names
   * @param withInput whether the process gets a standard input
   * @param terminal whether it has a terminal, which brings its standard error on standard output
   */
  public static Fifos create(String id, boolean withInput, boolean terminal) throws IOException {
    Files.createDirectories(PARENT);
    return create(PARENT, id, withInput, terminal);
  }

  static Fifos create(Path parent, String id, boolean withInput, boolean terminal)
      throws IOException {
    Fifos fifos = inNewDirectory(parent, id, withInput, terminal);
    try {
      make(fifos.all());
      return fifos.held();
    } catch (IOException failure) {
      fifos.close();
      throw failure;
    }
  }

  /**
   * Makes the FIFOs of a client that {@link #adopt adopts} them: as {@link #create}, but none is
   * held open, and no program is run for it. Closing this deletes them.
   */
  public static Fifos createFor(String id, boolean withInput, boolean terminal) throws IOException {
    Files.createDirectories(PARENT);
    return createFor(PARENT, id, withInput, terminal);
  }

  static Fifos createFor(Path parent, String id, boolean withInput, boolean terminal)
      throws IOException {
    Fifos fifos = inNewDirectory(parent, id, withInput, terminal);
    boolean made = false;
    try {
      for (Path each : fifos.all()) {
        Libc.mkfifo(each);
      }
      made = true;
      return fifos;
    } finally {
      if (!made) {
        fifos.close();
      }
    }
  }

  private static Fifos inNewDirectory(Path parent, String id, boolean withInput, boolean terminal)
      throws IOException {
    Path directory = Files.createTempDirectory(parent, "");
    return new Fifos(
        Optional.of(directory),
        withInput ? Optional.of(directory.resolve(id + "-stdin")) : Optional.empty(),
        directory.resolve(id + "-stdout"),
        terminal ? Optional.empty() : Optional.of(directory.resolve(id + "-stderr")));
  }

  private Fifos held() throws IOException {
    for (Path each : all()) {
      held.add(FileChannel.open(each, StandardOpenOption.READ, StandardOpenOption.WRITE));
    }
    return this;
  }

  /**
   * By the program of coreutils and BusyBox: to link the first function of the C library takes the
   * virtual machine several times as long, and most commands need no other. Only its owner may open
   * one.
   */
  private static void make(List<Path> fifos) throws IOException {
    List<String> words = new ArrayList<>(List.of("mkfifo", "-m", "600"));
    fifos.forEach(each -> words.add(each.toString()));
    Process program;
    try {
      program = new ProcessBuilder(words).redirectErrorStream(true).start();
    } catch (IOException none) {
      for (Path each : fifos) {
        Libc.mkfifo(each);
      }
      return;
    }
    try (InputStream said = program.getInputStream()) {
      String text = new String(said.readAllBytes(), StandardCharsets.UTF_8).strip();
      if (program.waitFor() != 0) {
        throw new IOException("can't make FIFOs: " + text);
      }
    } catch (InterruptedException e) {
      program.destroy();
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while FIFOs were made");
    }
  }

  /**
   * The FIFOs that another client has made, for a process that runs. Closing this leaves them. They
   * are held open as new ones are, since the process may end meanwhile, and its shim with it.
   *
   * @param stdin standard input's path; none where the process has no input, or none is wanted
   * @param stdout standard output's path
   * @param stderr standard error's path; none where a terminal brings it on standard output
   */
  public static Fifos existing(Optional<Path> stdin, Path stdout, Optional<Path> stderr)
      throws IOException {
    Fifos fifos = new Fifos(Optional.empty(), stdin, stdout, stderr);
    try {
      return fifos.held();
    } catch (IOException failure) {
      fifos.close();
      throw failure;
    }
  }

  /**
   * The FIFOs that were made for this client, in a directory of their own: as if it had made them.
   *
   * @param stdin standard input's path, or nothing
   * @param stdout standard output's path
   * @param stderr standard error's path, or nothing
   */
  public static Fifos adopt(Optional<Path> stdin, Path stdout, Optional<Path> stderr)
      throws IOException {
    Fifos fifos = new Fifos(Optional.ofNullable(stdout.getParent()), stdin, stdout, stderr);
    try {
      return fifos.held();
    } catch (IOException failure) {
      fifos.close();
      throw failure;
    }
  }

  /**
   * A FIFO that a core names as one of a process's streams; empty where that is none, or is gone.
   *
   * @param stream a path, the URI of something else, or nothing
   */
  public static Optional<Path> find(String stream) throws IOException {
    Path path = Path.of(stream.startsWith("/") ? stream : "/");
    boolean usable =
        Files.exists(path)
            && Files.getAttribute(path, "unix:mode") instanceof Integer mode
            && (mode & FILE_TYPE) == FIFO;
    return usable ? Optional.of(path) : Optional.empty();
  }

  /**
   * Deletes the FIFOs that a process had which is gone for good, and the directories that they were
   * alone in, whichever client has made them: as containerd's own clients do it.
   *
   * @param streams what the core has named as the process's streams
   */
  public static void delete(List<String> streams) throws IOException {
    List<Path> fifos = new ArrayList<>();
    for (String stream : streams) {
      find(stream).ifPresent(fifos::add);
    }
    for (Path fifo : fifos) {
      Files.deleteIfExists(fifo);
    }
    for (Path fifo : fifos) {
      try {
        Files.deleteIfExists(fifo.getParent());
      } catch (FileSystemException _) {
        // Somebody has made them in a directory that is there for other things, too.
      }
    }
  }

  /** Standard input's path, as the core is told it; empty where there is none. */
  public String stdin() {
    return stdin.map(Path::toString).orElse("");
  }

  /** Standard output's path. */
  public String stdout() {
    return stdout.toString();
  }

  /** Standard error's path; empty where a terminal brings it on standard output. */
  public String stderr() {
    return stderr.map(Path::toString).orElse("");
  }

  Optional<Path> stdinPath() {
    return stdin;
  }

  Path stdoutPath() {
    return stdout;
  }

  Optional<Path> stderrPath() {
    return stderr;
  }

  private List<Path> all() {
    List<Path> all = new ArrayList<>();
    stdin.ifPresent(all::add);
    all.add(stdout);
    stderr.ifPresent(all::add);
    return all;
  }

  /**
   * The shim has opened its ends, or never will: from now on who reads here sees the end of the
   * output when the last writer has closed it.
   */
  public synchronized void connected() {
    for (FileChannel each : held) {
      try {
        each.close();
      } catch (IOException e) {
        throw new IllegalStateException("the FIFO of " + stdout + " does not close", e);
      }
    }
    held.clear();
    connected.countDown();
  }

  /** Returns once {@link #connected} was called. */
  void awaitConnected() throws InterruptedException {
    connected.await();
  }

  /** Deletes the FIFOs that were made here; who has one open keeps it. */
  @Override
  public void close() throws IOException {
    connected();
    if (directory.isEmpty()) {
      return;
    }
    for (Path each : all()) {
      Files.deleteIfExists(each);
    }
    Files.deleteIfExists(directory.get());
  }
}
