package io.morsel.ttrpc;

import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
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
 * A listening Unix socket and its name.
 *
 * <p>It is bound under a name of its own and renamed once its mode is 0600: nobody else can connect
 * in between, and what a dead server left is replaced in one step.
 */
final class UnixListener {
  private static final Logger log = LoggerFactory.getLogger(UnixListener.class);

  private final ServerSocketChannel channel;
  private final @Nullable Path path;
  private final @Nullable Object inode;

  private UnixListener(ServerSocketChannel channel, @Nullable Path path, @Nullable Object inode) {
    this.channel = channel;
    this.path = path;
    this.inode = inode;
  }

  static UnixListener of(ServerSocketChannel bound) {
    return new UnixListener(bound, null, null);
  }

  static UnixListener bind(Path socket) throws IOException {
    requireFree(socket);
    Path bindPath =
        socket.resolveSibling(
            socket.getFileName()
                + "~"
                + Long.toString(ProcessHandle.current().pid(), Character.MAX_RADIX));
    ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      Files.deleteIfExists(bindPath);
      channel.bind(UnixDomainSocketAddress.of(bindPath));
      Files.setPosixFilePermissions(bindPath, PosixFilePermissions.fromString("rw-------"));
      Object inode = inode(bindPath);
      Files.move(bindPath, socket, StandardCopyOption.ATOMIC_MOVE);
      return new UnixListener(channel, socket, inode);
    } catch (IOException e) {
      channel.close();
      Files.deleteIfExists(bindPath);
      throw new IOException("can't listen on socket " + socket + ": " + e.getMessage(), e);
    }
  }

  SocketChannel accept() throws IOException {
    return channel.accept();
  }

  /** Listens no more, and removes the socket unless another server's has taken its place. */
  void close() {
    try {
      channel.close();
      if (path != null
          && Files.exists(path, LinkOption.NOFOLLOW_LINKS)
          && Objects.equals(inode, inode(path))) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      log.warn("can't remove socket {}: {}", path, e.toString());
    }
  }

  private static @Nullable Object inode(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .fileKey();
  }

  private static void requireFree(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .isOther()) {
      throw new IOException(
          "can't listen on " + path + ": a file that is not a socket is there; remove it");
    }
    try (SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      throw new IOException(
          "can't listen on socket "
              + path
              + ": another process listens there; stop it or choose another path");
    } catch (SocketException e) {
      log.debug("socket {} is stale: {}", path, e.getMessage());
    }
  }

  @Override
  public String toString() {
    return "ttrpc server" + (path == null ? "" : " on " + path);
  }
}
