package io.morsel.containerd;

import java.io.IOException;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The name of a server's Unix socket in the filesystem.
 *
 * <p>A socket is bound under a name of its own and renamed once its mode is 0600: nobody else ever
 * sees a socket that may be connected to, and what a dead server left is replaced in one step.
 */
final class SocketFile {
  /** {@code sizeof(sun_path)} in {@code linux/un.h}, less the terminating zero. */
  private static final int MAX_PATH_BYTES = 107;

  private static final Logger log = LoggerFactory.getLogger(SocketFile.class);

  private final Path path;
  private final Path bindPath;
  private @Nullable Object inode;

  private SocketFile(Path path, Path bindPath) {
    this.path = path;
    this.bindPath = bindPath;
  }

  /** Checks that {@code path} is free for a server, and makes its directory. */
  static SocketFile reserve(Path path) throws IOException {
    Path absolute = path.toAbsolutePath().normalize();
    Path directory = absolute.getParent();
    Path name = absolute.getFileName();
    if (directory == null || name == null) {
      throw new IOException("can't listen on " + path + ": it names no file");
    }
    Path bindPath =
        directory.resolve(
            name + "~" + Long.toString(ProcessHandle.current().pid(), Character.MAX_RADIX));
    int bytes = bindPath.toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_PATH_BYTES) {
      throw new IOException(
          "can't listen on socket "
              + path
              + ": the path is "
              + (bytes - MAX_PATH_BYTES)
              + " byte(s) too long for a Unix socket; choose a shorter one");
    }
    Files.createDirectories(
        directory,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
    requireFree(absolute);
    Files.deleteIfExists(bindPath);
    return new SocketFile(absolute, bindPath);
  }

  /** The name to bind to. */
  Path bindPath() {
    return bindPath;
  }

  /** Gives the bound socket its mode and its real name. */
  void publish() throws IOException {
    Files.setPosixFilePermissions(bindPath, PosixFilePermissions.fromString("rw-------"));
    inode = Files.readAttributes(bindPath, BasicFileAttributes.class).fileKey();
    Files.move(bindPath, path, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Removes the socket, unless another server's has taken its place. */
  void remove() {
    try {
      Files.deleteIfExists(bindPath);
      if (inode != null
          && Files.exists(path, LinkOption.NOFOLLOW_LINKS)
          && Objects.equals(
              inode,
              Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                  .fileKey())) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      log.warn("can't remove socket {}: {}", path, e.toString());
    }
  }

  private static void requireFree(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    BasicFileAttributes attributes =
        Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!attributes.isOther()) {
      throw new IOException(
          "can't listen on " + path + ": a file that is not a socket is there; remove it");
    }
    try (SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      throw new IOException(
          "can't listen on socket "
              + path
              + ": another process listens there; stop it or choose another address");
    } catch (SocketException e) {
      log.debug("socket {} is stale: {}", path, e.getMessage());
    }
  }
}
